/** The mechanisms of API keys; see mutations.mjs. */

const keyring = 'services/api/src/http/keyring.ts';
const service = 'services/api/src/modules/api-keys/api-keys.service.ts';
const serviceTests = 'services/api/src/modules/api-keys/api-keys.service.test.ts';
const keyTests = 'services/api/tests/api-keys.test.ts';
const onReplicas = 'what ends a key or a secret on one replica ends it with the next request to the other';

/** @type {import('./mutations.mjs').Mutation[]} */
export const apiKeyMutations = [
  {
    name: 'key-revoked',
    mechanism: 'a key that was revoked lets nobody in, on any replica',
    invariant: 6,
    edits: [{ file: keyring, search: 'if (key.revokedAt) throw', replace: 'if (key.revokedAt && key.former === null) throw' }],
    testFile: keyTests,
    test: onReplicas,
  },
  {
    name: 'key-cache',
    mechanism: 'no replica remembers a key beyond a request',
    invariant: 6,
    edits: [
      { file: keyring, search: 'const noteUse =', replace: 'const kept = new Map<string, StoredKey>();\n  const noteUse =' },
      {
        file: keyring,
        search: '(await load(presented.id)).get(presented.id);',
        replace: '(kept.get(presented.id) ?? (await load(presented.id)).get(presented.id));\n      if (key) kept.set(key._id, key);',
      },
    ],
    testFile: keyTests,
    test: onReplicas,
  },
  {
    name: 'key-expiry',
    mechanism: 'a key ends at its time',
    invariant: 6,
    edits: [{ file: keyring, search: 'key.expiresAt <= now', replace: 'key.expiresAt === now' }],
    testFile: serviceTests,
    test: 'ends by itself at its time',
  },
  {
    name: 'key-overlap',
    mechanism: 'a secret that was replaced ends with its overlap',
    invariant: 6,
    edits: [{ file: keyring, search: 'former.until <= now', replace: 'former.until === now' }],
    testFile: serviceTests,
    test: 'lets the secret from before work until its overlap ends',
  },
  {
    name: 'key-overlap-cut',
    mechanism: 'a rotation also cuts the overlaps of those before it',
    invariant: 6,
    edits: [{ file: service, search: 'until: secret.until < end ? secret.until : end', replace: 'until: secret.until' }],
    testFile: serviceTests,
    test: 'ends at once what came before with an overlap of 0, also what was still to work from an earlier one',
  },
  {
    name: 'key-scope',
    mechanism: 'a key reaches what its scopes name alone',
    invariant: 6,
    edits: [{ file: keyring, search: 'if (!scopes.includes(scope)) throw', replace: 'if (scopes.length === 0) throw' }],
    testFile: keyTests,
    test: 'a key is refused where its scopes do not lead, and for that nowhere else',
  },
  {
    name: 'key-people',
    mechanism: 'what names no scope is not for keys, and no key makes keys',
    invariant: 6,
    edits: [
      {
        file: keyring,
        search: "if (scope === undefined) throw new Problem('not-for-keys');",
        replace: "if (scope === undefined) return { userId: keyActor(id), sessionId: id, roles: ['superadmin'], merchants: [] };",
      },
    ],
    testFile: keyTests,
    test: 'each route that is not for keys refuses one with every scope, with a code that says so',
  },
  {
    name: 'key-hash',
    mechanism: 'of a secret a hash is kept, and no more than how it begins',
    invariant: 6,
    edits: [{ file: 'services/api/src/http/api-key-secrets.ts', search: 'secret.slice(0, shownCharacters)', replace: 'secret' }],
    testFile: serviceTests,
    test: 'lets in who has its secret, and is kept as a hash of it',
  },
  {
    name: 'key-answer',
    mechanism: 'the answer that shows a secret is not kept for who asks again',
    invariant: 6,
    edits: [
      {
        file: 'shared/contracts/src/admin/api-keys.ts',
        search: 'status: 201,',
        replace: 'status: 201,\n    write: true,',
      },
    ],
    testFile: keyTests,
    test: 'a secret is shown once and kept nowhere',
  },
  {
    name: 'key-limit',
    mechanism: 'each key has a limit of requests of its own',
    invariant: 6,
    edits: [{ file: 'services/api/src/http/authenticate.ts', search: 'state.userId = keyActor(state.key.id);', replace: 'void keyActor;' }],
    testFile: 'services/api/tests/api-key-limit.test.ts',
    test: 'each key has the limit of requests to itself, and nobody uses it up without its secret',
  },
  {
    name: 'key-revoked-once',
    mechanism: 'revoking again does nothing',
    invariant: 5,
    edits: [{ file: service, search: 'if (key.revokedAt) return;', replace: '' }],
    testFile: serviceTests,
    test: 'ends when it is revoked, once, whoever asks again',
  },
  {
    name: 'key-noted',
    mechanism: 'the use of a key is written once a minute',
    invariant: 5,
    edits: [
      { file: keyring, search: 'lastUsedAt > stale', replace: 'lastUsedAt > now' },
      { file: keyring, search: '$lte: stale', replace: '$lte: now' },
    ],
    testFile: serviceTests,
    test: 'is noted as used once a minute, however often and by however many at once',
  },
  {
    name: 'key-origin',
    mechanism: 'the audit log tells by which key a change was made',
    invariant: 6,
    edits: [{ file: 'shared/feed/src/audit.ts', search: 'if (keyId !== undefined) return { ...from, keyId };', replace: 'void keyId;' }],
    testFile: 'tests/e2e/api-keys.test.ts',
    test: 'a key changes what its scopes name, and the audit log tells that it was this key',
  },
];
