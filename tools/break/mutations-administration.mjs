/** The mechanisms of administration; see mutations.mjs. */

const administrationTests = 'tests/e2e/administration.test.ts';
const adminTests = 'services/api/tests/admin.test.ts';

/** @type {import('./mutations.mjs').Mutation[]} */
export const administrationMutations = [
  {
    name: 'audit-transaction',
    mechanism: 'an entry of the audit log is part of the transaction that it tells of',
    invariant: 1,
    edits: [
      {
        file: 'shared/feed/src/audit.ts',
        search: 'session ? { session } : {}',
        replace: 'session ? {} : {}',
      },
    ],
    testFile: adminTests,
    test: 'an entry is part of the transaction of what it tells of',
  },
  {
    name: 'last-superadmin',
    mechanism: 'two superadmins who depose each other meet on one document',
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/modules/identity/roles.ts',
        search: 'if (matchedCount === 0)',
        replace: 'if (matchedCount < 0)',
      },
    ],
    testFile: adminTests,
    test: 'two superadmins who depose each other at once leave one',
  },
  {
    name: 'transactions-told-once',
    mechanism: 'a transfer loses its mark with the event that tells of it',
    invariant: 7,
    edits: [
      {
        file: 'services/api/src/modules/wallet/transaction-feed.ts',
        search: "tx.emit('transactions-recorded'",
        replace: "if (found.length > 1) tx.emit('transactions-recorded'",
      },
    ],
    testFile: administrationTests,
    test: 'the live list of administrators is the one that is fetched, with any filter, and each transfer is told once',
  },
  {
    name: 'notice-claim',
    mechanism: 'a notice is claimed by its status, so that what was called off is not told and what was told is not told again',
    invariant: 4,
    edits: [
      {
        file: 'services/api/src/modules/admin/notices.service.ts',
        search: '{ ...filter, status: { $in: from } }',
        replace: '{ ...filter, ...(from.length > 9 ? { status: { $in: from } } : {}) }',
      },
    ],
    testFile: administrationTests,
    test: 'a scheduled one is told at its time, once, and one that was called off never',
  },
  {
    name: 'retry-of-failed',
    mechanism: 'only a job that has failed begins anew',
    invariant: 4,
    edits: [
      {
        file: 'shared/platform/src/jobs.ts',
        search: "findOneAndUpdate({ _id: key, state: 'failed' }, { $set: anew }",
        replace: 'findOneAndUpdate({ _id: key }, { $set: anew }',
      },
    ],
    testFile: administrationTests,
    test: 'show what waits, and a job that has failed begins anew when it is asked to',
  },
];
