const steps = 'services/api/src/modules/orders/order-steps.ts';
const messages = 'services/api/src/modules/orders/messages.service.ts';
const expiryTests = 'services/api/src/modules/orders/expiry.test.ts';
const pickupTests = 'services/api/src/modules/orders/pickups.test.ts';
const messageTests = 'services/api/src/modules/orders/messages.test.ts';
const codePaymentTests = 'services/api/src/modules/payments/code-payments.test.ts';
const ordersTests = 'services/api/src/modules/orders/orders.service.test.ts';
const refundTests = 'services/api/src/modules/orders/refunds.test.ts';

/** @type {import('./mutations.mjs').Mutation[]} */
export const orderMutations = [
  {
    name: 'state-machine',
    mechanism: 'an order moves only from where it is',
    invariant: 5,
    edits: [
      {
        file: steps,
        search: 'if (!mayStep(mover, order.status, status) && !isNewEstimate(mover, order, to))',
        replace: 'if (mayStep === undefined)',
      },
    ],
    testFile: ordersTests,
    test: 'of a cancellation and a beginning at the same time exactly one wins',
  },
  {
    name: 'version-check',
    mechanism: 'a change is made to the version that the caller saw',
    invariant: 5,
    edits: [
      {
        file: steps,
        search: 'checkIfMatch(ifMatch, order.version, () => presentOrder(order));',
        replace: '',
      },
    ],
    testFile: ordersTests,
    test: 'a version that is no longer the newest is refused with the order as it is',
  },
  {
    name: 'refund-bound',
    mechanism: 'no more is given back than was paid',
    invariant: 5,
    edits: [{ file: steps, search: 'if (refund.amount > left)', replace: 'if (refund.amount > order.price)' }],
    testFile: refundTests,
    test: 'ten at once never give back more than was paid',
  },
  {
    name: 'refund-by-members',
    mechanism: 'administrators refund an order by their own way alone, which has a limit and is audited',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/orders/orders.service.ts',
        search: "if (!isMember(caller, order.vendorId)) throw new Problem('forbidden', 'Only members of the merchant refund this way');",
        replace: '',
      },
    ],
    testFile: refundTests,
    test: 'administrators give back by their own way alone: up to their limit, not for themselves, and into the audit log',
  },
  {
    name: 'refund-rest',
    mechanism: 'who cancels after a partial refund gets the rest',
    invariant: 5,
    edits: [{ file: steps, search: 'await pay(tx, moved, { amount: left,', replace: 'await pay(tx, moved, { amount: order.price,' }],
    testFile: refundTests,
    test: 'rejecting afterwards gives back the rest, and nothing where nothing is left',
  },
  {
    name: 'payment-refund-bound',
    mechanism: 'no more of a payment at the counter is given back than was captured',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/payments/payment-request-steps.ts',
        search: 'if (amount > left)',
        replace: 'if (amount > (request.captured ?? 0))',
      },
    ],
    testFile: 'services/api/src/modules/payments/payment-requests.test.ts',
    test: 'ten refunds at once never give back more than was captured',
  },
  {
    name: 'expiry-claim',
    mechanism: 'an order expires only where nobody has moved it since',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/orders/expiry.ts',
        search:
          "if (order?.status !== 'ready' || !order.unclaimed) return; const { refund } = order.unclaimed; await steps.step(tx, 'clock', order,",
        replace:
          "if (!order?.unclaimed) return; const { refund } = order.unclaimed; await steps.step(tx, 'clock', { ...order, status: 'ready' },",
      },
      { file: steps, search: '{ _id: order._id, version: order.version, status: order.status }', replace: '{ _id: order._id }' },
    ],
    testFile: expiryTests,
    test: 'handed over and expired at once: one of them, and the money accordingly',
  },
  {
    name: 'pickup-once',
    mechanism: 'an order is handed over once, whatever code is shown',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/orders/pickups.ts',
        search: "if (order.status === 'completed') throw new Problem('code-used', 'The order was handed over before');",
        replace: "if (order.status === 'completed') return order;",
      },
    ],
    testFile: pickupTests,
    test: 'of ten scans at once one hands it over, the others are told',
  },
  {
    name: 'read-marks',
    mechanism: 'what was read stays read',
    invariant: 7,
    edits: [{ file: messages, search: '$lt: message.number', replace: '$gt: 0' }],
    testFile: messageTests,
    test: 'what was read stays read, and an older mark tells nobody',
  },
  {
    name: 'typing-parties',
    mechanism: 'who is no party of an order does not reach those who are',
    invariant: 6,
    edits: [
      {
        file: 'services/socket-gateway/src/typing.ts',
        search: 'if (!parties.some((party) => own.includes(party)))',
        replace: 'if (parties.length === 0)',
      },
    ],
    testFile: 'services/socket-gateway/tests/typing.test.ts',
    test: 'strangers and administrators are refused, and nobody hears of them',
  },
  {
    name: 'pickup-primary',
    mechanism: 'a pickup number that a former primary gave is asked for anew',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/orders/pickup-numbers.ts',
        search: 'if (takenFrom !== primary()) taken = undefined;',
        replace: '',
      },
    ],
    testFile: 'services/api/src/modules/orders/orders.service.test.ts',
    test: 'of a primary that was followed by another is asked for anew: that one may have given it to somebody else',
  },
  {
    name: 'pickup-numbers',
    mechanism: 'orders that share one write of the counter take as many numbers as they are',
    invariant: 4,
    edits: [
      {
        file: 'services/api/src/modules/orders/pickup-numbers.ts',
        search: '$inc: { last: orders.length }',
        replace: '$inc: { last: 1 }',
      },
    ],
    testFile: 'services/api/src/modules/orders/orders.service.test.ts',
    test: 'many at once, on two replicas: each number once, and each merchant its own',
  },
  {
    name: 'pickup-foreign',
    mechanism: 'an order is handed over at its own counter',
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/modules/orders/pickups.ts',
        search: 'if (order.vendorId !== merchantId) throw foreign();',
        replace: '',
      },
    ],
    testFile: pickupTests,
    test: 'every other code is refused with a code of its own',
  },
  {
    name: 'stock-guard',
    mechanism: 'nothing is sold that is not there',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/merchants/items.ts',
        search: 'stock: { $ne: null, $gte: Math.max(0, -amount) }',
        replace: 'stock: { $ne: null }',
      },
      // It says so before, as far as one can tell.
      {
        file: 'services/api/src/modules/orders/basket.ts',
        search: 'if (item.stock !== null && item.stock < wanted)',
        replace: 'if (item.stock !== null && wanted < 0)',
      },
    ],
    testFile: 'services/api/src/modules/orders/orders.service.test.ts',
    test: 'twenty customers at once for five pieces: five orders, stock zero, pickup numbers apart',
  },
  {
    name: 'order-transaction',
    mechanism: 'an order and its payment are one transaction',
    invariant: 1,
    edits: [
      {
        file: 'services/api/src/modules/orders/orders.service.ts',
        search: 'await orders.insertMany([order], { session: tx.session, lean: true });',
        replace: 'await orders.insertMany([order], { lean: true });',
      },
    ],
    testFile: codePaymentTests,
    test: 'what fails behind the payment takes back the payment, the order and the use of the code',
  },
  {
    name: 'menu-as-seen',
    mechanism: 'pieces that are counted are read in the transaction that takes them',
    invariant: 5,
    edits: [{ file: 'services/api/src/modules/merchants/menus.ts', search: '&& item.stock === null', replace: '' }],
    testFile: 'services/api/src/modules/merchants/menus.test.ts',
    test: 'is read as the transaction sees it where pieces are counted, or the transaction has looked',
  },
  {
    name: 'stock-turns',
    mechanism: 'orders of a counted item take turns within a process, so that they do not conflict',
    invariant: 5,
    edits: [{ file: 'shared/platform/src/turns.ts', search: 'if (turn) throw', replace: 'if (maxWaitMs < 0 && turn) throw' }],
    testFile: ordersTests,
    test: 'sixty-four at once of a counted item, in two processes: all are placed, and none of one process meets another of it',
  },
  {
    name: 'turn-freed',
    mechanism: 'a transaction that ends, however it ends, frees its turn',
    invariant: 5,
    edits: [
      { file: 'shared/feed/src/outbox.ts', search: ').finally(() => turns.leave());', replace: ').then((done) => (turns.leave(), done));' },
    ],
    testFile: 'shared/feed/tests/unit-of-work.test.ts',
    test: 'those who write the same take turns, with nothing open while they wait, and an error frees the turn',
  },
];
