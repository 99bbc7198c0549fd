const plans = 'services/api/src/modules/plans';
const investments = 'services/api/src/modules/investments';
const plansTests = `${plans}/plans.service.test.ts`;
const investmentsTests = `${investments}/investments.service.test.ts`;
const jobs = `${investments}/investment-jobs.ts`;
const planEvents = 'shared/contracts/src/plans/events.ts';

/** Of plans and of what is invested in them. @type {import('./mutations.mjs').Mutation[]} */
export const planMutations = [
  {
    name: 'plan-batches',
    mechanism: 'a batch adds the next one in its own transaction, so that a crash between the two ends nothing',
    invariant: 4,
    edits: [
      {
        file: jobs,
        search: 'if (batch.length === batches.size) await tx.job(places.termsJob(plan, step + 1, afterPause(tx)));',
        replace: '',
      },
    ],
    testFile: investmentsTests,
    test: 'is followed by each active investment, in batches, each holder told once',
  },
  {
    name: 'plan-batches-once',
    mechanism: 'a batch takes those alone that do not follow the terms yet, so that no holder is told twice',
    invariant: 4,
    edits: [{ file: jobs, search: '{ planId, termsVersion: { $lt: termsVersion } }', replace: '{ planId }' }],
    testFile: investmentsTests,
    test: 'goes on where it was when the process died between two batches, and tells nobody twice',
  },
  {
    name: 'plan-terms-at-maturity',
    mechanism: 'what matures before its batch has come follows the new terms first',
    invariant: 5,
    edits: [{ file: jobs, search: 'found.termsVersion < plan.termsVersion', replace: 'found.termsVersion < 0' }],
    testFile: investmentsTests,
    test: 'counts also for what matures before its batch has come',
  },
  {
    name: 'maturity-once',
    mechanism: 'an investment matures once: by its status, and by the name of its transfer',
    invariant: 5,
    edits: [
      { file: jobs, search: "if (found.status !== 'ACTIVE') return;", replace: '' },
      {
        file: `${investments}/investment-steps.ts`,
        search: "{ _id, status: 'ACTIVE', version },",
        replace: '{ _id },',
      },
      {
        file: `${investments}/investment-steps.ts`,
        search: 'const key = `maturity:${_id}`;',
        replace: 'const key = `maturity:${_id}:${tx.id}`;',
      },
    ],
    testFile: investmentsTests,
    test: 'pays principal and return from plan-returns, once, however often the clock looks',
  },
  {
    name: 'plan-capacity',
    mechanism: 'who invests takes room in the plan by a conditional update',
    invariant: 5,
    edits: [
      {
        file: `${plans}/plan-places.ts`,
        search: "{ $lte: [{ $add: ['$invested', '$reserved', amount] }, '$capacity'] }",
        replace: '{ $lte: [0, 1] }',
      },
    ],
    testFile: investmentsTests,
    test: 'never goes past the capacity, also when many invest at once, and what has ended makes room',
  },
  {
    name: 'plan-migration-room',
    mechanism: 'a plan that takes over investments sets room aside for all of them at once',
    invariant: 5,
    edits: [{ file: `${plans}/plans.service.ts`, search: 'await places.reserve(tx, to, invested);', replace: '' }],
    testFile: investmentsTests,
    test: 'moves them to another plan, whose terms they follow then and later',
  },
  {
    name: 'plan-if-match',
    mechanism: 'an edit of a version that was read before is refused, unless it can be merged',
    invariant: 7,
    edits: [
      {
        file: `${plans}/plans.service.ts`,
        search: 'if (!known || known.includes(plan.version)) return input;',
        replace: 'if (known !== null) return input;',
      },
    ],
    testFile: plansTests,
    test: 'a stale one is refused, with the current document and what a merge would be',
  },
  {
    name: 'plan-merge',
    mechanism: 'a field that both have changed is a conflict, never taken over in silence',
    invariant: 7,
    edits: [
      {
        file: `${plans}/merge.ts`,
        search: 'current[field] !== base[field] && current[field] !== mine[field]',
        replace: 'current[field] === undefined',
      },
    ],
    testFile: `${plans}/merge.test.ts`,
    test: 'names each field that both have changed, and proposes the one that is there',
  },
  {
    name: 'plan-publication-once',
    mechanism: 'a plan is published once, by its state',
    invariant: 4,
    edits: [{ file: `${plans}/plan-jobs.ts`, search: '!plan || plan.published ||', replace: '!plan ||' }],
    testFile: plansTests,
    test: 'comes at its time, once, however often the clock looks; before it only administrators know',
  },
  {
    name: 'plan-drafts',
    mechanism: 'what is not published is told to administrators alone',
    invariant: 6,
    edits: [
      {
        file: planEvents,
        search: 'draft\n    ? [feeds.plansAdmin]\n    : [',
        replace: "draft === ('no' as never)\n    ? [feeds.plansAdmin]\n    : [",
      },
    ],
    testFile: plansTests,
    test: 'comes at its time, once, however often the clock looks; before it only administrators know',
  },
  {
    name: 'plan-admin-email',
    mechanism: 'public feeds do not say which administrator it was',
    invariant: 6,
    edits: [{ file: planEvents, search: "{ feed: feeds.plans, omit: ['adminEmail'] }", replace: 'feeds.plans' }],
    testFile: plansTests,
    test: 'is told to everybody, with who made it to administrators alone',
  },
  {
    name: 'plan-editing-rights',
    mechanism: 'only administrators have a plan open, and see who has',
    invariant: 6,
    edits: [{ file: 'services/socket-gateway/src/editing.ts', search: '!isAdmin(principal.roles)', replace: 'isAdmin([])' }],
    testFile: 'services/socket-gateway/tests/editing.test.ts',
    test: 'is for administrators, and for some plans at once',
  },
  {
    name: 'plan-earned-before',
    mechanism: 'what was over before its plan was withdrawn is paid with its return',
    invariant: 5,
    edits: [
      {
        file: jobs,
        search: 'deletedAt !== null && maturityOf(createdAt, duration) <= deletedAt',
        replace: 'createdAt > maturityOf(createdAt, duration) && deletedAt !== null',
      },
    ],
    testFile: investmentsTests,
    test: 'takes from nobody what was earned before it, where nobody was there to pay',
  },
  {
    name: 'plan-history-draft',
    mechanism: 'the first version that everybody sees says nothing of the draft before it',
    invariant: 6,
    edits: [
      { file: `${plans}/plan-lists.ts`, search: 'isAdmin || one.version !== plan.publishedVersion', replace: 'isAdmin || one.version > 0' },
    ],
    testFile: plansTests,
    test: 'tells of the edit that published a plan what it became, not what the draft was',
  },
];
