const folder = 'services/api/src/modules/scans';
const earnings = `${folder}/order-earnings.ts`;
const orderTests = `${folder}/order-earnings.test.ts`;

/** Of the points of paid orders. @type {import('./mutations.mjs').Mutation[]} */
export const orderPointsMutations = [
  {
    name: 'order-award-left',
    mechanism: 'of an award of which a part went back a hand takes the rest',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/loyalty/points.service.ts',
        search: 'const left = await leftOf(tx, entry);',
        replace: 'const left = entry.delta; void leftOf;',
      },
    ],
    testFile: orderTests,
    test: 'leaves the rest of an award, which a member may take back by hand, and no more',
  },
  {
    name: 'older-rules',
    mechanism: 'a start notes that orders earn by programs older than the note',
    invariant: 4,
    edits: [
      {
        file: 'services/api/src/modules/loyalty/programs.service.ts',
        search: 'of await merchants.withoutOrdersEarn(ids))',
        replace: 'of ids.slice(ids.length))',
      },
    ],
    testFile: orderTests,
    test: 'is followed where the programs are older than the note of it: a start makes up for them',
  },
  {
    name: 'order-earned-once',
    mechanism: 'an order gives once',
    invariant: 5,
    edits: [{ file: earnings, search: 'if (isNew && entries.length === 0)', replace: 'if (isNew)' }],
    testFile: orderTests,
    test: 'earns once, however often the job is done',
  },
  {
    name: 'order-earned-when-paid',
    mechanism: 'an order gives when it was paid, and not to who joins later',
    invariant: 6,
    // Two look at it: a job that is not the order's first gives nothing, and a card that is younger than the order gets nothing.
    edits: [
      { file: earnings, search: 'if (isNew && entries.length === 0)', replace: 'if (entries.length === 0)' },
      { file: earnings, search: ' || (card.openedAt ?? card.createdAt) > order.createdAt', replace: '' },
    ],
    testFile: orderTests,
    test: 'earns in each program in which the customer is, and in none that was joined later',
  },
  {
    name: 'order-points-back',
    mechanism: 'what goes back of the price takes its points back',
    invariant: 5,
    edits: [{ file: earnings, search: 'if (sumOf(given) > target) await takeBack(tx, place, order, given, target);', replace: '' }],
    testFile: orderTests,
    test: 'takes its points back: for a part the share, for all the rest, and of the tier too',
  },
  {
    name: 'order-terms',
    mechanism: 'the rules by which an order earned say what stays',
    invariant: 5,
    edits: [
      {
        file: earnings,
        search: 'targetOf(entries.find(({ terms }) => terms)?.terms ?? place.program,',
        replace: 'targetOf(place.program,',
      },
    ],
    testFile: orderTests,
    test: 'takes them back by the rules by which they were earned, whatever the program says by then',
  },
  {
    name: 'order-points-covered',
    mechanism: 'no more is taken back than the card has',
    invariant: 5,
    edits: [{ file: earnings, search: 'const taken = Math.min(more, card.balance);', replace: 'const taken = more;' }],
    testFile: orderTests,
    test: 'takes no more than the card has, and what is missing is not taken of later points',
  },
  {
    name: 'programs-take-turns',
    mechanism: 'of two programs that change at once, one sees what the other does to orders',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/merchants/merchants.service.ts',
        search: '{ $set: { ordersEarn: earn }, $inc: { programsVersion: 1 } }',
        replace: '{ $set: { ordersEarn: earn } }',
      },
    ],
    testFile: orderTests,
    test: 'is followed also when one program begins to earn while another ends',
  },
  {
    name: 'order-late-job',
    mechanism: 'who joins behind an order earns nothing by it',
    invariant: 5,
    edits: [{ file: earnings, search: ' || (card.openedAt ?? card.createdAt) > order.createdAt', replace: '' }],
    testFile: orderTests,
    test: 'earns nothing for who joined behind it, though the job was late',
  },
  {
    name: 'order-rejoined-job',
    mechanism: 'who was gone when they paid earns nothing by it when they are back',
    invariant: 5,
    edits: [{ file: earnings, search: '(card.openedAt ?? card.createdAt) >', replace: 'card.createdAt >' }],
    testFile: orderTests,
    test: 'gives nothing for an order of who was gone then, though the card is older and the job late',
  },
  {
    name: 'order-points-back-left',
    mechanism: 'nobody keeps the points of a refunded order by leaving and joining again',
    invariant: 5,
    edits: [
      {
        file: earnings,
        search: 'if (sumOf(given) > target) await takeBack',
        replace: "if (sumOf(given) > target && place.card.status === 'active') await takeBack",
      },
    ],
    testFile: orderTests,
    test: 'takes its points back also of who has left, so that nobody keeps them by leaving and joining again',
  },
  {
    name: 'points-quiet-read',
    mechanism: 'a business reads nothing of what moved while its customer was gone',
    invariant: 1,
    edits: [{ file: 'services/api/src/modules/loyalty/points.service.ts', search: 'isOwn ? {} : { quiet: { $ne: true } }', replace: '{}' }],
    testFile: 'services/api/src/modules/enrollments/left.test.ts',
    test: 'from one of two programs takes those points out of the business’s list, and their end does not change it behind its back',
  },
  {
    name: 'order-points-back-held',
    mechanism: 'nobody keeps the points of a refunded order by setting them aside meanwhile',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/loyalty/holds.ts',
        search: 'return takeOwed(tx, parts, { ...place, card: changed }, held.cost);',
        replace: 'return changed;',
      },
    ],
    testFile: orderTests,
    test: 'takes them also of what was set aside for a reward, when it comes back; what was handed out is forgotten',
  },
  {
    name: 'cap-denied',
    mechanism: 'what was denied does not count for the cap of the day',
    invariant: 5,
    edits: [
      {
        file: 'services/api/src/modules/loyalty/points.ts',
        search: 'earned ? await cards.change(tx, card, { earned }) : card',
        replace: 'earned ? card : card',
      },
    ],
    testFile: orderTests,
    test: 'what is denied, taken back by hand or goes back with the price counts no more for the cap of the day',
  },
  {
    name: 'order-question',
    mechanism: 'points that wait and are denied with the price take their buttons along',
    invariant: 7,
    edits: [
      {
        file: earnings,
        search: "(await points.deny(tx, current, entry, 'withdraw')).card",
        replace: "(await points.mark(tx, current.card, entry, 'pending', 'denied')) && current.card",
      },
    ],
    testFile: orderTests,
    test: 'ends what waits, and the rest of it waits anew',
  },
  {
    name: 'order-fits',
    mechanism: 'an order gives nothing where too much waits for the customer',
    invariant: 5,
    edits: [{ file: earnings, search: ' && (await points.fits(tx, place, delta))', replace: '' }],
    testFile: orderTests,
    test: 'gives nothing where too much waits for the customer already',
  },
  {
    name: 'order-stopped-award',
    mechanism: 'an order earns nothing once the business’s subscription is over',
    invariant: 6,
    edits: [{ file: earnings, search: 'if (!place.mayGive) return;', replace: '' }],
    testFile: orderTests,
    test: 'earns nothing when the job comes after the subscription has ended; what it earned before goes back with its price',
  },
];
