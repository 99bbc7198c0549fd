import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createApi } from '@tidings/api';
import { allRoutes, scopes, type NewApiKey, type RouteDefinition } from '@tidings/contracts';
import { closeServer, createLogger, listen } from '@tidings/platform';
import { createHttp, expectStatus, itemsOf, waitFor } from '@tidings/testing';
import { startApi, type Person, type TestApi } from './support/api.js';

let api: TestApi;
let admin: Person;
/** Of the other replica: its memory is its own, MongoDB and Redis are shared. */
let otherUrl: string;
const undo: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  api = await startApi();
  admin = await api.admin();
  const server = createServer();
  const port = await listen(server, 0, '127.0.0.1');
  const { config } = api.api.context;
  const other = createApi({ config, mongo: api.mongo, logger: createLogger({ name: 'other', level: config.LOG_LEVEL }) });
  server.on('request', other.app);
  await other.start();
  otherUrl = `http://127.0.0.1:${port}`;
  undo.push(
    () => closeServer(server),
    () => other.stop(),
  );
});
afterAll(async () => {
  for (const step of undo.toReversed()) await step();
  await api.stop();
});

/** With a name for the attempt, whose answer must not be kept. */
const make = async (fields: object = {}): Promise<NewApiKey> => {
  const body = { name: 'The till', scopes: [...scopes], ...fields };
  return (await expectStatus(201, admin.http.post<NewApiKey>('/api/admin/api-keys', body, { 'idempotency-key': randomUUID() }))).body;
};
/** Who calls is looked at before anything else: what is asked for need not exist. */
const ask = ({ method, path }: RouteDefinition, secret: string) =>
  api.as(secret).send<{ code?: string }>(method.toUpperCase(), path.replaceAll(/:\w+/g, '0'));
const byLogin = allRoutes.filter(({ access, at }) => access !== 'public' && at !== 'gateway');

test('each route that is not for keys refuses one with every scope, with a code that says so', async () => {
  const { secret } = await make();
  const others = byLogin.filter(({ scope }) => scope === undefined);
  expect(others.length).toBeGreaterThan(100);
  for (const route of others) {
    const { status, body } = await ask(route, secret);
    expect([route.name, status, body.code]).toEqual([route.name, 403, 'not-for-keys']);
  }
});

test('a key is refused where its scopes do not lead, and for that nowhere else', async () => {
  for (const scope of scopes) {
    const lacking = await make({ scopes: scopes.filter((other) => other !== scope) });
    for (const route of byLogin.filter((one) => one.scope !== undefined)) {
      const { body } = await ask(route, lacking.secret);
      expect([scope, route.name, body.code === 'scope-missing']).toEqual([scope, route.name, route.scope === scope]);
    }
  }
});

test('what ends a key or a secret on one replica ends it with the next request to the other', async () => {
  const { id, secret } = await make();
  const there = async (token: string) => {
    const { status, body } = await createHttp(otherUrl, token).get<{ code?: string }>('/api/plans');
    return body.code ?? status;
  };
  expect(await there(secret)).toBe(200);
  const turn = (overlapSeconds: number) =>
    expectStatus(200, admin.http.post<NewApiKey>(`/api/admin/api-keys/${id}/rotate`, { overlapSeconds }));
  const second = (await turn(3_600)).body;
  expect(Date.parse(second.formerUntil ?? '')).toBeGreaterThan(Date.parse(second.rotatedAt ?? ''));
  expect([await there(secret), await there(second.secret)]).toEqual([200, 200]);
  const third = (await turn(0)).body;
  expect(third.formerUntil).toBeNull();
  expect([await there(secret), await there(second.secret), await there(third.secret)]).toEqual(['unauthenticated', 'unauthenticated', 200]);
  for (let time = 0; time < 2; time++) await expectStatus(204, admin.http.send('DELETE', `/api/admin/api-keys/${id}`));
  expect(await there(third.secret)).toBe('key-revoked');
});

test('a secret is shown once and kept nowhere', async () => {
  const { id, secret } = await make({ expiresAt: '2036-01-01T00:00:00.000Z' });
  await expectStatus(200, api.as(secret).get('/api/plans'));
  const shown = async () => (await itemsOf<NewApiKey>(admin.http, '/api/admin/api-keys?limit=100')).find((one) => one.id === id);
  await waitFor('the note of its use', async () => typeof (await shown())?.lastUsedAt === 'string');
  expect(await shown()).toEqual({
    id,
    name: 'The till',
    prefix: secret.slice(0, 32),
    scopes: [...scopes],
    createdAt: expect.any(String),
    createdBy: admin.id,
    expiresAt: '2036-01-01T00:00:00.000Z',
    lastUsedAt: expect.any(String),
    rotatedAt: null,
    formerUntil: null,
    revokedAt: null,
  });
  for (const { name } of await api.mongo.db.listCollections().toArray()) {
    const found = await api.mongo.db.collection(name).find().toArray();
    expect([name, JSON.stringify(found).includes(secret.slice(-39))]).toEqual([name, false]);
  }
});

test('keys are made and ended by superadmins alone', async () => {
  const { id, secret } = await make();
  const helper = await api.register();
  await expectStatus(200, admin.http.send('PUT', `/api/admin/users/${helper.id}/roles`, { roles: ['customer', 'admin'] }));
  for (const route of allRoutes.filter(({ path }) => path.startsWith('/api/admin/api-keys'))) {
    const { body } = await helper.http.send<{ code?: string }>(route.method.toUpperCase(), route.path.replace(':id', id));
    expect([route.name, body.code]).toEqual([route.name, 'forbidden']);
  }
  await expectStatus(200, api.as(secret).get('/api/plans'));
});
