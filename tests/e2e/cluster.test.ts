import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { buildServices, startCluster, type Cluster, type ClusterProcess } from '@tidings/dev';
import {
  assertContiguous,
  connectClient,
  createHttp,
  createPeople,
  createStall,
  expectStatus,
  password,
  topUp,
  waitFor,
  type Account,
  type People,
  type Stall,
  type TestClient,
} from '@tidings/testing';
import { provideNginx } from '../../tools/servers/index.mjs';
import { openScreen, type Screen as Stream } from './support/screens.js';

let cluster: Cluster;
let people: People;
let stall: Stall;
let customer: Account;
const clients: TestClient[] = [];
const streams: Stream[] = [];
const agents: Agent[] = [];

interface Screen {
  client: TestClient;
  feed: string;
}

/** A client through nginx; `from` is its source address, one of 127.0.0.x, and `transport` the only one that it may use. */
async function connect(account: Account, transport: 'websocket' | 'polling', from: string): Promise<Screen> {
  const agent = new Agent({ localAddress: from, keepAlive: true });
  agents.push(agent);
  // The Node build of the client takes an agent, which its types for browsers do not know.
  const client = await connectClient({
    url: cluster.url,
    token: account.token,
    socket: { transports: [transport], ...({ agent } as object) },
  });
  clients.push(client);
  return { client, feed: `user:${account.id}` };
}

/** The id of the gateway that a client is connected to: the beginning of its Engine.IO sid. */
const gatewayOf = ({ client }: Screen): string | undefined => client.socket.io.engine?.id?.split('_')[0];

/** Clients of one user, two of each transport on either gateway; nginx decides where each one goes, and leaves alone for a while one that was away. */
async function connectEverywhere(account: Account): Promise<Screen[]> {
  const screens: Screen[] = [];
  for (const transport of ['websocket', 'polling'] as const) {
    const places = new Map<string | undefined, Screen[]>([
      ['g1', []],
      ['g2', []],
    ]);
    const surplus: Screen[] = [];
    let address = 0;
    await waitFor(`two ${transport} clients on each gateway`, async () => {
      const screen = await connect(account, transport, `127.0.0.${2 + (address++ % 250)}`);
      const place = places.get(gatewayOf(screen));
      // Of those too many some stay until the end: nginx prefers the gateway that has fewer. A user may not have any number.
      (place && place.length < 2 ? place : surplus).push(screen);
      if (surplus.length > 8) surplus.shift()!.client.close();
      return [...places.values()].every(({ length }) => length === 2);
    });
    for (const { client } of surplus) client.close();
    screens.push(...[...places.values()].flat());
  }
  return screens;
}

async function placeOrder(url: string): Promise<string> {
  const { body } = await expectStatus(
    201,
    createHttp(url, customer.token).post<{ id: string }>('/api/orders', {
      vendorId: stall.merchant.id,
      items: [{ itemId: stall.item.id, quantity: 1 }],
    }),
  );
  return body.id;
}

const hasSeen = ({ client }: Screen, type: string, orderId: string): boolean =>
  client.of(type).some((event) => event['orderId'] === orderId);
const seenByAll = (screens: readonly Screen[], type: string, orderId: string): Promise<boolean> =>
  waitFor(`${type} of ${orderId} on every screen`, () => screens.every((screen) => hasSeen(screen, type, orderId)), 60_000);

/** Each screen saw each order, and its feed without a gap or a double, over all its connections. */
function expectNothingLost(screens: readonly Screen[], orders: readonly string[]): void {
  for (const { client, feed } of screens) {
    assertContiguous(client);
    const shown = client.received
      .filter(({ type, payload }) => type === 'new-order' && payload.meta?.feed === feed)
      .map(({ payload }) => payload['orderId']);
    expect(shown.filter((id) => orders.includes(id as string))).toEqual(orders);
    expect(client.of('feed-reset')).toEqual([]);
  }
}

