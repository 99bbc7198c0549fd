const walletTests = 'services/api/src/modules/wallet/wallet.service.test.ts';
const ledger = 'services/api/src/modules/wallet/ledger.ts';

/** Of the ledger. @type {import('./mutations.mjs').Mutation[]} */
export const walletMutations = [
  {
    name: 'balance-guard',
    mechanism: 'a balance is debited only when it covers the debit',
    invariant: 5,
    edits: [{ file: ledger, search: 'balance: { $gte: -amount }', replace: '' }],
    testFile: walletTests,
    test: 'of fifty payments at once with money for ten, exactly ten are made',
  },
  {
    name: 'zero-sum',
    mechanism: 'a transfer sums to zero, or is not written',
    invariant: 5,
    edits: [{ file: ledger, search: 'if (legs.reduce((sum, { amount }) => sum + amount, 0) !== 0)', replace: 'if (legs.length === 0)' }],
    testFile: walletTests,
    test: 'a transfer that does not sum to zero, or is of two currencies, is never written',
  },
  {
    name: 'transfer-key',
    mechanism: 'a transfer is named by its key, for ever',
    invariant: 5,
    edits: [
      {
        file: ledger,
        search: 'const { key, isNew, legs, ...facts } = transfer;',
        replace: 'const { key: given, isNew, legs, ...facts } = transfer; const key = given + newId();',
      },
    ],
    testFile: walletTests,
    test: 'the same key twenty times at once moves the money once, and all get the first transfer',
  },
  {
    name: 'roll-up-marks',
    mechanism: 'a roll-up marks what it has included',
    invariant: 5,
    edits: [{ file: ledger, search: '{ $unset: { pending: 1 } }', replace: '{ $set: { pending: true } }' }],
    testFile: walletTests,
    test: 'roll-ups of several replicas at once, while payments go on, include each posting once',
  },
  {
    name: 'webhook-dedupe',
    mechanism: "a provider's event that is known changes nothing",
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/webhooks/webhooks.service.ts',
        search: 'if (await deliveries.exists({ _id }).session(tx.session)) return;',
        replace: '',
      },
    ],
    testFile: 'services/api/tests/wallet.test.ts',
    test: 'a signed webhook completes a top-up; sending it again changes nothing',
  },
];
