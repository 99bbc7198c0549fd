const identityTests = 'services/api/tests/identity.test.ts';
const httpTests = 'services/api/tests/http.test.ts';
const idempotencyTests = 'services/api/src/http/idempotency.test.ts';
const sessions = 'services/api/src/modules/identity/sessions.ts';
const idempotency = 'services/api/src/http/idempotency.ts';

/** Of requests and the sessions behind them. @type {import('./mutations.mjs').Mutation[]} */
export const requestMutations = [
  {
    name: 'session-in-api',
    mechanism: 'each request checks the session, not just the token',
    invariant: 6,
    edits: [{ file: 'shared/feed/src/access.ts', search: 'session.revokedAt ||', replace: '' }],
    testFile: identityTests,
    test: 'logging out ends the session at once',
  },
  {
    name: 'refresh-grace',
    mechanism: 'the refresh token before the newest is good for a moment only',
    invariant: 6,
    edits: [{ file: sessions, search: 'const graceMs = 30_000;', replace: 'const graceMs = 3_600_000;' }],
    testFile: identityTests,
    test: 'so does the one before the newest, once there was time to hear of the newest',
  },
  {
    name: 'refresh-lost-answer',
    mechanism: 'whoever lost the answer of a refresh asks again',
    invariant: 6,
    edits: [{ file: sessions, search: 'const graceMs = 30_000;', replace: 'const graceMs = 0;' }],
    testFile: identityTests,
    test: 'whoever lost the answer asks again and gets another one',
  },
  {
    name: 'idempotency-transaction',
    mechanism: 'the record of a key is written with the change',
    invariant: 5,
    edits: [
      {
        file: idempotency,
        search: 'await records.insertOne({ _id: recordId, bodyHash, status, body: text, events, expiresAt }, { session: tx.session });',
        replace: 'await records.insertOne({ _id: recordId, bodyHash, status, body: text, events, expiresAt });',
      },
    ],
    testFile: idempotencyTests,
    test: 'a record that is rolled back with its change leaves the key free',
  },
  {
    name: 'idempotency-first',
    mechanism: 'a request that fails for what its equal did gets the answer of that one',
    invariant: 5,
    edits: [{ file: idempotency, search: 'if (!looksFirst && !isTransient(error)) await assertFirst(tx);', replace: '' }],
    testFile: idempotencyTests,
    test: 'a refusal for what the equal request has spent is answered as that one was',
  },
  {
    name: 'idempotency-record',
    mechanism: 'a key that was used gets its first answer',
    invariant: 5,
    edits: [
      {
        file: idempotency,
        search: "sha256(JSON.stringify([caller ?? 'public', route, key]))",
        replace: "sha256(JSON.stringify([caller ?? 'public', route, key, Math.random()]))",
      },
    ],
    testFile: httpTests,
    test: 'at once, eight requests with one key make one change and get one answer',
  },
  {
    name: 'members-turns',
    mechanism: "changes of a merchant's members take turns",
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/modules/merchants/members.ts',
        search: '{ $inc: { membersVersion: 1 } },\n      { session: tx.session },',
        replace: '{ $inc: { membersVersion: 1 } },',
      },
    ],
    testFile: 'services/api/src/modules/merchants/merchants.service.test.ts',
    test: 'stays, whether two remove each other at once or leave at once',
  },
];
