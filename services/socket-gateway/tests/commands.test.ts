import { createServer, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createTokens, listen } from '@tidings/platform';
import { World, type Person, type TestClient } from './world.js';

interface Call {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  body: unknown;
}

let world: World;
let who: Person;
let client: TestClient;
const calls: Call[] = [];
let answer: { status: number; body: unknown; headers?: Record<string, string> };
let release: (() => void) | undefined;

const api = createServer((req, res) => {
  const chunks: Buffer[] = [];
  req.on('data', (chunk: Buffer) => chunks.push(chunk));
  req.on('end', () => {
    const text = Buffer.concat(chunks).toString();
    calls.push({
      method: req.method ?? '',
      url: req.url ?? '',
      headers: req.headers,
      body: text ? (JSON.parse(text) as unknown) : undefined,
    });
    const { status, body, headers = {} } = answer;
    res.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    release?.();
  });
});

beforeAll(async () => {
  const port = await listen(api, 0, '127.0.0.1');
  world = await World.start({ env: { API_URL: `http://127.0.0.1:${port}`, SOCKET_EVENTS_PER_MINUTE: '40' } });
});
afterAll(async () => {
  await world.stop();
  api.closeAllConnections();
  await new Promise((resolve) => api.close(resolve));
});
beforeEach(async () => {
  calls.length = 0;
  answer = { status: 200, body: {} };
  who = await world.person();
  client = await world.connected(who);
});

describe('commands', () => {
  test('are sent on with the token, the key and the address, and answered with what the API says', async () => {
    const order = { id: 'o1', status: 'placed' };
    answer = { status: 201, body: order, headers: { 'tidings-events': 'e1@user:1, e2@user:1' } };
    const ack = await client.ask('order-created', {
      vendorId: 'm1',
      items: [{ itemId: 'i1', quantity: 2 }],
      idempotencyKey: 'key-0123456789',
    });
    expect(ack).toEqual({ ok: true, ...order, events: ['e1@user:1', 'e2@user:1'] });
    expect(calls).toEqual([
      {
        method: 'POST',
        url: '/api/orders',
        headers: expect.objectContaining({
          authorization: `Bearer ${who.token}`,
          'idempotency-key': 'key-0123456789',
          'x-forwarded-for': '127.0.0.1',
        }),
        body: { vendorId: 'm1', items: [{ itemId: 'i1', quantity: 2 }] },
      },
    ]);
  });

  test('problems of the API become errors of the ack, or an error event without one', async () => {
    answer = {
      status: 409,
      body: { type: 'x', title: 'The balance does not cover the amount', status: 409, code: 'insufficient-funds', detail: 'Too little' },
    };
    const payload = { vendorId: 'm1', items: [{ itemId: 'i1', quantity: 2 }] };
    expect(await client.ask('order-created', payload)).toEqual({ ok: false, error: { code: 'insufficient-funds', message: 'Too little' } });
    client.socket.emit('order-created', payload);
    expect(await client.message('error')).toEqual({ code: 'insufficient-funds', message: 'Too little' });
    answer = { status: 502, body: 'nonsense' };
    expect(await client.ask('order-created', payload)).toMatchObject({ ok: false, error: { code: 'unavailable' } });
  });

  test('of one socket are done one after another', async () => {
    const order: string[] = [];
    release = () => order.push('api');
    await Promise.all([
      client.ask('refresh-balance', {}).then(() => order.push('first')),
      client.ask('refresh-balance', {}).then(() => order.push('second')),
    ]);
    release = undefined;
    expect(order).toEqual(['api', 'first', 'api', 'second']);
  });

  test('refresh-balance tells this socket the balance', async () => {
    const other = await world.connected(who);
    answer = { status: 200, body: { userId: who.userId, balance: 500, held: 0, currency: 'INR', version: 3 } };
    expect(await client.ask('refresh-balance', {})).toMatchObject({ ok: true, balance: 500 });
    expect(await client.message('balance-updated')).toEqual({
      userId: who.userId,
      newBalance: 500,
      oldBalance: 500,
      amount: 0,
      held: 0,
      currency: 'INR',
      reason: 'refresh',
      version: 3,
    });
    await other.ask('heartbeat', {});
    expect(other.messages.map(({ type }) => type)).toEqual(['connected']);
  });

  test('track-my-orders follows the open orders, which the own feed holds', async () => {
    await world.grant('order:o7', [`user:${who.userId}`]);
    answer = { status: 200, body: { items: [{ id: 'o7', status: 'placed' }], nextCursor: null } };
    expect(await client.ask('track-my-orders', {})).toEqual({
      ok: true,
      items: [{ id: 'o7', status: 'placed' }],
      nextCursor: null,
      feeds: [{ feed: 'order:o7', via: `user:${who.userId}` }],
    });
  });

  test('a heartbeat tells the heads and the time', async () => {
    await world.publish(`user:${who.userId}`);
    await client.until(`user:${who.userId}`, 1);
    expect(await client.ask('heartbeat', { sentAt: Date.now() })).toEqual({
      ok: true,
      serverTime: expect.stringMatching(/Z$/),
      heads: { [`user:${who.userId}`]: 1, announcements: 0, merchants: 0, plans: 0 },
    });
  });

  test('are refused with an expired token until it is renewed; delivery goes on', async () => {
    const sign = (seconds: number, person = who): string =>
      createTokens(world.config.jwtKeys, seconds).sign({ sub: person.userId, sid: person.sessionId, roles: ['customer'] });
    const short = await world.connected({ token: sign(1) });
    expect(await short.message('error', ({ code }) => code === 'token-expired')).toMatchObject({ code: 'token-expired' });
    expect(await short.ask('refresh-balance', {})).toMatchObject({ ok: false, error: { code: 'token-expired' } });
    expect(await short.ask('heartbeat', {})).toMatchObject({ ok: true });
    await world.publish(`user:${who.userId}`);
    await short.until(`user:${who.userId}`, 1);
    expect(await short.ask('authenticate', { token: sign(60, await world.person()) })).toMatchObject({
      ok: false,
      error: { code: 'forbidden' },
    });
    expect(await short.ask('authenticate', { token: 'nonsense' })).toMatchObject({ ok: false, error: { code: 'unauthenticated' } });
    expect(await short.ask('authenticate', { token: sign(60) })).toMatchObject({ ok: true });
    expect(await short.ask('refresh-balance', {})).toMatchObject({ ok: true });
  });
});

