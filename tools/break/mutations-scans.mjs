const folder = 'services/api/src/modules/scans';
const service = `${folder}/scans.service.ts`;
const scanTests = `${folder}/scans.service.test.ts`;
const limitTests = `${folder}/scan-limits.test.ts`;

/** Of scans, and the limits of what gives points. @type {import('./mutations.mjs').Mutation[]} */
export const scanMutations = [
  {
    name: 'scan-replayed',
    mechanism: 'a code serves a business once',
    invariant: 6,
    edits: [{ file: service, search: "if (!(await spend(tx, merchantId, code))) throw new Problem('code-used');", replace: '' }],
    testFile: scanTests,
    test: 'serves each business once, and is refused when it is replayed',
  },
  {
    name: 'scan-code-time',
    mechanism: "a customer's code is void after a minute",
    invariant: 6,
    edits: [{ file: 'services/api/src/codes/codes.ts', search: 'userCodeValidMs = 60_000', replace: 'userCodeValidMs = 300_000' }],
    testFile: scanTests,
    test: 'serves each business once, and is refused when it is replayed',
  },
  {
    name: 'scan-repeated',
    mechanism: 'two scans within ten seconds are one',
    invariant: 5,
    edits: [{ file: service, search: '< repeatMs)', replace: '< 0)' }],
    testFile: scanTests,
    test: 'scanned twice within ten seconds counts once, whatever code is shown then',
  },
  {
    name: 'scan-turns',
    mechanism: 'two cashiers at once meet at one document',
    invariant: 5,
    edits: [
      {
        file: service,
        search: 'updateOne({ _id: pair }, { $set: { scanId, at: tx.now } }',
        replace: 'updateOne({ _id: scanId }, { $set: { scanId, at: tx.now } }',
      },
    ],
    testFile: scanTests,
    test: 'scanned by ten cashiers at once counts once, for all of them',
  },
  {
    name: 'scan-own-code',
    mechanism: 'nobody scans themselves',
    invariant: 6,
    edits: [{ file: service, search: "if (code.userId === caller.userId) throw new Problem('own-code');", replace: '' }],
    testFile: scanTests,
    test: 'that is forged, of another installation, of another kind, one’s own, or of nobody is refused by its own error',
  },
  {
    name: 'scan-open-business',
    mechanism: 'a business that is not active scans nobody',
    invariant: 6,
    edits: [{ file: service, search: 'assertTrading(merchant);', replace: '' }],
    testFile: scanTests,
    test: 'members, for a business that is active and has a program that is',
  },
  {
    name: 'scan-cap',
    mechanism: "what visits earn counts against the day's cap",
    invariant: 5,
    edits: [{ file: 'services/api/src/modules/loyalty/visits.ts', search: 'card: { ...visited, earned }', replace: 'card: visited' }],
    testFile: scanTests,
    test: 'gives no more on a day than the cap lets through, and the visits count on',
  },
  {
    name: 'scan-log-private',
    mechanism: 'the line of the log is left out of the customer’s feed',
    invariant: 6,
    edits: [{ file: 'shared/contracts/src/loyalty/events.ts', search: "omit: ['scan']", replace: 'omit: []' }],
    testFile: scanTests,
    test: 'of somebody unknown asks them, and gives nothing before they agree',
  },
  {
    name: 'scan-told-first',
    mechanism: 'what comes of a scan is told behind it',
    invariant: 2,
    edits: [{ file: `${folder}/held-back.ts`, search: 'waiting.push(() => void tx.emit(...event));', replace: 'tx.emit(...event);' }],
    testFile: scanTests,
    test: 'of a friend counts the visit and gives points, and both sides are told in this order',
  },
  {
    name: 'card-renewed',
    mechanism: 'a printed card is void when it was renewed',
    invariant: 6,
    edits: [{ file: `${folder}/static-cards.ts`, search: 'exists({ _id: userId, serial })', replace: 'exists({ _id: userId })' }],
    testFile: scanTests,
    test: 'is the same until it is renewed, is scanned like a code again and again, and then is void',
  },
  {
    name: 'scan-limits',
    mechanism: 'a business scans a customer, and all of them, so often',
    invariant: 6,
    edits: [
      { file: `${folder}/scan-limits.ts`, search: 'const oldest = near[perMinute - from];', replace: 'const oldest = near[perMinute];' },
    ],
    testFile: limitTests,
    test: 'past the limit of a minute are refused, whoever is scanned; another business goes on',
  },
  {
    name: 'scan-limit-turns',
    mechanism: 'near to the limit of a business its scans take turns',
    invariant: 6,
    edits: [
      {
        file: `${folder}/scan-limits.ts`,
        search: 'if (from > 1 && near.length === 0) return async () => {};',
        replace: 'return async () => {};',
      },
    ],
    testFile: limitTests,
    test: 'at once are as many as the limit lets through, and no more',
  },
  {
    name: 'points-by-hand-turns',
    mechanism: 'awards near to the limit of a day meet',
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/modules/loyalty/hand-points.ts',
        search: 'const meets = given + atOnce * points > parts.perDay;',
        replace: 'const meets = parts.perDay < 0;',
      },
    ],
    testFile: limitTests,
    test: 'at once by many members come to no more than the limit',
  },
  {
    name: 'visit-of-request',
    mechanism: 'who agrees has the visit of the scan that asked',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/enrollments/enrollment-steps.ts',
        search: 'if (enrollment.visit) await visits.count(tx, await places.of(tx, card), enrollment.visit);',
        replace: 'void places; void visits;',
      },
    ],
    testFile: scanTests,
    test: 'of somebody who then agrees counts, once and with its hour, however often it was asked',
  },
  {
    name: 'visit-of-request-first',
    mechanism: 'scans that wait for one answer are one visit, the first',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/enrollments/enrollments.service.ts',
        search: 'if (visit && !last.visit)',
        replace: 'if (visit)',
      },
    ],
    testFile: scanTests,
    test: 'of somebody who then agrees counts, once and with its hour, however often it was asked',
  },
  {
    name: 'award-refused-trace',
    mechanism: 'an award that is refused is not in the audit log',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/loyalty/points.service.ts',
        search: 'assertMember(caller, card.merchantId);',
        replace: "await assertMayChange(tx, caller, card.merchantId, { action: 'points.change' });",
      },
    ],
    testFile: 'services/api/src/modules/scans/scan-limits.test.ts',
    test: 'past the limit leave no trace of an award by an administrator',
  },
  {
    name: 'points-by-hand-limit',
    mechanism: 'a business gives so many points by hand in a day',
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/modules/loyalty/hand-points.ts',
        search: 'if (given + points > parts.perDay)',
        replace: 'if (points > parts.perDay)',
      },
    ],
    testFile: limitTests,
    test: 'past the limit of the merchant’s day are refused, over all members; deductions are not',
  },
  {
    name: 'fraud-alert-once',
    mechanism: 'administrators hear once of a window',
    invariant: 5,
    edits: [
      { file: 'services/api/src/modules/loyalty/fraud-alerts.ts', search: 'if (upsertedCount > 0)', replace: 'if (upsertedCount >= 0)' },
    ],
    testFile: limitTests,
    test: 'past the limit are refused with a time, and administrators hear of it once an hour',
  },
  {
    name: 'refusal-not-kept',
    mechanism: 'what may be tried again later is not kept under its key',
    invariant: 4,
    edits: [
      {
        file: 'services/api/src/http/router.ts',
        search: 'if (request && !(outcome instanceof Problem && mayRetry(outcome)))',
        replace: 'if (request)',
      },
    ],
    testFile: 'tests/e2e/scans.test.ts',
    test: 'a scan that may be tried again later is not kept under its key, and says when',
  },
  {
    name: 'scan-log-walked',
    mechanism: 'a page of the log is read from its cursor on',
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/http/ordered.ts',
        search: 'key ? partsBehind(model, order, key[1], key[2]) : [{}]',
        replace: 'key ? [{ $or: partsBehind(model, order, key[1], key[2]) }] : [{}]',
      },
    ],
    testFile: `${folder}/scan-log.test.ts`,
    test: 'each page is read in the order of an index, and no more than the page',
  },
];
