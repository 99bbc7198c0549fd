import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  commandDefinition,
  commandNames,
  errorCatalogue,
  feedNameSchema,
  maxFollowed,
  socketErrorSchema,
  type ErrorCode,
  type SocketError,
} from '@tidings/contracts';
import { openClient, topUp, waitFor, type TestClient } from '@tidings/testing';
import { commandFixtures, privateFeeds } from './support/command-fixtures.js';
import { forgedTokens } from './support/forge.js';
import { missingFrom, mutationsOf } from './support/mutations.js';
import { frames, packets } from './support/malformed.js';
import { postRaw, sendFrames } from './support/raw-socket.js';
import { createScene, type Scene } from './support/scene.js';
import type { JsonSchema } from './support/schema.js';

let scene: Scene;
let url: string;
let attempts = 0;
const began = Date.now();

beforeAll(async () => {
  scene = await createScene();
  url = scene.world.gatewayUrls[0]!;
});

afterAll(async () => {
  process.stdout.write(
    `    ${attempts} bad messages to ${commandNames.length} client events and the handshake in ${((Date.now() - began) / 1_000).toFixed(1)} s\n`,
  );
  await scene.world.stop();
});

test('every client event has a fixture: a new one adds a valid payload to tests/e2e/support/command-fixtures.ts', () => {
  expect(commandNames.filter((name) => !Object.hasOwn(commandFixtures, name))).toEqual([]);
});

describe.each(commandNames.map((name) => ({ name })))('$name', ({ name }) => {
  test('refuses whatever is wrong with it by its ack, keeps nothing of it, and leaves the connection up', async () => {
    const { as, payloads, foreign = [] } = await commandFixtures[name]!(scene);
    const schema = commandDefinition(name).payload.toJSONSchema({ io: 'input' }) as JsonSchema;
    const shown = new Set([...payloads, ...foreign].flatMap(Object.keys));
    expect(missingFrom(schema, payloads.at(-1)).filter((path) => !shown.has(path.replace(/^body\./, '')))).toEqual([]);
    const client = await scene.world.connect(as);
    await scene.quiet();
    const before = await scene.hashes();

    const failures: string[] = [];
    const refused = async (what: string, ...args: unknown[]): Promise<void> => {
      attempts++;
      const complaint = fault((await client.socket.timeout(20_000).emitWithAck(name, ...args)) as Ack);
      if (complaint) failures.push(`${what}: ${complaint}`);
    };
    for (const payload of payloads) {
      for (const { name: what, value } of mutationsOf(schema, payload, 'payload')) {
        // Over the limit of a message; what a websocket cannot carry; keys, whose oddities stand below.
        if (
          !/100,000|surrogate|idempotencyKey odd text/.test(what) &&
          !(value === null && schema.type === 'object' && !schema.required?.length)
        )
          await refused(what, value);
      }
      await refused('bytes', Buffer.from('x'));
      for (const key of Object.keys(payload)) await refused(`bytes for ${key}`, { ...payload, [key]: Buffer.from('x') });
      await refused('two payloads', payload, payload);
      if ('idempotencyKey' in payload)
        for (const idempotencyKey of ['é', 'a\r\nX-Evil: 1', '\u0000', ' '])
          await refused(`the key ${idempotencyKey}`, { ...payload, idempotencyKey });
    }
    for (const payload of foreign) await refused(`somebody else's: ${JSON.stringify(payload)}`, payload);
    expect(failures).toEqual([]);

    client.socket.emit(name, payloads[0], { call: 'no function' });
    expect(fault({ ok: false, error: (await client.event('error')) as unknown as SocketError })).toBeUndefined();
    expect(await scene.hashes()).toEqual(before);
    expect(client.socket.connected).toBe(true);
    for (const payload of payloads) if (!('items' in payload)) expect(await client.call(name, payload)).toMatchObject({ ok: true });
    client.close();
  });
});