describe('bad input', () => {
  test.each([
    ['an unknown event', 'no-such-event', [{}]],
    ['the name of a method of objects', 'constructor', [{}]],
    ['a prototype key as an event', '__proto__', [{}]],
    ['no payload where one is needed', 'subscribe', []],
    ['null', 'subscribe', [null]],
    ['a string', 'subscribe', ['plans']],
    ['a number', 'subscribe', [7]],
    ['an array', 'subscribe', [['plans']]],
    ['an operator', 'subscribe', [{ feed: { $gt: '' } }]],
    ['an unknown field', 'subscribe', [{ feed: 'plans', more: 1 }]],
    ['a prototype key', 'subscribe', [JSON.parse('{"feed":"plans","__proto__":{"x":1}}')]],
    ['a negative cursor', 'subscribe', [{ feed: 'plans', since: -1 }]],
    ['too many payloads', 'heartbeat', [{}, {}]],
    ['bytes', 'heartbeat', [Buffer.from('x')]],
    ['a path as an id', 'join-order-room', [{ orderId: '../admin' }]],
    ['an order with nothing', 'order-created', [{}]],
  ])('%s is a bad request, by ack and by event, and the connection stays', async (_name, event, args) => {
    expect(await client.ask(event, ...args)).toMatchObject({ ok: false, error: { code: 'bad-request', message: expect.any(String) } });
    client.socket.emit(event, ...args);
    expect(await client.message('error')).toMatchObject({ code: 'bad-request' });
    expect(await client.ask('heartbeat', {})).toMatchObject({ ok: true });
    expect(calls).toEqual([]);
  });

  test('a payload beyond the limit ends the connection, not the gateway', async () => {
    client.socket.emit('subscribe', { feed: 'x'.repeat(70_000) });
    await client.message('disconnect');
    await client.message('connected');
    expect((await world.connected(who)).socket.connected).toBe(true);
  });
});

describe('limits', () => {
  test('count the events of a user across connections and gateways, and leave heartbeats alone', async () => {
    const other = await World.start({
      env: {
        REDIS_PREFIX: world.config.REDIS_PREFIX,
        SOCKET_EVENTS_PER_MINUTE: '40',
        API_URL: world.config.API_URL!,
        MONGODB_URL: world.config.MONGODB_URL,
      },
    });
    try {
      const clients = [client, await world.connected(who), await other.connected(who)];
      const answers = await Promise.all(Array.from({ length: 60 }, (_, index) => clients[index % 3]!.ask('refresh-balance', {})));
      expect(answers.filter(({ ok }) => ok)).toHaveLength(40);
      expect(answers.find(({ ok }) => !ok)).toMatchObject({ error: { code: 'rate-limited', retryAfterSeconds: expect.any(Number) } });
      expect(await client.ask('heartbeat', {})).toMatchObject({ ok: true });
      expect(await client.ask('subscribe', { feed: 'announcements' })).toMatchObject({ ok: true });
    } finally {
      await other.stop();
    }
  });

  test('a client that sends faster than it is served is told so', async () => {
    const answers = await Promise.all(Array.from({ length: 300 }, () => client.ask('heartbeat', {})));
    expect(answers.filter(({ ok }) => ok).length).toBeGreaterThanOrEqual(100);
    expect(client.socket.connected).toBe(true);
  });
});
