const folder = 'services/api/src/modules/loyalty';
const points = `${folder}/points.ts`;
const pointsTests = `${folder}/points.test.ts`;
const serviceTests = `${folder}/points.service.test.ts`;
const expiryTests = `${folder}/expiry.test.ts`;
const redemptionTests = `${folder}/redemptions.test.ts`;
const statusGuard = { file: points, search: '{ _id: entry._id, status: from },', replace: '{ _id: entry._id },' };

/** Of points and what they buy. @type {import('./mutations.mjs').Mutation[]} */
export const pointsMutations = [
  {
    name: 'points-covered',
    mechanism: 'a deduction is covered, or refused',
    invariant: 5,
    edits: [
      { file: points, search: 'if (balance + delta < 0) throw', replace: 'if (balance + delta < -1_000) throw' },
      {
        file: 'services/api/src/modules/wallet/ledger.ts',
        search: "kind === 'user' || kind === 'merchant' || kind === 'hold';",
        replace: "kind === 'merchant';",
      },
    ],
    testFile: pointsTests,
    test: 'never go below zero, also when many deduct at once',
  },
  {
    name: 'points-cap',
    mechanism: "rules give no more than the day's cap lets through",
    invariant: 5,
    edits: [
      {
        file: `${folder}/earning.ts`,
        search: 'const before = earned.date === day ? earned.points : 0;',
        replace: 'const before = 0;',
      },
    ],
    testFile: pointsTests,
    test: 'rules give no more on a day than the cap lets through',
  },
  {
    name: 'points-conserved',
    mechanism: 'what a card shows is what the ledger has, for whatever is done',
    invariant: 5,
    edits: [
      {
        file: `${folder}/holds.ts`,
        search: 'balance: card.balance + held.cost, held: card.held - held.cost, lots',
        replace: 'balance: card.balance, held: card.held - held.cost, lots',
      },
    ],
    testFile: 'services/api/tests/points-walk.test.ts',
    test: 'whatever is done with points, none comes from nowhere and none is lost',
  },
  {
    name: 'points-wait',
    mechanism: 'what the program leaves to the customer moves when the customer accepts it',
    invariant: 6,
    edits: [
      {
        file: points,
        search: '(waits(place.program, change.delta) ? propose : post)',
        replace: '(waits(place.program, 0) ? propose : post)',
      },
    ],
    testFile: serviceTests,
    test: 'moves when accepted, and not at all when declined',
  },
  {
    name: 'points-decided-once',
    mechanism: 'of decisions at once one counts',
    invariant: 5,
    edits: [
      statusGuard,
      {
        file: `${folder}/points.service.ts`,
        search: "if (entry.status !== 'pending') throw",
        replace: "if (entry.status === 'denied') throw",
      },
    ],
    testFile: serviceTests,
    test: 'decided on ten devices at once is decided once',
  },
  {
    name: 'points-deadline',
    mechanism: 'the clock ends what waits, whether or not somebody has looked',
    invariant: 6,
    edits: [
      {
        file: `${folder}/points.service.ts`,
        search: 'if (answerableUntil(entry) <= tx.now) throw',
        replace: 'if (answerableUntil(entry) < entry.createdAt) throw',
      },
    ],
    testFile: serviceTests,
    test: 'is denied by the clock after thirty days, and refused from that instant on',
  },
  {
    name: 'points-reversed-once',
    mechanism: 'of reversals at once one takes the award back',
    invariant: 5,
    edits: [statusGuard],
    testFile: serviceTests,
    test: 'of ten at once one takes it back',
  },
  {
    name: 'points-expire-once',
    mechanism: 'what has expired is off the card, whoever looks again',
    invariant: 5,
    edits: [
      {
        file: points,
        search: 'tier: tierOf(program.tiers, lifetime), lots: left,',
        replace: 'tier: tierOf(program.tiers, lifetime), lots: delta < 0 ? card.lots : left,',
      },
    ],
    testFile: expiryTests,
    test: 'happens once, however often the clock looks',
  },
  {
    name: 'points-void-first',
    mechanism: 'the clock takes what is void before anybody spends it',
    invariant: 5,
    edits: [
      {
        file: points,
        search: "const current = change.source === 'expiry' ? place : await voidDue(tx, place);",
        replace: 'const current = place;',
      },
    ],
    testFile: expiryTests,
    test: 'what has reached its end cannot be spent, though nobody has looked yet',
  },
  {
    name: 'points-quiet',
    mechanism: 'the business hears nothing of who has left',
    invariant: 6,
    edits: [{ file: points, search: "quiet: status === 'closed' }", replace: 'quiet: false }' }],
    testFile: expiryTests,
    test: 'goes on when the customer has left, and the business hears nothing of it',
  },
  {
    name: 'points-leave',
    mechanism: 'what waits meets the customer who leaves',
    invariant: 6,
    edits: [
      {
        file: points,
        search: 'await models.cards.updateOne({ _id: entry.cardId }, { $inc: { proposals: 1 } }, { session: tx.session });',
        replace: '',
      },
    ],
    testFile: serviceTests,
    test: 'proposed while the customer leaves is denied, or not proposed',
  },
  {
    name: 'redemption-code-once',
    mechanism: 'a reward is handed out once',
    invariant: 5,
    edits: [
      { file: `${folder}/redemption-steps.ts`, search: "{ _id, status: 'requested' },", replace: '{ _id },' },
      {
        file: `${folder}/redemptions.service.ts`,
        search: "if (status === 'confirmed') throw",
        replace: "if (status === 'cancelled') throw",
      },
    ],
    testFile: redemptionTests,
    test: 'spends its points; shown again the code was used',
  },
  {
    name: 'redemption-time',
    mechanism: 'a reward is handed out in its time',
    invariant: 6,
    edits: [
      {
        file: `${folder}/redemptions.service.ts`,
        search: "if (status === 'expired' || expiresAt <= tx.now) throw",
        replace: "if (status === 'expired') throw",
      },
    ],
    testFile: redemptionTests,
    test: 'expires after fifteen minutes: refused from that instant on, and everything comes back',
  },
  {
    name: 'reward-stock',
    mechanism: 'nobody takes from an empty shelf',
    invariant: 5,
    edits: [{ file: `${folder}/rewards.service.ts`, search: 'stock: { $gte: Math.max(0, -change) }', replace: 'stock: { $ne: null }' }],
    testFile: redemptionTests,
    test: 'of three on the shelf ten customers at once get three',
  },
  {
    name: 'points-own-card',
    mechanism: 'nobody gives themselves points',
    invariant: 6,
    edits: [
      { file: `${folder}/points.service.ts`, search: 'if (userId === card.userId) throw', replace: 'if (userId === card._id) throw' },
    ],
    testFile: serviceTests,
    test: 'of a member are another member’s matter',
  },
  {
    name: 'points-suspended-reversal',
    mechanism: 'a business that is not active reverses nothing',
    invariant: 6,
    edits: [
      {
        file: `${folder}/points.service.ts`,
        search: "if (!place.isOpen) throw new Problem('merchant-closed');\n      const left",
        replace: 'const left',
      },
    ],
    testFile: serviceTests,
    test: 'of a suspended business are not reversed',
  },
  {
    name: 'points-card-version',
    mechanism: 'what is told of points carries the version of the card whose balance it shows',
    invariant: 5,
    edits: [
      { file: points, search: 'balance, status, version }: CardDocument, entry', replace: 'balance, status }: CardDocument, entry' },
      { file: points, search: 'delta, reason } = entry;', replace: 'delta, reason, version } = entry;' },
    ],
    testFile: pointsTests,
    test: 'are told with the balance of the card and its version, which rises from change to change',
  },
  {
    name: 'points-stopped-award',
    mechanism: 'a business whose subscription is over gives no points by hand',
    invariant: 6,
    edits: [{ file: `${folder}/points.service.ts`, search: '(delta > 0 ? place.mayGive : place.isOpen)', replace: 'place.isOpen' }],
    testFile: serviceTests,
    test: 'are not given by a business whose subscription is over, but taken and given back',
  },
  {
    name: 'redemption-stopped',
    mechanism: 'a business whose subscription is over takes no wish for a reward',
    invariant: 6,
    edits: [
      {
        file: `${folder}/redemptions.service.ts`,
        search: "if (!place.mayGive) throw new Problem('merchant-closed');",
        replace: "if (!place.isOpen) throw new Problem('merchant-closed');",
      },
    ],
    testFile: `${folder}/redemptions.test.ts`,
    test: 'waits while the business’s subscription is over; what was set aside before is handed out',
  },
  {
    name: 'points-most-waiting',
    mechanism: 'no more waits on a card than a customer who leaves can deny at once',
    invariant: 5,
    edits: [{ file: points, search: '.session(session)) < mostWaiting', replace: '.session(session)) < Infinity' }],
    testFile: serviceTests,
    test: 'is not more than a customer who leaves can deny at once',
  },
  {
    name: 'redemption-most-open',
    mechanism: 'no more rewards are on their way than one cancels at once',
    invariant: 5,
    edits: [{ file: `${folder}/redemptions.service.ts`, search: '>= mostOpen)', replace: '>= Infinity)' }],
    testFile: redemptionTests,
    test: 'no more rewards are on their way than one cancels at once',
  },
  {
    name: 'redemption-own',
    mechanism: 'nobody hands a reward to themselves',
    invariant: 6,
    edits: [
      {
        file: `${folder}/redemptions.service.ts`,
        search: "if (userId === caller.userId) throw new Problem('own-code', 'Another member hands out your own reward');",
        replace: 'void userId;',
      },
    ],
    testFile: redemptionTests,
    test: 'is another member’s matter where a member is the customer',
  },
];
