/** @typedef {import('./mutations.mjs').Mutation} Mutation */

const sellingTests = 'services/api/src/modules/merchants/selling.service.test.ts';
const payoutTests = 'services/api/src/modules/payouts/payouts.service.test.ts';
const salesTests = 'services/api/src/modules/sales/sales.test.ts';
const selling = 'services/api/src/modules/merchants/selling.service.ts';
const payouts = 'services/api/src/modules/payouts/payouts.service.ts';

/** Of the vendor's side. @type {Mutation[]} */
export const vendorMutations = [
  {
    name: 'selling-stale-turn',
    mechanism: 'a turn of the clock that was scheduled before the settings changed is void',
    invariant: 7,
    edits: [{ file: selling, search: 'if (selling.version !== version) return;', replace: '' }],
    testFile: sellingTests,
    test: 'a turn that was scheduled before the settings changed tells nothing',
  },
  {
    name: 'selling-turn-once',
    mechanism: 'a turn of the clock is told once',
    invariant: 4,
    edits: [
      { file: 'services/api/src/on-job.ts', search: 'if (await finish(tx.session)) await', replace: 'await finish(tx.session); await' },
      { file: selling, search: 'if (selling.version !== version) return;', replace: '' },
    ],
    testFile: sellingTests,
    test: 'a turn is told once, however often its job runs, and schedules the next',
  },
  {
    name: 'selling-clock',
    mechanism: 'an order asks the clock when the stored status has run out',
    invariant: 7,
    edits: [
      {
        file: selling,
        search: 'selling.nextChangeAt !== null && selling.nextChangeAt <= tx.now',
        replace: 'selling.nextChangeAt === undefined',
      },
    ],
    testFile: sellingTests,
    test: 'the clock decides on an order, also before the turn is told',
  },
  {
    name: 'payout-guard',
    mechanism: "a payout is guarded by the merchant's balance",
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/wallet/ledger.ts',
        search: "kind === 'user' || kind === 'merchant' || kind === 'hold';",
        replace: "kind === 'user' || kind === 'hold';",
      },
    ],
    testFile: payoutTests,
    test: 'of ten at once only those are taken that the balance covers',
  },
  {
    name: 'payout-decision-once',
    mechanism: 'a payout that is decided stays so',
    invariant: 5,
    edits: [
      { file: payouts, search: "if (payout.status !== 'requested') throw", replace: "if (payout.status === 'paid' && !payout) throw" },
      {
        file: payouts,
        search: "{ _id: id, status: 'requested', version: payout.version }",
        replace: '{ _id: id, version: payout.version }',
      },
    ],
    testFile: payoutTests,
    test: 'declined, it comes back, once',
  },
  {
    name: 'payout-debt',
    mechanism: 'a payout that comes back pays what its merchant owes since',
    invariant: 5,
    edits: [{ file: payouts, search: 'if (isPaid) return decided;', replace: 'return decided;' }],
    testFile: payoutTests,
    test: 'declined, it pays first what the merchant owes since',
  },
  {
    name: 'sales-parts',
    mechanism: "the parts of a payment that is spread over an order's lines come to the whole",
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/sales/sales.pipelines.ts',
        search: "part: { $subtract: ['$$given', '$$value.given'] },",
        replace: "part: '$$given',",
      },
    ],
    testFile: salesTests,
    test: 'per day and per item they come to the same, and to what the ledger has',
  },
];
