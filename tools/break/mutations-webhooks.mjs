/** What payment providers post, and what is held and decided of it; see mutations.mjs. */

const followerTests = 'services/api/src/modules/webhooks/followers.test.ts';
const webhookPaymentTests = 'services/api/src/modules/webhooks/payments.test.ts';

/** @type {import('./mutations.mjs').Mutation[]} */
export const webhookMutations = [
  {
    name: 'razorpay-signature',
    mechanism: "Razorpay's signature is of this body, by this secret",
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/wallet/providers/razorpay.ts',
        search: 'return given.length === right.length && timingSafeEqual(given, right);',
        replace: 'return given.length > 0 && timingSafeEqual(right, right);',
      },
    ],
    testFile: 'services/api/src/modules/webhooks/sources.test.ts',
    test: 'another body, secret or form of the signature is refused by both',
  },
  {
    name: 'paid-twice',
    mechanism: 'a second payment of one top-up is held, not lost',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/wallet/top-ups.ts',
        search: 'if (again) return again;',
        replace: '',
      },
    ],
    testFile: webhookPaymentTests,
    test: 'another amount is held, as is a second payment of one top-up',
  },
  {
    name: 'own-payment',
    mechanism: 'a refund or dispute is of the payment that the provider names, not of another that names the same top-up',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/wallet/payment-names.ts',
        search: 'if (providerRef && topUp.providerRef !== providerRef)',
        replace: 'if (amount < 0)',
      },
    ],
    testFile: 'services/api/src/modules/wallet/second-payments.test.ts',
    test: 'the second one, given back or disputed before it was credited, costs the customer nothing',
  },
  {
    name: 'payment-credited-once',
    mechanism: 'one payment is credited once, whichever top-ups it names',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/wallet/top-ups.ts',
        search: 'status: { $in: creditedStatuses } };',
        replace: "status: { $in: creditedStatuses }, _id: 'nobody' };",
      },
    ],
    testFile: 'services/api/src/modules/wallet/second-payments.test.ts',
    test: 'a payment that was credited by another name is credited to nobody else',
  },
  {
    name: 'own-provider',
    mechanism: "a provider's word counts for its own payments alone",
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/wallet/payment-names.ts',
        search: 'if (speakers(provider).includes(topUp.provider)) return undefined;',
        replace: 'if (speakers(provider).length > 0) return undefined;',
      },
    ],
    testFile: webhookPaymentTests,
    test: 'a payment of another provider’s top-up is held, whoever signed it',
  },
  {
    name: 'verified-address',
    mechanism: 'an address that nobody verified is nobody’s',
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/modules/wallet/unmatched.ts',
        search: 'users.findOne({ email, emailVerifiedAt: { $exists: true } }, { session })',
        replace: 'users.findOne({ email }, { session })',
      },
    ],
    testFile: webhookPaymentTests,
    test: 'is the user’s whose verified address it has, and of nobody whose address is only claimed',
  },
  {
    name: 'dispute-once',
    mechanism: 'a dispute that is decided stays so, and is opened once',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/wallet/disputes.ts',
        search: "if (known && (message.status === 'opened' || known.status !== 'opened'))",
        replace: 'if (known && message.amount < 0)',
      },
    ],
    testFile: webhookPaymentTests,
    test: 'freezes what is there, owes the rest, and gives both back when it is won',
  },
  {
    name: 'dispute-freeze',
    mechanism: 'what is disputed cannot be spent meanwhile',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/wallet/disputes.ts',
        search: 'const frozen = Math.min(amount, account?.balance ?? 0);',
        replace: 'const frozen = Math.min(0, account?.balance ?? 0);',
      },
    ],
    testFile: webhookPaymentTests,
    test: 'freezes what is there, owes the rest, and gives both back when it is won',
  },
  {
    name: 'held-amount',
    mechanism: 'a payment of another amount is held, and credits nothing',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/wallet/top-ups.ts',
        search: 'if (amount !== topUp.amount || currency !== topUp.currency) {',
        replace: 'if (topUp.amount === 0) {',
      },
    ],
    testFile: 'services/api/src/modules/wallet/wallet.service.test.ts',
    test: 'another amount or currency than was asked for is held, and credits nothing',
  },
  {
    name: 'held-decision-once',
    mechanism: 'what was decided of a held message stays so',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/webhooks/deliveries.ts',
        search: "if (held.state !== 'held') throw",
        replace: "if (held.state === 'received') throw",
      },
    ],
    testFile: webhookPaymentTests,
    test: 'dismiss a held one, and no other',
  },
  {
    name: 'unmatched-once',
    mechanism: 'a payment that was nobody’s is assigned once',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/wallet/unmatched.ts',
        search: "if (payment.state === 'assigned') throw",
        replace: "if (payment.state === 'assigned' && !payment.userId) throw",
      },
      { file: 'services/api/src/modules/wallet/unmatched.ts', search: "{ _id, state: 'open' },", replace: '{ _id },' },
      // A payment that has become a top-up is not credited again, whoever decides it; of Zeffy's the database sees to that, too.
      {
        file: 'services/api/src/modules/wallet/top-ups.ts',
        search: 'const _id = unannouncedId(payment); const known =',
        replace: 'const _id = newId(); const known = payment.amount < 0 &&',
      },
      {
        file: 'services/api/src/modules/wallet/wallet.model.ts',
        search: "{ unique: true, partialFilterExpression: { provider: 'zeffy'",
        replace: "{ partialFilterExpression: { provider: 'zeffy'",
      },
    ],
    testFile: webhookPaymentTests,
    test: 'an administrator assigns it, once, whoever asks how often',
  },
  {
    name: 'held-followers',
    mechanism: 'what follows a held payment is done when that is credited',
    invariant: 5,
    edits: [{ file: 'services/api/src/modules/webhooks/deliveries.ts', search: 'await followers.wake(tx, held);', replace: '' }],
    testFile: followerTests,
    test: 'is held with it at its first try, and done at once when the payment is credited',
  },
  {
    name: 'held-followers-twice',
    mechanism: 'what follows a payment that was told of twice is done with the first that is credited',
    invariant: 5,
    edits: [{ file: 'services/api/src/modules/webhooks/followers.ts', search: 'heldFor: { $exists: true }', replace: 'heldFor: _id' }],
    testFile: followerTests,
    test: 'is done as soon as one of them is credited, and the other’s dismissal takes nothing back',
  },
  {
    name: 'held-followers-last',
    mechanism: 'what follows a payment is not dismissed while another message of that may be credited',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/webhooks/followers.ts',
        search: "state: { $in: ['held', 'processed'] }",
        replace: "state: 'nothing'",
      },
    ],
    testFile: followerTests,
    test: 'goes the way of the last one that is decided',
  },
  {
    name: 'held-followers-meet',
    mechanism: 'what follows a held payment and the decision about that meet in one document',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/webhooks/followers.ts',
        search: ".findOneAndUpdate({ provider, pays: follows, state: 'held' }, { $inc: { followers: 1 } }, { session: tx.session })",
        replace: ".findOne({ provider, pays: follows, state: 'held' }, null, { session: tx.session })",
      },
    ],
    testFile: followerTests,
    test: 'that is decided in the middle of its try sees it, or is seen by it',
  },
  {
    name: 'unknown-end',
    mechanism: 'a dispute whose end nobody knows here is held',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/webhooks/sources/stripe.ts',
        search: "return withdrawn > 0 ? undefined : 'won';",
        replace: "return withdrawn < 0 ? undefined : 'won';",
      },
    ],
    testFile: followerTests,
    test: 'one that leaves open who has the money is held, and a person says it once',
  },
  {
    name: 'unmatched-credited',
    mechanism: 'a payment that was credited another way leaves the list of unmatched ones',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/webhooks/deliveries.ts',
        search: 'await unmatched.credited(tx, { provider, ...message });',
        replace: '',
      },
    ],
    testFile: followerTests,
    test: 'a held payment that was unmatched, too, is assigned to whom it was credited',
  },
];
