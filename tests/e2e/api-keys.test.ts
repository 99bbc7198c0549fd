import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createApi } from '@tidings/api';
import { allRoutes, keyActor, scopes, type AuditEntry, type NewApiKey, type RouteDefinition } from '@tidings/contracts';
import { closeServer, createLogger, listen } from '@tidings/platform';
import { createHttp, expectStatus, itemsOf, waitFor, type Http } from '@tidings/testing';
import { apiKeyOf } from './support/api-keys.js';
import { pathOf } from './support/attempts.js';
import { fixtures } from './support/fixtures.js';
import { createScene, type Scene } from './support/scene.js';

let scene: Scene;
/** Of the other replica: its memory is its own, MongoDB and Redis are shared. */
let otherUrl: string;
let key: NewApiKey;
const undo: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  scene = await createScene();
  const { config, mongo } = scene.world;
  const server = createServer();
  const port = await listen(server, 0, '127.0.0.1');
  const api = createApi({ config: { ...config, PORT: port }, mongo, logger: createLogger({ name: 'other', level: config.LOG_LEVEL }) });
  server.on('request', api.app);
  await api.start();
  otherUrl = `http://127.0.0.1:${port}`;
  undo.push(
    () => closeServer(server),
    () => api.stop(),
  );
  key = await apiKeyOf(scene.admin);
});
afterAll(async () => {
  for (const step of undo.toReversed()) await step();
  await scene.world.stop();
});

const machine = (secret: string, url = scene.world.apiUrl): Http => createHttp(url, secret);
/** Who calls is looked at before anything else: what is asked for need not exist. */
const ask = (route: RouteDefinition, secret: string, url = scene.urlOf(route)) =>
  machine(secret, url).send<{ code?: string }>(route.method.toUpperCase(), route.path.replaceAll(/:\w+/g, '0'));
const byLogin = allRoutes.filter(({ access, at }) => access !== 'public' && at !== 'gateway');

describe('a key with every scope', () => {
  test('is refused by each route that is not for keys, with a code that says so', async () => {
    const others = byLogin.filter(({ scope }) => scope === undefined);
    expect(others.length).toBeGreaterThan(100);
    for (const route of others) {
      const { status, body } = await ask(route, key.secret);
      expect([route.name, status, body.code]).toEqual([route.name, 403, 'not-for-keys']);
    }
  });

  const reached = byLogin.filter(({ scope }) => scope !== undefined);
  const use = async (route: RouteDefinition) => {
    const fixture = await fixtures[route.name]!(scene);
    return machine(key.secret).send(route.method.toUpperCase(), pathOf(route, fixture), fixture.body);
  };

  test('reads what its scopes name', async () => {
    for (const route of reached.filter(({ method }) => method === 'get'))
      expect([route.name, (await use(route)).status]).toEqual([route.name, route.status]);
  });

  test('changes what its scopes name, and the audit log tells that it was this key', async () => {
    for (const route of reached.filter(({ method }) => method !== 'get')) {
      expect([route.name, (await use(route)).status]).toEqual([route.name, route.status]);
      const [newest] = await itemsOf<AuditEntry>(scene.admin.http, '/api/admin/audit?limit=1');
      expect(newest).toMatchObject({ actor: keyActor(key.id), from: { keyId: key.id, ip: expect.any(String) } });
      expect(newest?.from?.sessionId).toBeUndefined();
    }
  });

  test('gets no stream, no feed and no ticket', async () => {
    for (const route of allRoutes.filter(({ at, access }) => at === 'gateway' && access !== 'public')) {
      const fixture = await fixtures[route.name]!(scene);
      const { status, body } = await machine(key.secret, scene.urlOf(route)).send<{ code?: string }>(
        route.method.toUpperCase(),
        pathOf(route, fixture),
      );
      expect([route.name, status, body.code]).toEqual([route.name, 401, 'unauthenticated']);
    }
    await expect(scene.world.connect({ ...scene.admin, token: key.secret })).rejects.toThrow();
    const { headers } = await machine(key.secret).post('/api/admin/plans', { name: 'Silent', roi: 1, duration: 10, minAmount: 100 });
    expect(headers.get('tidings-events')).toBeNull();
  });

  test('looks at a business as somebody outside it does: audited', async () => {
    const { id } = scene.stall.merchant;
    await expectStatus(200, machine(key.secret).get(`/api/merchants/${id}/analytics`));
    const looks = await itemsOf<AuditEntry>(scene.admin.http, `/api/admin/audit?actor=${keyActor(key.id)}&action=merchant.look`);
    expect(looks).toContainEqual(expect.objectContaining({ target: `merchant:${id}`, details: { what: 'analytics' } }));
  });
});

