/** The mechanisms of administration; see mutations.mjs. */

const administrationTests = 'tests/e2e/administration.test.ts';
const adminTests = 'services/api/tests/admin.test.ts';
const rehearsalTests = 'tests/e2e/rehearsals.test.ts';
const sandbox = 'services/api/src/modules/rehearsals/sandbox.ts';
const chainTests = 'shared/feed/tests/audit-chain.test.ts';
const roles = 'services/api/src/modules/identity/roles.ts';

/** @type {import('./mutations.mjs').Mutation[]} */
export const administrationMutations = [
  {
    name: 'audit-transaction',
    mechanism: 'an entry of the audit log is part of the transaction that it tells of',
    invariant: 1,
    edits: [
      {
        file: 'shared/feed/src/audit.ts',
        search: 'insertMany(documents, { session })',
        replace: 'insertMany(documents)',
      },
    ],
    testFile: chainTests,
    test: 'is gone with its transaction, mark and all',
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
        replace: "if (found.length > batchSize) tx.emit('transactions-recorded'",
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
  {
    name: 'rehearsal-events',
    mechanism: 'a rehearsal tells nobody anything',
    invariant: 6,
    edits: [{ file: sandbox, search: 'createUnitOfWork({ mongo: own,', replace: 'createUnitOfWork({ mongo,' }],
    testFile: rehearsalTests,
    test: 'made-up events, disturbed in every way, come to what they come to in order, and touch nothing real',
  },
  {
    name: 'rehearsal-money',
    mechanism: 'a rehearsal moves no real money',
    invariant: 5,
    edits: [
      { file: sandbox, search: 'const wallet = walletModule(context);', replace: 'const wallet = walletModule({ ...context, mongo });' },
    ],
    testFile: rehearsalTests,
    test: 'made-up events, disturbed in every way, come to what they come to in order, and touch nothing real',
  },
  {
    name: 'rehearsal-dropped',
    mechanism: 'nothing is left of a rehearsal',
    invariant: 6,
    edits: [{ file: sandbox, search: 'await db.dropDatabase();', replace: '' }],
    testFile: rehearsalTests,
    test: 'leaves no database behind, and is in the audit log',
  },
  {
    name: 'roles-live',
    mechanism: 'what a role let somebody see ends with it, on live connections',
    invariant: 6,
    edits: [
      {
        file: roles,
        search: "tx.emit('access-changed', { feeds: changedFeeds(user.roles, roles), reason: 'roles-changed' }, { userId });",
        replace: 'void changedFeeds;',
      },
    ],
    testFile: administrationTests,
    test: 'a role that is taken away ends what it let somebody see, on the live connection',
  },
  {
    name: 'adjustment-audit',
    mechanism: 'no balance is adjusted without a trace',
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/modules/admin/users.service.ts',
        search: 'await tx.audit({',
        replace: 'void ({',
      },
    ],
    testFile: adminTests,
    test: 'give and take, tell the user and the administrators, and are audited',
  },
  {
    name: 'four-eyes',
    mechanism: 'nobody decides their own matter where there is another administrator',
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/modules/identity/four-eyes.ts',
        search: 'if (!own) return {};',
        replace: 'if (users) return {};',
      },
    ],
    testFile: 'services/api/tests/four-eyes.test.ts',
    test: 'nobody assigns a payment to themselves, a superadmin neither',
  },
  {
    name: 'dismiss-four-eyes',
    mechanism: 'nobody dismisses what a provider says of their own payment',
    invariant: 5,
    edits: [{ file: 'services/api/src/modules/webhooks/deliveries.ts', search: 'own: payer === caller.userId', replace: 'own: false' }],
    testFile: 'services/api/tests/four-eyes.test.ts',
    test: 'nobody dismisses what their bank has taken back',
  },
  {
    name: 'payout-four-eyes',
    mechanism: 'a payout is accepted by another than one who asked for it',
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/modules/payouts/payouts.service.ts',
        search: 'payout.requestedBy === caller.userId ||',
        replace: '',
      },
    ],
    testFile: 'services/api/src/modules/payouts/payouts.service.test.ts',
    test: 'who asked for it, or is a member, does not accept it, and may take it back',
  },
  {
    name: 'adjustment-limit',
    mechanism: 'what is adjusted in parts counts as a whole against the limit',
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/modules/admin/adjustment-limit.ts',
        search: '(before?.moved ?? 0) + Math.abs(amount) > limit',
        replace: 'Math.abs(before ? amount : amount) > limit',
      },
    ],
    testFile: 'services/api/tests/four-eyes.test.ts',
    test: 'what a user is given and taken in a day above the limit is for a superadmin, asked for in parts too',
  },
  {
    name: 'own-limits',
    mechanism: 'what reads much, and rehearsals, have a tighter limit of their own',
    invariant: 6,
    edits: [{ file: 'services/api/src/http/router.ts', search: 'if (binding.limit)', replace: 'if (binding.limit && !caller)' }],
    testFile: 'services/api/tests/http.test.ts',
    test: 'are tighter for what reads much and for rehearsals, by user and route',
  },
  {
    name: 'rehearsal-size',
    mechanism: 'a rehearsal answers with what its events are about alone',
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/modules/rehearsals/opening.ts',
        search: '.filter(({ _id }) => ofEvents.has(_id))',
        replace: '',
      },
      {
        file: 'services/api/src/modules/rehearsals/rehearse.ts',
        search: 'topUp.id === opening.named.get(event.name) ||',
        replace: 'topUp.id ||',
      },
    ],
    testFile: rehearsalTests,
    test: 'shows of what the user has and of what was sent no more than the events are about',
  },
  {
    name: 'audited-looks',
    mechanism: 'what administrators read of a merchant is in the audit log',
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/modules/merchants/members.ts',
        search: 'if (!isMember(who, merchantId)) await auditRead',
        replace: 'if (who.roles.length === 0) await auditRead',
      },
    ],
    testFile: 'services/api/tests/looks.test.ts',
    test: "an administrator's look at what is a merchant's own is in the audit log, a member's is not",
  },
  {
    name: 'masked-logs',
    mechanism: 'no secret reaches a log',
    invariant: 6,
    edits: [{ file: 'shared/platform/src/mask.ts', search: 'isSecret(name, item) ? masked :', replace: '!isSecret ? masked :' }],
    testFile: 'shared/platform/src/logger.test.ts',
    test: 'every header of a request that is a secret is masked',
  },
  {
    name: 'transfers-of-replicas',
    mechanism: 'administrators are told of a transfer once',
    invariant: 4,
    edits: [
      {
        file: 'services/api/src/modules/wallet/transaction-feed.ts',
        search: '{ $unset: { untold: 1 } }, { session: tx.session }',
        replace: '{ $unset: { untold: 1 } }',
      },
    ],
    testFile: 'services/api/src/modules/wallet/wallet.service.test.ts',
    test: 'administrators are told of each transfer once, by however many replicas',
  },
];
