import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startNginx, type Nginx } from '@tidings/dev';
import { pause } from '@tidings/platform';
import { createWorld, expectStatus, password, waitFor, type Account, type World } from '@tidings/testing';
import { EventSource } from 'eventsource';
import { freePort, provideNginx } from '../../tools/servers/index.mjs';
import { openScreen, transports, type Screen } from './support/screens.js';
import { startTcpProxy } from './support/tcp-proxy.js';

let world: World;
let nginx: Nginx;
let folder: string;
const screens: Screen[] = [];

beforeAll(async () => {
  world = await createWorld({ gateways: 2, env: { ANONYMOUS_STREAMS_PER_ADDRESS: '1000' } });
  folder = mkdtempSync(join(tmpdir(), 'tidings-streams-test-'));
  const [g1, g2] = world.gatewayUrls.map((url) => new URL(url).host) as [string, string];
  nginx = await startNginx({
    nginxPath: await provideNginx(),
    folder,
    port: await freePort(),
    internalPort: await freePort(),
    api: [new URL(world.apiUrl).host],
    gateways: { g1, g2 },
  });
}, 120_000);

afterAll(async () => {
  for (const screen of screens) screen.close();
  await nginx?.stop();
  await world?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const edge = (): string => `http://127.0.0.1:${nginx.port}`;

async function screen(...given: Parameters<typeof openScreen>): Promise<Screen> {
  const opened = await openScreen(...given);
  screens.push(opened);
  return opened;
}

let made = 0;
async function createPlan({ http }: Account): Promise<string> {
  const body = { name: `Plan ${++made} ${Date.now()}`, roi: 2.5, duration: 30, minAmount: 100 };
  return (await expectStatus(201, http.post<{ id: string }>('/api/admin/plans', body))).body.id;
}

async function makeAdmin(name: string): Promise<Account> {
  const { id, email } = await world.signUp(name);
  const superadmin = await world.admin();
  await expectStatus(200, superadmin.http.send('PUT', `/api/admin/users/${id}/roles`, { roles: ['admin'] }));
  return world.logIn(email, password);
}

const updatePlan = ({ http }: Account, id: string, roi: number) => expectStatus(200, http.send('PUT', `/api/admin/plans/${id}`, { roi }));

const ids = ({ shown }: Screen): string[] => shown.map(({ data }) => data.meta.id);
const seqs = ({ shown }: Screen): number[] => shown.map(({ data }) => data.meta.seq);

test('three administrators and fifty users, over all transports and through nginx: each sees every change once and in order', async () => {
  const admins = await Promise.all([world.admin(), makeAdmin('Berta'), makeAdmin('Chandra')]);
  const users: Account[] = [];
  while (users.length < 50)
    users.push(...(await Promise.all(Array.from({ length: 5 }, (_, index) => world.signUp(`User ${users.length + index}`)))));
  const watching = {
    admins: await Promise.all(
      admins.map((account, index) => screen({ url: edge(), account, feed: 'plans:admin', transport: transports[index]! })),
    ),
    users: await Promise.all(
      users.map((account, index) => screen({ url: edge(), account, feed: 'plans', transport: transports[index % 3]! })),
    ),
  };
  // Each of the administrators with plans of its own, all at the same time.
  const changes = 8;
  const makers = new Map<string, string>();
  await Promise.all(
    admins.map(async (admin) => {
      const plan = await createPlan(admin);
      makers.set(plan, admin.email);
      for (let change = 1; change < changes - 1; change++) await updatePlan(admin, plan, change);
      await expectStatus(204, admin.http.send('DELETE', `/api/admin/plans/${plan}`));
    }),
  );
  const all = [...watching.admins, ...watching.users];
  await waitFor('every change on every screen', () => all.every(({ shown }) => shown.length >= admins.length * changes));
  const expected = { admins: ids(watching.admins[0]!), users: ids(watching.users[0]!) };
  expect(new Set(expected.users).size).toBe(admins.length * changes);
  expect(expected.admins).toEqual(expected.users);
  for (const one of all) expect([one.transport, ids(one)]).toEqual([one.transport, expected.users]);
  for (const { shown } of watching.admins)
    for (const { data } of shown) expect(data['adminEmail']).toBe(makers.get(String(data['planId'])));
  for (const { shown } of watching.users) for (const { data } of shown) expect(data).not.toHaveProperty('adminEmail');
  for (const one of all) one.close();
}, 120_000);

test('through nginx events are not held back, and a ticket is in no log', async () => {
  const admin = await world.admin();
  const { body } = await admin.http.post<{ ticket: string }>('/api/feeds/tickets', {});
  const source = new EventSource(`${edge()}/api/plans/subscribe?ticket=${body.ticket}`);
  const got: { type: string; adminEmail?: string }[] = [];
  source.addEventListener('message', ({ data }) => void got.push(JSON.parse(String(data)) as { type: string }));
  await waitFor('the greeting', () => got.length === 1);
  await createPlan(admin);
  await waitFor('the plan', () => got.length === 2);
  expect(got.map(({ type, adminEmail }) => [type, adminEmail])).toEqual([
    ['CONNECTED', undefined],
    ['CREATE', admin.email],
  ]);
  source.close();
  await waitFor('the line of the log', () => readFileSync(nginx.accessLogFile, 'utf8').includes('/api/plans/subscribe?ticket=[masked]'));
  expect(readFileSync(nginx.accessLogFile, 'utf8')).not.toContain(body.ticket);
});

test('a ticket is as good as the login that asked for it, and ends with it', async () => {
  const account = await world.signUp('Leaver');
  const feed = `user:${account.id}`;
  const watching = await screen({ url: edge(), account, feed, transport: 'sse' });
  expect((await account.http.post('/api/feeds/tickets', { feeds: ['admin'] })).status).toBe(403);
  await expectStatus(204, account.http.post('/api/auth/logout'));
  await waitFor('the end of the stream', () => watching.words.includes('session-revoked'));
  watching.close();
});

describe('a network that is away for 10 s', () => {
  test('costs no screen anything, and doubles nothing: each client comes back by itself', async () => {
    const admin = await world.admin();
    const proxies = await Promise.all(transports.map(() => startTcpProxy(world.gatewayUrls[0]!)));
    try {
      const accounts = await Promise.all(transports.map((transport) => world.signUp(transport)));
      const watching = await Promise.all(
        transports.map((transport, index) => screen({ url: proxies[index]!.url, account: accounts[index]!, feed: 'plans', transport })),
      );
      const plan = await createPlan(admin);
      await waitFor('the plan', () => watching.every(({ shown }) => shown.length === 1));
      for (const proxy of proxies) proxy.cut();
      // The fault itself: so long nobody gets through.
      const over = pause(10_000);
      for (let change = 1; change <= 10; change++) await updatePlan(admin, plan, change);
      await over;
      expect(watching.map(({ shown }) => shown.length)).toEqual([1, 1, 1]);
      for (const proxy of proxies) proxy.restore();
      for (let change = 11; change <= 15; change++) await updatePlan(admin, plan, change);
      await waitFor('everything', () => watching.every(({ shown }) => shown.length >= 16));
      const first = seqs(watching[0]!)[0]!;
      for (const one of watching) {
        expect([one.transport, seqs(one)]).toEqual([one.transport, Array.from({ length: 16 }, (_, index) => first + index)]);
        expect(one.words).not.toContain('feed-reset');
        one.close();
      }
    } finally {
      for (const proxy of proxies) await proxy.stop();
    }
  }, 120_000);
});
