/** The chain of the audit log, and what stands in it; see mutations.mjs. */

const chainTests = 'shared/feed/tests/audit-chain.test.ts';
const sealer = 'shared/feed/src/audit-chain.ts';
const verifier = 'shared/feed/src/audit-verify.ts';

/** @type {import('./mutations.mjs').Mutation[]} */
export const auditMutations = [
  {
    name: 'audit-hash',
    mechanism: 'an entry of the audit log that was changed is found',
    invariant: 6,
    edits: [
      {
        file: verifier,
        search: 'entryHash(entry) !== seal.entryHash',
        replace: "entryHash(entry) === ''",
      },
    ],
    testFile: chainTests,
    test: 'an entry that was changed, in any field',
  },
  {
    name: 'audit-link',
    mechanism: 'a seal goes on from the one before',
    invariant: 6,
    edits: [
      {
        file: verifier,
        search: 'seal.previousHash !== last.hash',
        replace: "last.hash === ''",
      },
    ],
    testFile: chainTests,
    test: 'two that changed places',
  },
  {
    name: 'audit-seal',
    mechanism: 'a seal that is another than it was made is found',
    invariant: 6,
    edits: [
      {
        file: verifier,
        search: 'seal.hash === sealHash(seal)',
        replace: "seal.hash !== ''",
      },
    ],
    testFile: chainTests,
    test: 'whatever was made of the documents',
  },
  {
    name: 'audit-removed',
    mechanism: 'an entry that is gone is found',
    invariant: 6,
    edits: [
      {
        file: verifier,
        search: 'seal.entryHash !== null && !entry ?',
        replace: "seal.entryHash === '' ?",
      },
    ],
    testFile: chainTests,
    test: 'an entry that was removed, with its seal too, and before it was sealed',
  },
  {
    name: 'audit-tail',
    mechanism: 'a chain that ends before its known end is found',
    invariant: 6,
    edits: [
      {
        file: verifier,
        search: 'if (seq > last.seq)',
        replace: 'if (seq < 0)',
      },
    ],
    testFile: chainTests,
    test: 'a tail that was cut off: by the head, and with the head by a place from before',
  },
  {
    name: 'audit-put-in',
    mechanism: 'an entry without a seal is found',
    invariant: 6,
    edits: [
      {
        file: verifier,
        search: 'else if (forgotten.length < mostProblems)',
        replace: 'else if (forgotten.length < 0)',
      },
    ],
    testFile: chainTests,
    test: 'an entry that was put in without a seal, or between two',
  },
  {
    name: 'audit-fork',
    mechanism: 'two who seal at once do not give a place twice',
    invariant: 6,
    edits: [
      {
        file: sealer,
        search: "{ _id: 'head', seq: before.seq }",
        replace: "{ _id: 'head' }",
      },
      {
        file: sealer,
        search: '{ session, upsert: true }',
        replace: '{ upsert: true }',
      },
    ],
    testFile: chainTests,
    test: 'has no fork when several seal at once, from the first entry on',
  },
  {
    name: 'audit-round',
    mechanism: 'what seals and what takes the marks away is one transaction',
    invariant: 6,
    edits: [
      {
        file: sealer,
        search: 'await marks.deleteMany({ _id: ids }, { session });',
        replace: 'await marks.deleteMany({ _id: ids });',
      },
      {
        file: sealer,
        search: '      if (added.length > 0) {',
        replace: '      await marks.deleteMany({ _id: ids });\n      if (added.length > 0) {',
      },
    ],
    testFile: chainTests,
    test: 'keeps nothing of a round that was cut off, and the next one seals it',
  },
  {
    name: 'audit-marks',
    mechanism: 'an entry waits for its seal from its commit on',
    invariant: 6,
    edits: [
      {
        file: 'shared/feed/src/audit.ts',
        search: '      documents.map(({ _id }) => ({ _id })),\n      { session },',
        replace: '      documents.map(({ _id }) => ({ _id })),',
      },
    ],
    testFile: chainTests,
    test: 'is gone with its transaction, mark and all',
  },
  {
    name: 'audit-masked',
    mechanism: 'no secret reaches the audit log',
    invariant: 6,
    edits: [
      {
        file: 'shared/feed/src/audit.ts',
        search: 'mask(JSON.parse(JSON.stringify(value)), String)',
        replace: 'JSON.parse(JSON.stringify(value))',
      },
    ],
    testFile: chainTests,
    test: 'tells who, from where, and what was there before and after, without secrets and cut to a size',
  },
  {
    name: 'audit-route',
    mechanism: 'what administrators change is in the audit log, on every route',
    invariant: 6,
    edits: [
      {
        file: 'services/api/src/modules/merchants/administration.ts',
        search: "      await tx.audit({\n        action: 'merchant.update',",
        replace: "      void ({\n        action: 'merchant.update',",
      },
    ],
    testFile: 'tests/e2e/audit.test.ts',
    test: 'by an administrator is in the audit log, with what was there before and after',
  },
  {
    name: 'audit-change',
    mechanism: 'an entry shows what was there before and after',
    invariant: 6,
    edits: [
      {
        file: 'shared/feed/src/outbox.ts',
        search: 'Object.assign(last, change)',
        replace: 'void change',
      },
    ],
    testFile: 'tests/e2e/audit.test.ts',
    test: 'by an administrator is in the audit log, with what was there before and after',
  },
  {
    name: 'audit-origin',
    mechanism: 'an entry tells where the request came from',
    invariant: 6,
    edits: [
      {
        file: 'shared/feed/src/outbox.ts',
        search: '...(origin ? { from: origin } : {})',
        replace: '',
      },
    ],
    testFile: 'tests/e2e/audit.test.ts',
    test: 'by an administrator is in the audit log, with what was there before and after',
  },
];