/** Some of each kind, one of the event streams at least on the first gateway; nginx leaves that alone for a while when it was away. */
async function openStreams(account: Account): Promise<void> {
  const feed = `user:${account.id}`;
  const open = (transport: 'sse' | 'long-poll') => openScreen({ url: cluster.url, account, feed, transport });
  for (let count = 0; count < 4; count++) streams.push(await open('long-poll'));
  await waitFor('an event stream on the first gateway', async () => {
    const metrics = await (await fetch(`${cluster.gatewayUrls[0]}/metrics`)).text();
    if (/gateway_connections\{transport="sse"\} [1-9]/.test(metrics)) return true;
    streams.push(await open('sse'));
    if (streams.length > 12) streams.splice(4, 1)[0]!.close();
    return false;
  });
}

const ordersOn = ({ shown }: Stream): unknown[] => shown.filter(({ type }) => type === 'new-order').map(({ data }) => data['orderId']);

interface LogLine {
  method: string;
  uri: string;
  status: number;
  client: string;
}

const accessLog = (): LogLine[] =>
  readFileSync(cluster.nginx.accessLogFile, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as LogLine);

beforeAll(async () => {
  const nginxPath = await provideNginx();
  await buildServices();
  cluster = await startCluster({
    api: 2,
    gateways: 2,
    relays: 2,
    workers: 2,
    mongodbUrl: process.env['MONGODB_URL']!,
    redisUrl: process.env['REDIS_URL']!,
    nginxPath,
    env: {
      NODE_ENV: 'test',
      LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'warn',
      LOGIN_ATTEMPTS_PER_MINUTE: '100000',
      HEAVY_REQUESTS_PER_MINUTE: '100000',
      HTTP_REQUESTS_PER_MINUTE: '100000',
      SOCKET_EVENTS_PER_MINUTE: '100000',
    },
  });
  people = createPeople(cluster.url, cluster.admin);
  stall = await createStall(people, { price: 100 });
  customer = await people.signUp('Asha');
}, 180_000);

afterAll(async () => {
  for (const client of clients) client.close();
  // A polling client says goodbye by a request of its own.
  await waitFor('the clients to close', () => clients.every(({ socket }) => (socket.io.engine?.readyState ?? 'closed') === 'closed'));
  for (const agent of agents) agent.destroy();
  await cluster?.stop();
}, 60_000);

afterEach(() => {
  for (const stream of streams.splice(0)) stream.close();
});