describe('the handshake', () => {
  test('refuses tokens that are forged, fields that are wrong, and other people’s names', async () => {
    const { customer, stranger } = scene;
    const { token } = customer;
    const mine = `user:${customer.id}`;
    const wrongCursors = [
      [],
      'x',
      5,
      [1],
      { [mine]: '1' },
      { [mine]: -1 },
      { [mine]: 1.5 },
      { [mine]: 1e21 },
      { [mine]: null },
      { [mine]: { $gt: 0 } },
      { 'no feed!': 1 },
      Object.fromEntries(Array.from({ length: 201 }, (_, index) => [`plan:${index}`, 0])),
    ];
    const auths: unknown[] = [
      undefined,
      {},
      [],
      { token: '' },
      { token: 5 },
      { token: { $gt: '' } },
      { token: [token] },
      { token: null },
      { Token: token },
      [token],
      ...Object.values(forgedTokens(scene.world.config, token, stranger)).map((forged) => ({ token: forged })),
      ...[
        { userId: stranger.id },
        { userId: 5 },
        { userId: '' },
        { userId: { $ne: '' } },
        { deviceId: 'a b' },
        { deviceId: 'x'.repeat(129) },
        { deviceId: {} },
      ].map((fields) => ({ token, ...fields })),
      ...[
        { epoch: 1 },
        { epoch: '' },
        { epoch: 'x'.repeat(65) },
        { epoch: {} },
        { surprise: 1 },
        { roles: ['admin'] },
        JSON.parse('{"__proto__":{"roles":["admin"]}}'),
      ].map((fields) => ({ ...(fields as object), ['__proto__']: 1, token })),
      ...wrongCursors.map((cursors) => ({ token, cursors })),
    ];
    await scene.quiet();
    const before = await scene.hashes();
    const answers = await Promise.all(auths.map(async (auth) => ({ auth, answer: await refusal(auth) })));
    attempts += auths.length;
    expect(answers.filter(({ answer }) => fault({ ok: false, error: answer }) !== undefined)).toEqual([]);
    expect(await scene.hashes()).toEqual(before);
  });

  test('takes no token from the address, where it would be written to logs', async () => {
    const client = openClient({ url, token: '', socket: { query: { token: scene.customer.token }, reconnection: false } });
    expect((await client.event('connect_error'))['data']).toMatchObject({ code: 'unauthenticated' });
    client.close();
  });

  test('refuses other namespaces', async () => {
    const client = openClient({ url: `${url}/admin`, token: scene.customer.token, socket: { reconnection: false } });
    expect((await client.event('connect_error'))['message']).toBe('Invalid namespace');
    client.close();
  });

  test('cursors of private feeds open nothing, and those that no feed has reached are reset', async () => {
    const { customer, stranger, world } = scene;
    const feeds = [...privateFeeds.filter((feed) => feedNameSchema.safeParse(feed).success), `user:${stranger.id}`];
    const client = await world.connect(customer, {
      cursors: {
        ...Object.fromEntries(feeds.map((feed) => [feed, 0])),
        [`user:${customer.id}`]: Number.MAX_SAFE_INTEGER,
        plans: 2 ** 40,
        ['__proto__']: 1,
      },
    });
    await waitFor('the refusals', () => client.of('error').length >= feeds.length);
    await waitFor('the resets', () => client.of('feed-reset').length === 2);
    await topUp(world, stranger, 500);
    await topUp(world, customer, 500);
    await client.event('payment-completed');
    expect(client.of('payment-completed')).toMatchObject([{ userId: customer.id }]);
    expect(Object.keys(client.hello().feeds).filter((feed) => feeds.includes(feed))).toEqual([]);
    client.close();
  });
});