test('a key is refused where its scopes do not lead, and for that nowhere else', async () => {
  for (const scope of scopes) {
    const lacking = await apiKeyOf(scene.admin, { scopes: scopes.filter((other) => other !== scope) });
    for (const route of byLogin.filter((one) => one.scope !== undefined)) {
      const { body } = await ask(route, lacking.secret);
      expect([scope, route.name, body.code === 'scope-missing']).toEqual([scope, route.name, route.scope === scope]);
    }
  }
});

test('what ends a key or a secret on one replica ends it with the next request to the other', async () => {
  const { id, secret } = await apiKeyOf(scene.admin);
  const there = async (token: string) => {
    const { status, body } = await machine(token, otherUrl).get<{ code?: string }>('/api/plans');
    return body.code ?? status;
  };
  expect(await there(secret)).toBe(200);
  const turn = (overlapSeconds: number) =>
    expectStatus(200, scene.admin.http.post<NewApiKey>(`/api/admin/api-keys/${id}/rotate`, { overlapSeconds }));
  const second = (await turn(3_600)).body;
  expect(new Date(second.formerUntil ?? 0).getTime()).toBeGreaterThan(Date.now());
  expect([await there(secret), await there(second.secret)]).toEqual([200, 200]);
  const third = (await turn(0)).body;
  expect(third.formerUntil).toBeNull();
  expect([await there(secret), await there(second.secret), await there(third.secret)]).toEqual(['unauthenticated', 'unauthenticated', 200]);
  for (let time = 0; time < 2; time++) await expectStatus(204, scene.admin.http.send('DELETE', `/api/admin/api-keys/${id}`));
  expect(await there(third.secret)).toBe('key-revoked');
});

test('a secret is shown once and kept nowhere', async () => {
  const { id, secret } = await apiKeyOf(scene.admin);
  const { mongo } = scene.world;
  const { http } = scene.admin;
  await machine(secret).get('/api/plans');
  const shown = async () => (await itemsOf<NewApiKey>(http, '/api/admin/api-keys?limit=100')).find((one) => one.id === id);
  await waitFor('the note of its use', async () => typeof (await shown())?.lastUsedAt === 'string');
  expect(await shown()).toEqual({
    id,
    name: 'The till',
    prefix: secret.slice(0, 32),
    scopes: [...scopes],
    createdAt: expect.any(String),
    createdBy: scene.admin.id,
    expiresAt: '2036-01-01T00:00:00.000Z',
    lastUsedAt: expect.any(String),
    rotatedAt: null,
    formerUntil: null,
    revokedAt: null,
  });
  const kept = secret.slice(-39);
  for (const { name } of await mongo.db.listCollections().toArray()) {
    const found = await mongo.db.collection(name).find().toArray();
    expect([name, JSON.stringify(found).includes(kept)]).toEqual([name, false]);
  }
});

test('keys are made and ended by superadmins alone', async () => {
  const { world, admin } = scene;
  const helper = await world.signUp('Helper');
  await expectStatus(200, admin.http.send('PUT', `/api/admin/users/${helper.id}/roles`, { roles: ['customer', 'admin'] }));
  const { http } = await world.logIn(helper.email, 'correct horse battery');
  for (const route of allRoutes.filter(({ path }) => path.startsWith('/api/admin/api-keys'))) {
    const path = route.path.replace(':id', key.id);
    const { body } = await http.send<{ code?: string }>(route.method.toUpperCase(), path);
    expect([route.name, body.code]).toEqual([route.name, 'forbidden']);
  }
  await expectStatus(200, machine(key.secret).get('/api/plans'));
});
