const paymentTests = 'services/api/src/modules/payments/code-payments.test.ts';
const requestTests = 'services/api/src/modules/payments/payment-requests.test.ts';
const requestSteps = 'services/api/src/modules/payments/payment-request-steps.ts';

/** Of codes, and of what is paid by them. @type {import('./mutations.mjs').Mutation[]} */
export const codeMutations = [
  {
    name: 'code-mac',
    mechanism: 'a code is signed',
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/codes/codes.ts',
        search: 'if (!timingSafeEqual(Buffer.from(expected), Buffer.from(given)))',
        replace: 'if (!timingSafeEqual(Buffer.from(expected), Buffer.from(expected)))',
      },
    ],
    testFile: 'services/api/src/codes/codes.test.ts',
    test: 'no character of a code can be changed, taken or added',
  },
  {
    name: 'code-used-once',
    mechanism: 'a code is used up in the transaction of its payment',
    invariant: 5,
    edits: [{ file: 'services/api/src/codes/used-codes.ts', search: 'return upsertedCount > 0;', replace: 'return upsertedCount >= 0;' }],
    testFile: paymentTests,
    test: 'used ten times at once pays once',
  },
  {
    name: 'payment-request-release',
    mechanism: 'what ends unpaid gives back what was held',
    invariant: 5,
    edits: [
      {
        file: requestSteps,
        search: "if (request.status === 'approved') await wallet.release(tx, holdOf(request));",
        replace: '',
      },
    ],
    testFile: requestTests,
    test: 'unanswered, it expires; uncaptured, it expires and what was held goes back',
  },
  {
    name: 'payment-request-clock',
    mechanism: 'an approval that is too late is refused, whether or not the job has run',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/payments/payment-requests.service.ts',
        search: 'if (expiresAt.getTime() <= now.getTime())',
        replace: 'if (expiresAt.getTime() <= 0 * now.getTime())',
      },
    ],
    testFile: requestTests,
    test: 'is approved within two minutes, and captured within ten',
  },
  {
    name: 'code-use-transaction',
    mechanism: 'a code that paid nothing is as good as before',
    invariant: 1,
    edits: [{ file: 'services/api/src/codes/used-codes.ts', search: '{ session, upsert: true }', replace: '{ upsert: true }' }],
    testFile: paymentTests,
    test: 'is as good as before when the payment failed',
  },
  {
    name: 'payment-request-claim',
    mechanism: 'a payment request moves only from where it is',
    invariant: 5,
    edits: [
      { file: requestSteps, search: '{ _id, version, status },', replace: '{ _id },' },
      {
        file: 'services/api/src/modules/payments/payment-requests.service.ts',
        search: 'if (!allowed.includes(status)) throw',
        replace: 'if (allowed.length === 0) throw',
      },
    ],
    testFile: requestTests,
    test: 'declined or taken back, it leaves the wallet as it was',
  },
];