describe('a client that follows no rules', () => {
  test('gets an error for events that there are not, by whatever name', async () => {
    const client = await scene.world.connect(scene.customer);
    const names = [
      'nonsense',
      '__proto__',
      'constructor',
      'toString',
      'hasOwnProperty',
      'error',
      'message',
      'balance-updated',
      'session-revoked',
      'connected',
      '',
      ' subscribe',
      'x'.repeat(10_000),
    ];
    for (const name of names) expect(fault((await client.socket.timeout(20_000).emitWithAck(name, {})) as Ack)).toBeUndefined();
    attempts += names.length;
    expect(await client.call('heartbeat')).toMatchObject({ ok: true });
    client.close();
  });

  test('follows no more feeds than a connection may, by whatever names', async () => {
    const client = await scene.world.connect(scene.stranger);
    const own = Object.keys(client.hello().feeds).length;
    const follow = (index: number): Promise<Record<string, unknown>> => client.call('subscribe', { feed: `merchant:m${index}:menu` });
    for (let index = 0; index < maxFollowed; index += 50)
      await Promise.all(Array.from({ length: 50 }, (_, offset) => follow(index + offset)));
    expect(fault((await follow(maxFollowed)) as unknown as Ack)).toBeUndefined();
    const { heads } = await client.call('heartbeat');
    expect(Object.keys(heads as object)).toHaveLength(own + maxFollowed);
    expect(await client.call('unsubscribe', { feed: 'merchant:m0:menu' })).toMatchObject({ ok: true });
    expect(await follow(maxFollowed)).toMatchObject({ ok: true });
    client.close();
  });

  test('a thousand events at once: most are refused, the connection stays', async () => {
    const client = await scene.world.connect(scene.customer);
    for (let sent = 0; sent < 1_000; sent++) client.socket.emit('nonsense', {});
    await waitFor('all answers', () => client.of('error').length === 1_000);
    expect(new Set(client.of('error').map(({ code }) => code))).toEqual(new Set(['bad-request', 'rate-limited']));
    expect(await client.call('heartbeat')).toMatchObject({ ok: true });
    client.close();
  });

  test('a message over 64 KiB ends its connection and no other', async () => {
    const bystander = await scene.world.connect(scene.customer);
    for (const payload of [{ feed: 'x'.repeat(70_000) }, Buffer.alloc(70_000)]) {
      const client = openClient({ url, token: scene.customer.token, socket: { reconnection: false } });
      await client.event('connected');
      client.socket.emit('subscribe', payload);
      await waitFor('the end of the connection', () => client.socket.disconnected);
    }
    expect(await bystander.call('heartbeat')).toMatchObject({ ok: true });
    bystander.close();
  });

  test('malformed packets and frames end their own connection at most', async () => {
    const bystander: TestClient = await scene.world.connect(scene.customer);
    const { token } = scene.customer;
    const statuses = await Promise.all(
      packets.map(async (packet) => ({ packet: packet.slice(0, 40), status: await postRaw(url, token, packet) })),
    );
    expect(statuses.filter(({ status }) => status !== 200 && (status < 400 || status >= 500))).toEqual([]);
    await Promise.all(frames.map((bytes) => sendFrames(url, token, bytes)));
    attempts += packets.length + frames.length;
    expect(await bystander.call('heartbeat')).toMatchObject({ ok: true });
    expect(bystander.of('error')).toEqual([]);
    const next = await scene.world.connect(scene.customer);
    expect(await next.call('heartbeat')).toMatchObject({ ok: true });
    for (const client of [bystander, next]) client.close();
  });
});

interface Ack {
  ok: boolean;
  error?: SocketError;
}

/** What is wrong with a refusal, in words; undefined when it is as it should be. */
function fault({ ok, error }: Ack): string | undefined {
  if (ok || !error) return 'was accepted';
  if (!socketErrorSchema.safeParse(error).success) return `is not as AsyncAPI says: ${JSON.stringify(error)}`;
  if (!Object.hasOwn(errorCatalogue, error.code)) return `has the code ${error.code}`;
  return errorCatalogue[error.code as ErrorCode].status >= 500 ? `is a failure: ${JSON.stringify(error)}` : undefined;
}

/** The `data` of the `connect_error` with which a handshake is refused. */
async function refusal(auth: unknown): Promise<{ code: string; message: string }> {
  const client = openClient({ url, token: '', socket: { reconnection: false, autoConnect: false } });
  client.socket.auth = (give: (data: object) => void) => give(auth as object);
  // What is no object at all is no packet either: the server hangs up.
  let closed = false;
  client.socket.io.on('close', () => (closed = true));
  client.socket.connect();
  const answer = await waitFor(
    'an answer to the handshake',
    () => closed || client.received.find(({ type }) => type === 'connect_error' || type === 'connected'),
  );
  client.close();
  if (answer === true) return { code: 'bad-request', message: 'closed' };
  const data = answer.payload['data'] as { code: string; message: string } | undefined;
  return data ?? { code: answer.type, message: '' };
}
