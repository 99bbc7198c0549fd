import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Principal } from '@tidings/contracts';
import { collections, type AuditEntry } from '@tidings/feed';
import { createClock } from '../../../tests/support/cards.js';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { createKeyring, type Keyring, type StoredKey } from '../../http/keyring.js';
import { apiKeyModels, type ApiKeyModels } from './api-keys.model.js';
import { presentApiKey } from './api-keys.presenter.js';
import { createApiKeys, type ApiKeys } from './api-keys.service.js';

const clock = createClock(new Date());
let domain: Domain;
let models: ApiKeyModels;
let apiKeys: ApiKeys;
/** As another replica has it: nothing but the database in common. */
let keyring: Keyring;
let admin: Principal;
beforeAll(async () => {
  domain = await createDomain({ now: clock.now });
  models = apiKeyModels(domain.mongo.connection);
  await models.apiKeys.createCollection();
  await models.apiKeys.createIndexes();
  apiKeys = createApiKeys(models);
  keyring = createKeyring(domain.mongo, clock.now);
  admin = await domain.person({ roles: ['customer', 'superadmin'] });
});
beforeEach(() => models.apiKeys.deleteMany({}));
afterAll(() => domain.stop());

const create = async (expiresAt?: Date) => {
  const input = { name: 'The till', scopes: ['plans:read' as const], ...(expiresAt ? { expiresAt: expiresAt.toISOString() } : {}) };
  const { result } = await domain.run((tx) => apiKeys.create(tx, admin, input), admin.userId);
  return { id: result.key._id, secret: result.secret };
};
const rotate = async (id: string, overlapSeconds: number) =>
  (await domain.run((tx) => apiKeys.rotate(tx, id, overlapSeconds), admin.userId)).result.secret;
const revoke = (id: string) => domain.run((tx) => apiKeys.revoke(tx, id), admin.userId);
const refused = (code: string) => expect.objectContaining({ code });
/** Local: the note of a use does not wait for the majority. */
const stored = async (id: string): Promise<StoredKey> => {
  const key = await domain.mongo.db.collection<StoredKey>('api_keys', { readConcern: { level: 'local' } }).findOne({ _id: id });
  if (!key) throw new Error(`There is no key ${id}`);
  return key;
};
const inDays = (days: number): Date => new Date(clock.now().getTime() + days * 86_400_000);

describe('an API key', () => {
  test('lets in who has its secret, and is kept as a hash of it', async () => {
    const { id, secret } = await create();
    expect(secret).toMatch(/^tk_[0-9a-f]{24}_[\w-]{43}$/);
    expect(await keyring.check(secret)).toEqual({ id, name: 'The till', scopes: ['plans:read'] });
    const text = JSON.stringify(await stored(id));
    expect(text).not.toContain(secret.slice(-39));
    expect(presentApiKey((await stored(id)) as never, clock.now())).toMatchObject({ prefix: secret.slice(0, 32), createdBy: admin.userId });
  });

  test('lets nobody in with another secret, another form, or the id alone', async () => {
    const { id, secret } = await create();
    const other = secret.endsWith('A') ? 'B' : 'A';
    const { secret: second } = await create();
    const wrong = [
      `${secret.slice(0, -1)}${other}`,
      `tk_${id}_${second.slice(-43)}`,
      `tk_${id}_`,
      `tk_${id}`,
      'tk_',
      `${secret}A`,
      'tk_$ne_x',
    ];
    for (const token of wrong) await expect(keyring.check(token)).rejects.toEqual(refused('unauthenticated'));
  });

  test('ends when it is revoked, once, whoever asks again', async () => {
    const { id, secret } = await create();
    await keyring.check(secret);
    for (let time = 0; time < 2; time++) await revoke(id);
    await expect(keyring.check(secret)).rejects.toEqual(refused('key-revoked'));
    await expect(keyring.check(`tk_${id}_${'A'.repeat(43)}`)).rejects.toEqual(refused('unauthenticated'));
    expect(await auditOf(id)).toEqual(['api-key.create', 'api-key.revoke']);
    await expect(rotate(id, 0)).rejects.toEqual(refused('invalid-transition'));
    await expect(revoke('0'.repeat(24))).rejects.toEqual(refused('not-found'));
  });

  test('ends by itself at its time', async () => {
    await expect(create(clock.now())).rejects.toEqual(refused('bad-request'));
    const { id, secret } = await create(inDays(1));
    await keyring.check(secret);
    clock.forward(86_400_000);
    await expect(keyring.check(secret)).rejects.toEqual(refused('key-expired'));
    await expect(rotate(id, 60)).rejects.toEqual(refused('invalid-transition'));
  });

  test('is noted as used once a minute, however often and by however many at once', async () => {
    const { id, secret } = await create();
    const began = clock.now();
    await Promise.all(Array.from({ length: 5 }, () => keyring.check(secret)));
    clock.forward(59_000);
    await keyring.check(secret);
    expect((await stored(id)).lastUsedAt).toEqual(began);
    clock.forward(1_000);
    await keyring.check(secret);
    expect((await stored(id)).lastUsedAt).toEqual(clock.now());
  });
});

