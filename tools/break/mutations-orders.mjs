const steps = 'services/api/src/modules/orders/order-steps.ts';
const refundTests = 'services/api/src/modules/orders/refunds.test.ts';

/** @type {import('./mutations.mjs').Mutation[]} */
export const orderMutations = [
  {
    name: 'refund-bound',
    mechanism: 'no more is given back than was paid',
    invariant: 5,
    edits: [{ file: steps, search: 'if (refund.amount > left)', replace: 'if (refund.amount > order.price)' }],
    testFile: refundTests,
    test: 'ten at once never give back more than was paid',
  },
  {
    name: 'refund-rest',
    mechanism: 'who cancels after a partial refund gets the rest',
    invariant: 5,
    edits: [{ file: steps, search: 'await pay(tx, moved, { amount: left,', replace: 'await pay(tx, moved, { amount: order.price,' }],
    testFile: refundTests,
    test: 'rejecting afterwards gives back the rest, and nothing where nothing is left',
  },
];
