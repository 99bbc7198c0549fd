const refunds = 'services/api/src/modules/wallet/refunds.ts';
const pending = 'services/api/src/modules/wallet/pending-refunds.ts';
const topUpRefunds = 'services/api/src/modules/wallet/top-up-refunds.ts';
const debts = 'services/api/src/modules/wallet/debts.ts';
const failedTests = 'services/api/src/modules/wallet/failed-refunds.test.ts';
const debtTests = 'services/api/src/modules/wallet/debts.test.ts';
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
        file: topUpRefunds,
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
    edits: [
      {
        file: refunds,
        search: 'if (!before) await pending.ask(tx, refund);',
        replace: 'if (before !== refund) await pending.ask(tx, refund);',
      },
    ],
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
    name: 'refund-failed-once',
    mechanism: 'a refund that failed brings its money back once',
    invariant: 5,
    edits: [{ file: topUpRefunds, search: 'known.some(({ ref }) => ref === refundRef)', replace: 'known.some(() => amount < 0)' }],
    testFile: failedTests,
    test: 'the money comes back into the wallet, once, however often and in how many words it is told',
  },
  {
    name: 'refund-failed-order',
    mechanism: 'sums of refunds are read with what had failed by then',
    invariant: 5,
    edits: [
      {
        file: topUpRefunds,
        search: '(before && at >= before ? sum : sum + amount)',
        replace: '(before && at < before ? sum : sum + amount)',
      },
    ],
    testFile: failedTests,
    test: 'whatever the order of the news, the last balance is the same',
  },
  {
    name: 'refund-failed-late',
    mechanism: 'the newest sum is read again when an older failure comes late',
    invariant: 5,
    edits: [{ file: topUpRefunds, search: 'if (after.reported) await book(', replace: 'if (after.reported && amount < 0) await book(' }],
    testFile: failedTests,
    test: 'whatever the order of the news, the last balance is the same',
  },
  {
    name: 'refund-failed-unbooked',
    mechanism: 'a failed refund that was never booked brings nothing',
    invariant: 5,
    edits: [
      {
        file: topUpRefunds,
        search: "(provider !== 'razorpay' || refundRefs.includes(refundRef))",
        replace: '(provider.length > 0 || refundRefs.includes(refundRef))',
      },
    ],
    testFile: failedTests,
    test: 'Razorpay’s that was never told of as done brings nothing that was not taken',
  },
  {
    name: 'refund-retried',
    mechanism: 'a refund that was given up is asked of no provider again',
    invariant: 5,
    edits: [{ file: refunds, search: "if (refund.status !== 'pending') return conclude(async () => undefined);", replace: '' }],
    testFile: failedTests,
    test: 'a refund whose job has ended without a word ends as failed, and no retry gives the money away',
  },
  {
    name: 'refund-disputed',
    mechanism: 'what a bank disputes or has taken back is not given back',
    invariant: 5,
    edits: [{ file: refunds, search: "status: { $in: ['opened', 'lost'] }", replace: "status: 'nothing'" }],
    testFile: failedTests,
    test: 'a top-up that a bank disputes, or has taken back, is not given back; one whose dispute was won is',
  },
  {
    name: 'debt-first',
    mechanism: 'what comes into a wallet pays what its owner owes',
    invariant: 5,
    edits: [
      {
        file: debts,
        search: 'const paid = Math.min(await owed(tx, owner), amount);',
        replace: 'const paid = Math.min(await owed(tx, owner), 0);',
      },
    ],
    testFile: debtTests,
    test: 'is paid by top-ups, no more than it is, and the payer is told what is left',
  },
  {
    name: 'debt-not-more',
    mechanism: 'no more is paid of a debt than came in',
    invariant: 5,
    edits: [{ file: 'services/api/src/modules/wallet/wallet.service.ts', search: 'Math.max(0, amount - spent)', replace: 'amount' }],
    testFile: debtTests,
    test: 'does not stop a payment that was approved before',
  },
  {
    name: 'debt-meets-money',
    mechanism: 'a debt and money that comes in meet in one document',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/wallet/ledger.ts',
        search: "if (account.kind === 'receivable') await touchOwner(tx, account);",
        replace: "if (account.kind === 'provider') await touchOwner(tx, account);",
      },
    ],
    testFile: debtTests,
    test: 'that grows while money comes in is seen by it',
  },
  {
    name: 'expiry-lends',
    mechanism: 'an order that nobody picked up ends, whatever its merchant has left',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/orders/order-steps.ts',
        search: "const lend = mover === 'clock' ?",
        replace: "const lend = mover === 'customer' ?",
      },
    ],
    testFile: 'services/api/src/modules/orders/expiry.test.ts',
    test: 'expire also where the merchant was paid out: it owes the refund, and pays with its next sales',
  },
  {
    name: 'approve-selling',
    mechanism: 'a payment is approved to a merchant that sells alone',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/payments/payment-requests.service.ts',
        search: 'assertTrading(merchant); return steps.approve(tx, request);',
        replace: 'return steps.approve(tx, request);',
      },
    ],
    testFile: 'services/api/src/modules/payments/payment-requests.test.ts',
    test: 'needs a merchant that still sells: nothing is held for another',
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