describe('through nginx', () => {
  let screens: Screen[];

  test('websocket and polling clients of several addresses connect to both gateways', async () => {
    screens = await connectEverywhere(customer);
    expect(new Set(screens.map(gatewayOf))).toEqual(new Set(['g1', 'g2']));
  });

  test('a client on either gateway sees what any api replica does', async () => {
    for (const [index, apiUrl] of cluster.apiUrls.entries()) {
      const amount = 50_000 + index;
      await topUp({ apiUrl, stripeSecret: cluster.stripeSecret }, customer, amount);
      for (const { client } of screens) await client.event('payment-completed', (event) => event['amount'] === amount);
      await seenByAll(screens, 'new-order', await placeOrder(apiUrl));
    }
  });

  test('commands work over polling, whichever gateway takes them', async () => {
    const owners = [];
    for (const address of ['127.0.0.90', '127.0.0.91', '127.0.0.92'])
      owners.push(await connect(await people.logIn(stall.owner.email, password), 'polling', address));
    const orderId = await placeOrder(cluster.url);
    for (const [index, status] of ['preparing', 'ready', 'completed'].entries()) {
      expect(await owners[index]!.client.call('update-order-status', { orderId, status })).toMatchObject({ ok: true });
    }
    await waitFor('the last step', () =>
      screens.every(({ client }) =>
        client.of('order-status-changed').some((event) => event['orderId'] === orderId && event['status'] === 'completed'),
      ),
    );
  });

  test('no session was ever unknown, and each client has its own address', () => {
    const sockets = accessLog().filter(({ uri }) => uri.startsWith('/socket.io/'));
    const polls = sockets.filter(({ uri }) => uri.includes('transport=polling'));
    expect(sockets.filter(({ status }) => status >= 400)).toEqual([]);
    expect(polls.length).toBeGreaterThan(screens.length);
    expect(new Set(polls.map(({ client }) => client)).size).toBeGreaterThan(3);
    expectNothingLost(screens, []);
  });

  test('nobody can make up an address', async () => {
    const agent = new Agent({ localAddress: '127.0.0.77' });
    const body = JSON.stringify({ email: customer.email, password });
    await new Promise<void>((resolve, reject) => {
      const headers = { 'content-type': 'application/json', 'x-forwarded-for': '203.0.113.5', 'user-agent': 'made-up' };
      const asked = request(`${cluster.url}/api/auth/login`, { method: 'POST', agent, headers }, (res) => {
        res.resume().once('end', resolve);
      });
      asked.once('error', reject).end(body);
    });
    const { body: sessions } = await customer.http.get<{ items: { ip: string; userAgent: string }[] }>('/api/me/sessions');
    expect(sessions.items.find(({ userAgent }) => userAgent === 'made-up')).toMatchObject({ ip: '127.0.0.77' });
  });

  describe.each<[string, NodeJS.Signals]>([
    ['stops', 'SIGTERM'],
    ['is killed', 'SIGKILL'],
  ])('when a gateway %s', (_, signal) => {
    test('its clients go on at the other one, and nothing is lost', async () => {
      const [leaving] = cluster.of('gateway') as [ClusterProcess];
      await leaving.restart();
      const everybody = await connectEverywhere(customer);
      const moved = everybody.filter((screen) => gatewayOf(screen) === 'g1');
      await openStreams(customer);
      const orders: string[] = [];
      const order = async (): Promise<void> => {
        orders.push(await placeOrder(cluster.apiUrls[orders.length % 2]!));
      };
      for (let count = 0; count < 5; count++) await order();
      const began = performance.now();
      const backAfter = async (): Promise<number> => {
        await waitFor(
          'the clients to come back',
          () => moved.every((screen) => screen.client.socket.connected && gatewayOf(screen) === 'g2'),
          60_000,
        );
        return Math.round(performance.now() - began);
      };
      const orderMore = async (): Promise<void> => {
        for (let count = 0; count < 15; count++) await order();
      };
      const [ms] = await Promise.all([backAfter(), orderMore(), leaving.kill(signal)]);
      expect(await leaving.exited).toEqual(signal === 'SIGKILL' ? { code: null, signal } : { code: 0, signal: null });
      process.stdout.write(`    ${signal}: ${moved.length} clients were back after ${ms} ms\n`);
      await order();
      await seenByAll(everybody, 'new-order', orders.at(-1)!);
      expectNothingLost(everybody, orders);
      await waitFor('every order on every stream', () => streams.every((stream) => ordersOn(stream).length >= orders.length));
      expect(streams.map((stream) => [stream.transport, ordersOn(stream)])).toEqual(streams.map(({ transport }) => [transport, orders]));
      // A poll is a request like others: nginx takes each to whoever is there.
      expect(streams.some(({ transport, words }) => transport === 'sse' && words.length > 1)).toBe(true);
      for (const { client } of everybody) client.close();
    });
  });

  test('when the leading relay is killed, a standby takes over, and nothing is lost', async () => {
    const here = [await connect(customer, 'websocket', '127.0.0.2'), await connect(customer, 'polling', '127.0.0.3')];
    const leader = await waitFor('a leader', () => cluster.leader());
    const orders = [await placeOrder(cluster.url)];
    await seenByAll(here, 'new-order', orders[0]!);
    await leader.kill('SIGKILL');
    const began = performance.now();
    for (let count = 0; count < 5; count++) orders.push(await placeOrder(cluster.url));
    await seenByAll(here, 'new-order', orders[1]!);
    const after = Math.round(performance.now() - began);
    const successor = await waitFor('another leader', () => cluster.leader());
    expect(successor.name).not.toBe(leader.name);
    process.stdout.write(`    ${successor.name} delivered ${after} ms after ${leader.name} was killed\n`);
    await seenByAll(here, 'new-order', orders.at(-1)!);
    expectNothingLost(here, orders);
    await leader.restart();
  });
});