describe('a rotation', () => {
  test('lets the secret from before work until its overlap ends', async () => {
    const { id, secret } = await create();
    const next = await rotate(id, 60);
    expect(next).not.toBe(secret);
    for (const token of [secret, next]) expect(await keyring.check(token)).toMatchObject({ id });
    clock.forward(59_999);
    await keyring.check(secret);
    clock.forward(1);
    await expect(keyring.check(secret)).rejects.toEqual(refused('key-expired'));
    await keyring.check(next);
  });

  test('ends at once what came before with an overlap of 0, also what was still to work from an earlier one', async () => {
    const { id, secret } = await create();
    const second = await rotate(id, 3_600);
    const third = await rotate(id, 0);
    for (const token of [secret, second]) await expect(keyring.check(token)).rejects.toEqual(refused('unauthenticated'));
    expect(await keyring.check(third)).toMatchObject({ id });
  });

  test('whose answer was lost is asked for again, and the machine goes on with what it has', async () => {
    const { id, secret } = await create();
    await rotate(id, 600);
    const third = await rotate(id, 600);
    for (const token of [secret, third]) expect(await keyring.check(token)).toMatchObject({ id });
    await Promise.all([rotate(id, 600), rotate(id, 600)]);
    await keyring.check(third);
    await expect(rotate(id, 600)).rejects.toEqual(refused('invalid-transition'));
    await rotate(id, 0);
    expect(await auditOf(id)).toEqual(['api-key.create', ...Array.from({ length: 5 }, () => 'api-key.rotate')]);
  });

  test('makes no secret work longer than the key', async () => {
    const { id, secret } = await create(new Date(clock.now().getTime() + 30_000));
    const next = await rotate(id, 600);
    clock.forward(30_000);
    for (const token of [secret, next]) await expect(keyring.check(token)).rejects.toEqual(refused('key-expired'));
  });
});

test('the list is newest first, in pages, with those that have ended', async () => {
  const made: string[] = [];
  for (let at = 0; at < 5; at++) {
    made.unshift((await create()).id);
    clock.forward(1);
  }
  await revoke(made[2]!);
  const seen: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const { page, nextCursor } = await apiKeys.list({ limit: 2, cursor });
    seen.push(...page.map(({ _id }) => _id));
    cursor = nextCursor;
  }
  expect(seen).toEqual(made);
});

async function auditOf(id: string): Promise<string[]> {
  const found = await domain.mongo.db
    .collection<AuditEntry>(collections.audit)
    .find({ target: `api-key:${id}` })
    .sort({ at: 1, _id: 1 })
    .toArray();
  for (const entry of found) {
    expect(entry.actor).toBe(admin.userId);
    expect(JSON.stringify(entry)).not.toMatch(/tk_[0-9a-f]{24}_[\w-]{5}|hash/);
  }
  return found.map(({ action }) => action);
}
