const enrollments = 'services/api/src/modules/enrollments';
const enrollmentTests = `${enrollments}/enrollments.service.test.ts`;
const buttonTests = 'tests/e2e/enrollments.test.ts';

/** Of loyalty: consent, points and scans. @type {import('./mutations.mjs').Mutation[]} */
export const loyaltyMutations = [
  {
    name: 'names-followed',
    mechanism: 'cards say how their merchant and program are called now, however many there are',
    invariant: 7,
    edits: [
      {
        file: 'services/api/src/modules/loyalty/names.ts',
        search: 'if (last && batch.length === batchSize)',
        replace: 'if (last && batch.length > batchSize)',
      },
    ],
    testFile: 'services/api/src/modules/loyalty/names.test.ts',
    test: 'all cards follow, in batches, also when a job is done twice; what happened keeps its names',
  },
  {
    name: 'consent-side',
    mechanism: 'who was asked decides, not who asked',
    invariant: 6,
    edits: [{ file: `${enrollments}/enrollments.service.ts`, search: 'if (requestedBy === side)', replace: 'if (requestedBy === null)' }],
    testFile: enrollmentTests,
    test: 'asked by the customer is decided by the business, and nobody decides what they asked themselves',
  },
  {
    name: 'consent-rest',
    mechanism: 'what was declined is not asked again for 30 days',
    invariant: 6,
    edits: [{ file: `${enrollments}/consents.ts`, search: 'askAgainAt && now < askAgainAt', replace: 'askAgainAt && now < new Date(0)' }],
    testFile: enrollmentTests,
    test: 'that was declined is not repeated for 30 days, in no program of the business; a scan stores nothing',
  },
  {
    name: 'consent-block',
    mechanism: 'a block keeps both from asking',
    invariant: 6,
    edits: [{ file: `${enrollments}/consents.ts`, search: 'if (blockedBy.length > 0)', replace: 'if (blockedBy.length > 2)' }],
    testFile: enrollmentTests,
    test: 'ends everything between the two, and is lifted by the side that set it alone',
  },
  {
    name: 'consent-block-lift',
    mechanism: 'a block is lifted by the side that set it',
    invariant: 6,
    edits: [{ file: `${enrollments}/enrollments.service.ts`, search: 'if (endedBy !== side)', replace: 'if (endedBy === null)' }],
    testFile: enrollmentTests,
    test: 'by the business keeps the customer out until it lifts it',
  },
  {
    name: 'consent-clock',
    mechanism: 'a request that is over cannot be accepted, whether or not the job has run',
    invariant: 6,
    edits: [
      {
        file: `${enrollments}/enrollments.service.ts`,
        search: "for (const one of over) await steps.end(tx, one, 'expired', null);",
        replace: 'void over;',
      },
    ],
    testFile: enrollmentTests,
    test: 'can be decided up to its end, by the clock and not by the job that writes it down',
  },
  {
    name: 'consent-expiry',
    mechanism: 'the job of an expiry leaves alone what was decided',
    invariant: 4,
    edits: [
      {
        file: `${enrollments}/enrollment-jobs.ts`,
        search: "if (enrollment.status !== 'requested' || !enrollment.expiresAt) return;",
        replace: 'if (!enrollment.expiresAt) return;',
      },
      {
        file: 'services/api/src/on-job.ts',
        search: 'if (await finish(tx.session)) await',
        replace: 'await finish(tx.session); await',
      },
      { file: `${enrollments}/enrollment-steps.ts`, search: 'expiresAt: null, ...refused', replace: '...refused' },
    ],
    testFile: enrollmentTests,
    test: 'that nobody answered expires once, and is not repeated by the business for 30 days; the customer may join',
  },
  {
    name: 'enrollment-stopped',
    mechanism: 'no enrollment begins with a business whose subscription is over',
    invariant: 6,
    edits: [
      {
        file: `${enrollments}/enrollments.service.ts`,
        search: 'assertTrading(await merchants.get(program.merchantId, tx));',
        replace: 'await merchants.get(program.merchantId, tx);\n    void assertTrading;',
      },
    ],
    testFile: enrollmentTests,
    test: 'is not begun with a business whose subscription is over; who is enrolled stays and may leave',
  },
  {
    name: 'consent-quiet',
    mechanism: 'a business hears nothing of a customer who is not with it',
    invariant: 6,
    edits: [
      {
        file: `${enrollments}/enrollment-steps.ts`,
        search: "const quiet = by === 'customer' && enrollment.open !== true;",
        replace: "const quiet = by === 'customer' && by === null;",
      },
    ],
    testFile: enrollmentTests,
    test: 'by a customer who is not with the business, and its end, are the customer’s alone',
  },
  {
    name: 'consent-turns',
    mechanism: 'a request and a no to the same business take turns',
    invariant: 6,
    edits: [{ file: `${enrollments}/consents.ts`, search: '{ $inc: { turns: 1 }, $setOnInsert', replace: '{ $setOnInsert' }],
    testFile: enrollmentTests,
    test: 'what is asked in one program while another is declined sees the no, however early it began',
  },
  {
    name: 'left-line',
    mechanism: 'the points of a card that is closed are not in the business’s list',
    invariant: 7,
    edits: [
      {
        file: 'services/api/src/modules/loyalty/customers.ts',
        search: "field === 'balance' ? 0 : (",
        replace: "field === 'balance' ? card.balance : (",
      },
    ],
    testFile: `${enrollments}/left.test.ts`,
    test: 'from one of two programs takes those points out of the business’s list, and their end does not change it behind its back',
  },
  {
    name: 'question-decided',
    mechanism: 'a notification that is written behind the decision has no buttons',
    invariant: 7,
    edits: [
      {
        file: 'services/notification-worker/src/channels/in-app.ts',
        search: 'decided.has(document.question)',
        replace: 'decided.has(document.userId)',
      },
    ],
    testFile: 'services/notification-worker/tests/worker.test.ts',
    test: 'keeps its buttons until the question is decided, and has none when it was decided before',
  },
  {
    name: 'question-answered',
    mechanism: 'a decision takes the buttons from every device',
    invariant: 7,
    edits: [
      {
        file: `${enrollments}/enrollment-steps.ts`,
        search: 'await questions.answer(tx, questionOf(before._id), answers[status]);',
        replace: 'void questions;',
      },
    ],
    testFile: buttonTests,
    test: 'decided by the route, withdrawn, or lapsed leaves no button that does nothing',
  },
  {
    name: 'consent-elsewhere',
    mechanism: 'a scan for another program does not bring back who has left the business or said no',
    invariant: 6,
    edits: [{ file: `${enrollments}/enrollments.service.ts`, search: '!(await hasEnded(tx, pair))', replace: 'last === null' }],
    testFile: enrollmentTests,
    test: 'is not made by the scan for another program of who has left the business, or said no',
  },
  {
    name: 'consent-both-block',
    mechanism: 'each side keeps a block of its own',
    invariant: 6,
    edits: [
      {
        file: `${enrollments}/enrollment-steps.ts`,
        search: "const isOpen = status === 'approved';",
        replace: "const isOpen = status === 'approved' || status === 'blocked';",
      },
    ],
    testFile: enrollmentTests,
    test: 'both sides may block, on two enrollments of one program; each lifts its own',
  },
  {
    name: 'customers-cursor',
    mechanism: 'a cursor that the list did not give is refused, whatever stands in it',
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/http/ordered.ts',
        search: 'z.tuple([z.literal(name), keySchemaOf(model, field), z.string().max(300)])',
        replace: 'z.tuple([z.literal(name), z.union([z.number(), z.string()]), z.string().max(300)])',
      },
    ],
    testFile: 'services/api/src/modules/customers/customers.test.ts',
    test: 'takes no cursor that it did not give: a word in the place of a time or a number',
  },
  {
    name: 'left-card',
    mechanism: 'what becomes of the points of who has left is not told to the business',
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/modules/loyalty/cards.ts',
        search: "const quiet = before?.status === 'closed' && after.status === 'closed';",
        replace: 'const quiet = false;',
      },
    ],
    testFile: 'tests/e2e/silence.test.ts',
    test: 'the business hears of the customer no more: not by scans, orders, points, rewards, tags, the clock, or a block',
  },
  {
    name: 'customers-name',
    mechanism: 'a name is a name, whatever the database takes it for',
    invariant: 6,
    edits: [{ file: 'services/api/src/modules/loyalty/customers.ts', search: 'name: { $literal: name },', replace: 'name,' }],
    testFile: 'services/api/src/modules/customers/customers.test.ts',
    test: 'takes a name as it is, also one that reads like a word of the database',
  },
  {
    name: 'customers-older-name',
    mechanism: 'a customer’s line keeps the newest name, whichever of the cards changes',
    invariant: 7,
    edits: [
      {
        file: 'services/api/src/modules/loyalty/customers.ts',
        search: "const isOpened = isActive && before?.status !== 'active';",
        replace: 'const isOpened = true;',
      },
    ],
    testFile: 'services/api/src/modules/customers/customers.test.ts',
    test: 'has the name under which the customer joined last, whichever of the cards changes',
  },
  {
    name: 'consent-asks',
    mechanism: 'a customer does not ask a business again and again',
    invariant: 6,
    edits: [
      {
        file: `${enrollments}/enrollments.service.ts`,
        search: 'await assertNotTooOften(tx, pair, by);',
        replace: "if (by === 'merchant') await assertNotTooOften(tx, pair, by);",
      },
    ],
    testFile: enrollmentTests,
    test: 'that the customer withdraws can be made again, five times within 30 days; joining and leaving is another matter',
  },
];
