/** @typedef {import('./mutations.mjs').Mutation} Mutation */

const administrationTests = 'services/api/src/modules/merchants/administration.test.ts';
const administration = 'services/api/src/modules/merchants/administration.ts';

const bulkSteps = 'services/api/src/modules/bulk/bulk-steps.ts';
const bulkTests = 'services/api/src/modules/bulk/bulk.service.test.ts';
const invitations = 'services/api/src/modules/merchants/invitations.ts';
const invitationRecords = 'services/api/src/modules/merchants/invitation-records.ts';
const invitationTests = 'services/api/src/modules/merchants/invitations.test.ts';
const fileTests = 'services/api/tests/files.test.ts';

/** Of the directory and its administration, of bulk operations and of files. @type {Mutation[]} */
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
  {
    name: 'bulk-cancelled',
    mechanism: 'a bulk operation that was cancelled does no more',
    invariant: 4,
    edits: [{ file: bulkSteps, search: "operation.status !== 'running' ||", replace: "operation.status === 'completed' ||" }],
    testFile: bulkTests,
    test: 'that are cancelled do no more, and go on where they were',
  },
  {
    name: 'bulk-run',
    mechanism: 'a step of a bulk operation from before it was resumed is void',
    invariant: 4,
    edits: [{ file: bulkSteps, search: 'if (!operation || operation.run !== run) return;', replace: 'if (!operation) return;' }],
    testFile: bulkTests,
    test: 'a step of an earlier run is void',
  },
  {
    name: 'bulk-delete-superadmin',
    mechanism: 'only superadministrators delete many merchants',
    invariant: 6,
    edits: [{ file: 'services/api/src/modules/bulk/index.ts', search: 'superadminOnly: true', replace: 'superadminOnly: false' }],
    testFile: bulkTests,
    test: 'that delete are for superadministrators, and leave those where something is open',
  },
  {
    name: 'bulk-told-once',
    mechanism: 'a bulk operation tells each member once',
    invariant: 4,
    edits: [
      { file: 'services/api/src/modules/bulk/tellings.ts', search: '{ $set: { toldAt: tx.now } }', replace: '{ $set: { toldAt: null } }' },
    ],
    testFile: bulkTests,
    test: 'tell each member once of all their merchants, also of those before it was cancelled',
  },
  {
    name: 'bulk-fixed-set',
    mechanism: 'who comes after a bulk operation was asked for is not of it',
    invariant: 7,
    edits: [
      { file: bulkSteps, search: 'page.filter((merchant) => merchant.createdAt <= createdAt)', replace: 'page.filter(() => createdAt)' },
    ],
    testFile: bulkTests,
    test: 'by a filter do those who were there when it was asked for',
  },
  {
    name: 'bulk-plan-once',
    mechanism: 'a bulk change of plans leaves those alone that have it',
    invariant: 4,
    edits: [
      {
        file: 'services/api/src/modules/subscriptions/subscriptions.service.ts',
        search: 'if (before.plan === plan) return null;',
        replace: '',
      },
    ],
    testFile: bulkTests,
    test: 'leave those that have it, and audit what was before',
  },
  {
    name: 'bulk-plan-together',
    mechanism: 'a bulk change of plans tells the members together, not of each subscription',
    invariant: 4,
    edits: [
      {
        file: 'shared/contracts/src/subscriptions/events.ts',
        search: "reason === 'bulk' ? []",
        replace: "reason === 'nothing' ? []",
      },
    ],
    testFile: bulkTests,
    test: 'change each subscription once, through a cancellation, and tell the members together',
  },
  {
    name: 'file-sniffed',
    mechanism: 'a file is what its bytes say, and a picture of a kind that holds no scripts',
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/modules/files/images.ts',
        search: "byKind[found?.type ?? '']",
        replace: "byKind[found?.type ?? ''] ?? 'image/png'",
      },
      { file: 'services/api/src/modules/files/images.ts', search: '!(kind in byKind)', replace: "!(kind in byKind) && kind !== 'svg'" },
    ],
    testFile: fileTests,
    test: 'refuse what can hold scripts, whatever it is called',
  },
  {
    name: 'file-kinds',
    mechanism: 'of images that are refused nothing is read, as one kind’s reader goes on for ever',
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/modules/files/images.ts',
        search: 'disableTypes(types.filter((kind) => !(kind in byKind)));',
        replace: 'disableTypes(types.slice(0, 0));',
      },
    ],
    testFile: 'services/api/src/modules/files/images.test.ts',
    test: 'of a kind that is refused is not read',
  },
  {
    name: 'file-owner',
    mechanism: 'a file that nothing uses is its sender’s alone',
    invariant: 6,
    edits: [
      { file: 'services/api/src/modules/files/files.service.ts', search: 'if (!file || !mayRead(caller, file))', replace: 'if (!file)' },
    ],
    testFile: fileTests,
    test: 'are nobody else’s until something uses them',
  },
  {
    name: 'file-used-kept',
    mechanism: 'a file that is used is not swept up',
    invariant: 4,
    edits: [
      {
        file: 'services/api/src/modules/files/files.service.ts',
        search: '{ _id, usedBy: null, expiresAt: { $lte: now } }',
        replace: '{ _id, expiresAt: { $lte: now } }',
      },
      {
        file: 'services/api/src/modules/files/files.service.ts',
        search: '{ $set: { usedBy, expiresAt: null } }',
        replace: '{ $set: { usedBy } }',
      },
    ],
    testFile: fileTests,
    test: 'are set by an owner, everybody’s, and on each directory',
  },
  {
    name: 'invitation-secret',
    mechanism: 'an invitation is answered with the secret of its newest token',
    invariant: 6,
    edits: [
      {
        file: invitations,
        search: '!isSame(invitation.tokenHash, hashOf(secret)) ||',
        replace: '!isSame(hashOf(secret), hashOf(secret)) ||',
      },
    ],
    testFile: invitationTests,
    test: 'keep their token nowhere, and serve nobody with another address or another secret',
  },
  {
    name: 'invitation-address',
    mechanism: 'an invitation is answered by whoever has its address',
    invariant: 6,
    edits: [{ file: invitations, search: '|| invitation.email !== user.email.toLowerCase()', replace: '|| !user.email' }],
    testFile: invitationTests,
    test: 'keep their token nowhere, and serve nobody with another address or another secret',
  },
  {
    name: 'invitation-removed',
    mechanism: 'who is removed as a member is not let in again by an invitation from before',
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/modules/merchants/members.ts',
        search: 'await invitations.withdraw(tx, { merchantId, email });',
        replace: '',
      },
    ],
    testFile: invitationTests,
    test: 'are void once their guest was a member and is none any more',
  },
  {
    name: 'invitation-once',
    mechanism: 'an invitation is answered once, and not when it is over',
    invariant: 4,
    edits: [
      {
        file: invitations,
        search: "if (status !== 'pending' || expiresAt <= now) throw",
        replace: "if (status !== 'pending' && !expiresAt && !now) throw",
      },
      { file: invitationRecords, search: "{ _id, version, status: 'pending' },", replace: '{ _id, version },' },
    ],
    testFile: invitationTests,
    test: 'end when they are taken back, and after seven days',
  },
];
