/** @typedef {import('./mutations.mjs').Mutation} Mutation */

const administrationTests = 'services/api/src/modules/merchants/administration.test.ts';
const administration = 'services/api/src/modules/merchants/administration.ts';

/** Of the directory and its administration. @type {Mutation[]} */
export const merchantMutations = [
  {
    name: 'merchant-if-match',
    mechanism: 'a change of a merchant that is based on an older document is refused',
    invariant: 7,
    edits: [{ file: administration, search: 'checkIfMatch(ifMatch, before.version, () => viewForAdmins(before));', replace: '' }],
    testFile: administrationTests,
    test: 'that is stale is refused with the document as it is; without If-Match the last one wins',
  },
  {
    name: 'merchant-email-unique',
    mechanism: 'there is one merchant of each e-mail address',
    invariant: 7,
    edits: [
      {
        file: 'services/api/src/modules/merchants/merchants.model.ts',
        search: '{ emailKey: 1 }, { unique: true, sparse: true }',
        replace: '{ emailKey: 1 }, { sparse: true }',
      },
    ],
    testFile: 'services/api/src/modules/merchants/merchants.service.test.ts',
    test: 'the same merchant is not added twice, not even at once',
  },
  {
    name: 'merchant-open-matters',
    mechanism: 'a merchant is not deleted while orders or money are open',
    invariant: 5,
    edits: [
      {
        file: administration,
        search: "if (errors.length > 0) throw new Problem('merchant-in-use'",
        replace: "if (!errors) throw new Problem('merchant-in-use'",
      },
    ],
    testFile: administrationTests,
    test: 'is refused while orders are open, and while their money is there',
  },
  {
    name: 'merchant-menu-follows',
    mechanism: 'a menu follows what suspends its merchant',
    invariant: 7,
    edits: [{ file: administration, search: 'await selling.follow(tx, after);', replace: 'await Promise.resolve();' }],
    testFile: administrationTests,
    test: 'of activity or time zone is on the menu at once',
  },
  {
    name: 'merchant-contacts',
    mechanism: "contacts stand in the administrators' feed alone",
    invariant: 6,
    edits: [
      {
        file: 'shared/contracts/src/merchants/events.ts',
        search: "const isPrivate = ['contacts', 'adminEmail'] as const;",
        replace: 'const isPrivate: string[] = [];',
      },
    ],
    testFile: 'services/api/src/modules/merchants/merchants.service.test.ts',
    test: 'a new one is told to everybody with its public fields, to administrators with the rest',
  },
];
