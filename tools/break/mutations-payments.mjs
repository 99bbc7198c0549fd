const refunds = 'services/api/src/modules/wallet/refunds.ts';
const pending = 'services/api/src/modules/wallet/pending-refunds.ts';
const topUps = 'services/api/src/modules/wallet/top-ups.ts';
const refundTests = 'services/api/src/modules/wallet/refunds.test.ts';

/** @type {import('./mutations.mjs').Mutation[]} */
export const paymentMutations = [
  {
    name: 'refund-by-admin-told',
    mechanism: 'a merchant is told of what an administrator gives back of its money',
    invariant: 7,
    edits: [
      {
        file: 'services/api/src/modules/payments/payment-request-steps.ts',
        search: 'merchantId: vendorId, ...(byAdmin ? { byAdmin } : {}) },',
        replace: 'merchantId: vendorId },',
      },
    ],
    testFile: 'tests/e2e/refunds.test.ts',
    test: 'what an administrator gives back is told to the merchant, by its feed and a notification; what a member does, by the feed',
  },
  {
    name: 'dispute-version',
    mechanism: 'a dispute that is decided has a higher version',
    invariant: 7,
    edits: [
      {
        file: 'services/api/src/modules/wallet/disputes.ts',
        search: 'version: opened.version + 1,',
        replace: 'version: opened.version,',
      },
    ],
    testFile: 'tests/e2e/disputes.test.ts',
    test: 'administrators see each dispute as a fresh list shows it, and the customer sees what is frozen and why',
  },
  {
    name: 'refund-hold',
    mechanism: 'what goes back through a provider is set aside first',
    invariant: 5,
    edits: [{ file: refunds, search: 'await pending.hold(tx, refund);', replace: '' }],
    testFile: refundTests,
    test: 'the amount is set aside at once, and gone when the provider has done it',
  },
  {
    name: 'refund-webhook-share',
    mechanism: 'a provider’s webhook books of what its refund has set aside',
    invariant: 5,
    edits: [
      {
        file: topUps,
        search: 'await pending.take(tx, topUp._id, amount, refundId)',
        replace: 'refundId ? await pending.take(tx, topUp._id, amount, refundId) : []',
      },
    ],
    testFile: refundTests,
    test: 'the webhook before and after the answer books the money once',
  },
  {
    name: 'refund-rest-held',
    mechanism: 'a refund that is booked in part keeps the rest set aside',
    invariant: 5,
    edits: [{ file: pending, search: 'if (after.settled < after.amount) await hold(tx, after);', replace: '' }],
    testFile: refundTests,
    test: 'what somebody gives back on the provider’s own pages meanwhile comes to the same sum',
  },
  {
    name: 'refund-one-at-a-time',
    mechanism: 'one refund of a top-up is at its provider at a time',
    invariant: 5,
    edits: [{ file: refunds, search: 'if (!before) await ask(tx, refund);', replace: 'if (before !== refund) await ask(tx, refund);' }],
    testFile: refundTests,
    test: 'of several, one is at the provider at a time: one that is refused costs nothing, whatever the others’ webhook says',
  },
  {
    name: 'refund-promised',
    mechanism: 'pending refunds count as given back',
    invariant: 5,
    edits: [{ file: refunds, search: 'topUp.refunded + (await pending.promised(tx, id))', replace: 'topUp.refunded' }],
    testFile: refundTests,
    test: 'ten at once promise no more than was paid',
  },
  {
    name: 'refund-limit',
    mechanism: 'the limit counts all refunds of a payment',
    invariant: 6,
    edits: [{ file: refunds, search: 'allow(given + amount);', replace: 'allow(amount);' }],
    testFile: refundTests,
    test: 'above the limit only a superadmin gives back, also in parts',
  },
  {
    name: 'clockwork-successor',
    mechanism: 'a periodic job adds its successor before its work',
    invariant: 4,
    edits: [
      {
        file: 'services/api/src/periodic.ts',
        search:
          'await add(Math.max(period + 1, newest(Date.now()) + 1 - madeUpFor)); await work({ from: new Date(period * periodMs), to: new Date((period + 1) * periodMs) });',
        replace:
          'await work({ from: new Date(period * periodMs), to: new Date((period + 1) * periodMs) }); await add(Math.max(period + 1, newest(Date.now()) + 1 - madeUpFor));',
      },
    ],
    testFile: 'services/api/src/modules/ledger-watch/ledger-watch.test.ts',
    test: 'one that fails does not end the chain',
  },
  {
    name: 'reconciliation-attempt',
    mechanism: 'what a go that died has found does not count',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/reconciliation/reconciliation.service.ts',
        search: 'await differences.deleteMany({ reconciliationId, attempt: { $ne: attempt } }, { session });',
        replace: '',
      },
    ],
    testFile: 'services/api/src/modules/reconciliation/reconciliation.test.ts',
    test: 'a go that died half way leaves nothing of it in the report',
  },
  {
    name: 'reconciliation-day',
    mechanism: 'a day is compared under a name of its own',
    invariant: 4,
    edits: [
      {
        file: 'services/api/src/modules/reconciliation/reconciliation.service.ts',
        search: 'const id = `${provider}-${from.toISOString().slice(0, 10)}`;',
        replace: 'const id = newId();',
      },
    ],
    testFile: 'services/api/src/modules/reconciliation/reconciliation.test.ts',
    test: 'the day is compared once, however many replicas come to it',
  },
];
