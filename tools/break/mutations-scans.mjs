const folder = 'services/api/src/modules/scans';
const service = `${folder}/scans.service.ts`;
const earnings = `${folder}/order-earnings.ts`;
const scanTests = `${folder}/scans.service.test.ts`;
const limitTests = `${folder}/scan-limits.test.ts`;
const orderTests = `${folder}/order-earnings.test.ts`;

/** Of what earns points: scans, orders, and their limits. @type {import('./mutations.mjs').Mutation[]} */
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
    name: 'order-award-left',
    mechanism: 'of an award of which a part went back a hand takes the rest',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/loyalty/points.service.ts',
        search: 'const left = await leftOf(tx, entry);',
        replace: 'const left = entry.delta; void leftOf;',
      },
    ],
    testFile: orderTests,
    test: 'leaves the rest of an award, which a member may take back by hand, and no more',
  },
  {
    name: 'older-rules',
    mechanism: 'a start notes that orders earn by programs older than the note',
    invariant: 4,
    edits: [
      {
        file: 'services/api/src/modules/loyalty/programs.service.ts',
        search: 'of await merchants.withoutOrdersEarn(ids))',
        replace: 'of ids.slice(ids.length))',
      },
    ],
    testFile: orderTests,
    test: 'is followed where the programs are older than the note of it: a start makes up for them',
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
    name: 'order-earned-once',
    mechanism: 'an order gives once',
    invariant: 5,
    edits: [{ file: earnings, search: 'if (isNew && entries.length === 0)', replace: 'if (isNew)' }],
    testFile: orderTests,
    test: 'earns once, however often the job is done',
  },
  {
    name: 'order-earned-when-paid',
    mechanism: 'an order gives when it was paid, and not to who joins later',
    invariant: 6,
    // Two look at it: a job that is not the order's first gives nothing, and a card that is younger than the order gets nothing.
    edits: [
      { file: earnings, search: 'if (isNew && entries.length === 0)', replace: 'if (entries.length === 0)' },
      { file: earnings, search: ' || (card.openedAt ?? card.createdAt) > order.createdAt', replace: '' },
    ],
    testFile: orderTests,
    test: 'earns in each program in which the customer is, and in none that was joined later',
  },
  {
    name: 'order-points-back',
    mechanism: 'what goes back of the price takes its points back',
    invariant: 5,
    edits: [{ file: earnings, search: 'if (sumOf(given) > target) await takeBack(tx, place, order, given, target);', replace: '' }],
    testFile: orderTests,
    test: 'takes its points back: for a part the share, for all the rest, and of the tier too',
  },
  {
    name: 'order-terms',
    mechanism: 'the rules by which an order earned say what stays',
    invariant: 5,
    edits: [
      {
        file: earnings,
        search: 'targetOf(entries.find(({ terms }) => terms)?.terms ?? place.program,',
        replace: 'targetOf(place.program,',
      },
    ],
    testFile: orderTests,
    test: 'takes them back by the rules by which they were earned, whatever the program says by then',
  },
  {
    name: 'order-points-covered',
    mechanism: 'no more is taken back than the card has',
    invariant: 5,
    edits: [{ file: earnings, search: 'const taken = Math.min(more, card.balance);', replace: 'const taken = more;' }],
    testFile: orderTests,
    test: 'takes no more than the card has, and what is missing is not taken of later points',
  },
  {
    name: 'programs-take-turns',
    mechanism: 'of two programs that change at once, one sees what the other does to orders',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/merchants/merchants.service.ts',
        search: '{ $set: { ordersEarn: earn }, $inc: { programsVersion: 1 } }',
        replace: '{ $set: { ordersEarn: earn } }',
      },
    ],
    testFile: orderTests,
    test: 'is followed also when one program begins to earn while another ends',
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
  {
    name: 'order-late-job',
    mechanism: 'who joins behind an order earns nothing by it',
    invariant: 5,
    edits: [{ file: earnings, search: ' || (card.openedAt ?? card.createdAt) > order.createdAt', replace: '' }],
    testFile: orderTests,
    test: 'earns nothing for who joined behind it, though the job was late',
  },
  {
    name: 'order-rejoined-job',
    mechanism: 'who was gone when they paid earns nothing by it when they are back',
    invariant: 5,
    edits: [{ file: earnings, search: '(card.openedAt ?? card.createdAt) >', replace: 'card.createdAt >' }],
    testFile: orderTests,
    test: 'gives nothing for an order of who was gone then, though the card is older and the job late',
  },
  {
    name: 'order-points-back-left',
    mechanism: 'nobody keeps the points of a refunded order by leaving and joining again',
    invariant: 5,
    edits: [
      {
        file: earnings,
        search: 'if (sumOf(given) > target) await takeBack',
        replace: "if (sumOf(given) > target && place.card.status === 'active') await takeBack",
      },
    ],
    testFile: orderTests,
    test: 'takes its points back also of who has left, so that nobody keeps them by leaving and joining again',
  },
  {
    name: 'points-quiet-read',
    mechanism: 'a business reads nothing of what moved while its customer was gone',
    invariant: 1,
    edits: [{ file: 'services/api/src/modules/loyalty/points.service.ts', search: 'isOwn ? {} : { quiet: { $ne: true } }', replace: '{}' }],
    testFile: 'services/api/src/modules/enrollments/left.test.ts',
    test: 'from one of two programs takes those points out of the business’s list, and their end does not change it behind its back',
  },
  {
    name: 'order-points-back-held',
    mechanism: 'nobody keeps the points of a refunded order by setting them aside meanwhile',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/loyalty/holds.ts',
        search: 'return takeOwed(tx, parts, { ...place, card: changed }, held.cost);',
        replace: 'return changed;',
      },
    ],
    testFile: orderTests,
    test: 'takes them also of what was set aside for a reward, when it comes back; what was handed out is forgotten',
  },
  {
    name: 'cap-denied',
    mechanism: 'what was denied does not count for the cap of the day',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/loyalty/points.ts',
        search: 'earned ? await cards.change(tx, card, { earned }) : card',
        replace: 'earned ? card : card',
      },
    ],
    testFile: orderTests,
    test: 'what is denied, taken back by hand or goes back with the price counts no more for the cap of the day',
  },
  {
    name: 'order-question',
    mechanism: 'points that wait and are denied with the price take their buttons along',
    invariant: 7,
    edits: [
      {
        file: earnings,
        search: "(await points.deny(tx, current, entry, 'withdraw')).card",
        replace: "(await points.mark(tx, current.card, entry, 'pending', 'denied')) && current.card",
      },
    ],
    testFile: orderTests,
    test: 'ends what waits, and the rest of it waits anew',
  },
  {
    name: 'order-fits',
    mechanism: 'an order gives nothing where too much waits for the customer',
    invariant: 5,
    edits: [{ file: earnings, search: ' && (await points.fits(tx, place, delta))', replace: '' }],
    testFile: orderTests,
    test: 'gives nothing where too much waits for the customer already',
  },
];
