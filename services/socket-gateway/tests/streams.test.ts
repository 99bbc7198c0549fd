import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newId } from '@tidings/platform';
import { waitFor } from '@tidings/testing';
import { openStream, type StreamClient, type StreamRequest } from './stream-client.js';
import { range, World, type Person } from './world.js';

let world: World;
beforeAll(async () => {
  world = await World.start({ tuning: { beatMs: 600 } });
});
afterAll(() => world.stop());

const at = (path: string): string => `${world.url}${path}`;

async function stream(who: Pick<Person, 'token'> | undefined, feeds: string, options: StreamRequest = {}): Promise<StreamClient> {
  const client = await openStream(at('/api/feeds/stream'), {
    ...(who ? { token: who.token } : {}),
    ...options,
    query: { feeds, ...options.query },
  });
  world.onStop(client.close);
  return client;
}

/** Open, and greeted. */
async function connected(...given: Parameters<typeof stream>): Promise<StreamClient> {
  const client = await stream(...given);
  expect([client.status, client.problem]).toEqual([200, {}]);
  await client.message('connected');
  return client;
}

describe('a stream', () => {
  test('says who it is and where it stands, and brings events by their names as Socket.IO does', async () => {
    const who = await world.person();
    const own = `user:${who.userId}`;
    await world.publish(own);
    const [client, socket] = [await connected(who, own), await world.connected(who)];
    expect(client.headers).toMatchObject({
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache, no-transform',
      'x-accel-buffering': 'no',
    });
    expect(client.headers).not.toHaveProperty('content-encoding');
    const hello = client.messages[0]!;
    expect(hello).toMatchObject({ event: 'connected', data: { userId: who.userId, userType: 'customer', feeds: { [own]: 1 } } });
    expect(hello.id).toBe(`${String(hello.data['epoch'])}.1`);
    expect(client.retries[0]).toBeGreaterThan(0);
    await world.publish(own, 'new-notification', { title: 'ünï', text: 'a\nb\r\n\n: c' });
    await Promise.all([client.until(own, 2), socket.until(own, 2)]);
    expect(client.received).toEqual(socket.received);
    expect(client.lastEventId).toBe(`${String(hello.data['epoch'])}.2`);
  });

  test('brings live entries once and in order, many in one turn too', async () => {
    const who = await world.person();
    const own = `user:${who.userId}`;
    const client = await connected(who, own);
    await Promise.all(Array.from({ length: 40 }, () => world.publish(own)));
    await client.until(own, 40);
    expect(client.seqs(own)).toEqual(range(1, 40));
    expect(client.messages.slice(1).map(({ id }) => Number(id?.split('.')[1]))).toEqual(range(1, 40));
  });

  test('without names, for onmessage', async () => {
    const who = await world.person();
    const client = await stream(who, 'announcements,plans', { query: { unnamed: 'true' } });
    await client.message('message', ({ type }) => type === 'connected');
    const seq = await world.publish('announcements', 'announcement', { title: 'x' });
    await client.until('announcements', seq);
    expect(client.messages.map(({ event }) => event)).toEqual(['message', 'message']);
    expect(client.messages[1]!.data).toMatchObject({ type: 'announcement', data: { title: 'x', meta: { feed: 'announcements', seq } } });
  });

  test('shares one frame among those who stand at the same place, and tells each its own place', async () => {
    const people = await Promise.all([world.person(), world.person(), world.person()]);
    const before = await world.publish('merchants');
    const clients = [
      await connected(people[0], 'merchants'),
      await connected(people[1], 'merchants'),
      await connected(people[2], `merchants,user:${people[2]!.userId}`),
    ];
    await world.publish(`user:${people[2]!.userId}`);
    await clients[2]!.until(`user:${people[2]!.userId}`, 1);
    await world.publish('merchants');
    for (const client of clients) await client.until('merchants', before + 1);
    expect(clients.map(({ lastEventId }) => lastEventId.split('.')[1])).toEqual([`${before + 1}`, `${before + 1}`, `${before + 1},1`]);
  });

  test('a feed that another one brings, or that is named twice, brings each event once', async () => {
    const admin = await world.person({ roles: ['admin'] });
    const client = await connected(admin, 'plan:p1,plans,plans:admin,plans');
    const ids = [newId(), newId()];
    for (const id of ids) await world.publish(['plans', 'plan:p1', 'plans:admin'], 'plan-updated', {}, { id });
    await client.until('plans:admin', 2);
    expect(client.received.map(({ meta }) => [meta.feed, meta.id])).toEqual(ids.map((id) => ['plans:admin', id]));
    expect(client.lastEventId).toMatch(/^[^.]+\.,,2,$/);
    // As it stands there, it is taken back.
    const again = await connected(admin, 'plan:p1,plans,plans:admin,plans', { headers: { 'last-event-id': client.lastEventId } });
    await world.publish(['plans', 'plan:p1', 'plans:admin'], 'plan-updated');
    await again.until('plans:admin', 3);
    expect(again.seqs('plans:admin')).toEqual([3]);
  });

  test('hears a comment now and then', async () => {
    const who = await world.person();
    const client = await connected(who, 'plans');
    await waitFor('a comment', () => client.comments > 0);
  });

  test('answers HEAD and old HTTP as these expect', async () => {
    const who = await world.person();
    const head = await stream(who, 'plans', { method: 'HEAD' });
    await head.ended;
    expect([head.status, head.headers['content-type'], head.messages]).toEqual([200, 'text/event-stream', []]);
    const { hostname, port } = new URL(world.url);
    const { connect } = await import('node:net');
    const text = await new Promise<string>((resolve) => {
      let got = '';
      const tcp = connect(Number(port), hostname, () =>
        tcp.write(`GET /api/feeds/stream?feeds=plans HTTP/1.0\r\nAuthorization: Bearer ${who.token}\r\n\r\n`),
      );
      tcp.setEncoding('utf8').on('data', (part: string) => {
        got += part;
        if (!got.endsWith('\n\n')) return;
        tcp.destroy();
        resolve(got);
      });
    });
    expect(text).toMatch(/^HTTP\/1\.1 200 /);
    expect(text).not.toMatch(/transfer-encoding: chunked/i);
    expect(text.split('\r\n\r\n')[1]).toMatch(/^retry: \d+\nid: [^\n]+\nevent: connected\ndata: \{.*\}\n\n(:\n\n)*$/);
  });
});

describe('coming back', () => {
  let who: Person;
  let own: string;
  beforeAll(async () => {
    who = await world.person();
    own = `user:${who.userId}`;
    for (let index = 0; index < 10; index++) await world.publish(own);
  });

  test('with Last-Event-ID brings what was missed, once and in order, while more is published', async () => {
    const first = await connected(who, own);
    const epoch = first.lastEventId.split('.')[0]!;
    const publishing = (async () => {
      for (let index = 0; index < 30; index++) await world.publish(own);
    })();
    const clients = await Promise.all(
      [0, 4, 10].map(async (seq) => ({ seq, client: await connected(who, own, { headers: { 'last-event-id': `${epoch}.${seq}` } }) })),
    );
    await publishing;
    for (const { seq, client } of clients) {
      await client.until(own, 40);
      expect(client.seqs(own)).toEqual(range(seq + 1, 40));
      expect(client.messages[0]).toMatchObject({ event: 'connected', id: `${epoch}.${seq}` });
    }
  });

  test('the header goes before the parameter, and both before cursors', async () => {
    const epoch = world.gateway.adapter.hubs.epoch;
    const [header, parameter] = [
      await connected(who, own, { headers: { 'last-event-id': `${epoch}.38` }, query: { lastEventId: '20', cursors: '10' } }),
      await connected(who, own, { headers: { 'last-event-id': '' }, query: { lastEventId: '37', cursors: '10' } }),
    ];
    await Promise.all([header.until(own, 40), parameter.until(own, 40)]);
    expect([header.seqs(own), parameter.seqs(own)]).toEqual([
      [39, 40],
      [38, 39, 40],
    ]);
    const cursors = await connected(who, `${own},plans`, { query: { cursors: '39,' } });
    await cursors.until(own, 40);
    expect(cursors.seqs(own)).toEqual([40]);
  });

  test('to another history or past the head is told, and goes on from the head; the place is told when all of it is new', async () => {
    const client = await connected(who, `plans,${own}`, { headers: { 'last-event-id': 'former.3,4' } });
    await client.message('feed-reset', ({ feed }) => feed === 'plans');
    expect(client.messages.map(({ event, id, data }) => [event, id?.split('.')[1], data['reason'], data['feed']])).toEqual([
      ['connected', undefined, undefined, undefined],
      ['feed-reset', undefined, 'epoch', own],
      ['feed-reset', expect.stringMatching(/^\d+,40$/), 'epoch', 'plans'],
    ]);
    const ahead = await connected(who, own, { query: { cursors: '1000' } });
    expect(await ahead.message('feed-reset')).toMatchObject({ reason: 'ahead', head: 40 });
    const last = await world.publish(own);
    await Promise.all([client.until(own, last), ahead.until(own, last)]);
    expect(ahead.lastEventId).toBe(`${world.gateway.adapter.hubs.epoch}.${last}`);
  });

  test('what the bus lost is filled in', async () => {
    const somebody = await world.person();
    const feed = `user:${somebody.userId}`;
    const client = await connected(somebody, feed);
    await world.publish(feed, 'new-notification', {}, { lost: true });
    await world.publish(feed);
    await client.until(feed, 2);
    await world.publish(feed, 'new-notification', {}, { lost: true });
    await world.gateway.adapter.hubs.sweep();
    await client.until(feed, 3);
    expect(client.seqs(feed)).toEqual([1, 2, 3]);
  });
});

describe('who may', () => {
  test('nobody without a login, nor with one that has ended', async () => {
    const who = await world.person();
    const expired = (await import('@tidings/platform')).createTokens(world.config.jwtKeys, -10);
    const old = expired.sign({ sub: who.userId, sid: who.sessionId, roles: [] });
    const refusals = [await stream(undefined, 'plans'), await stream({ token: 'x.y.z' }, 'plans'), await stream({ token: old }, 'plans')];
    await world.mongo.db.collection<{ _id: string }>('sessions').updateOne({ _id: who.sessionId }, { $set: { revokedAt: new Date() } });
    refusals.push(await stream(who, 'plans'));
    for (const { ended } of refusals) await ended;
    expect(refusals.map(({ status, problem }) => [status, problem['code']])).toEqual([
      [401, 'unauthenticated'],
      [401, 'unauthenticated'],
      [401, 'token-expired'],
      [401, 'session-revoked'],
    ]);
    expect(refusals[2]!.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  });

  test('for each feed, whoever may follow it; one that is refused refuses all', async () => {
    const [who, other] = [await world.person(), await world.person()];
    const order = `order:${newId()}`;
    await world.grant(order, [`user:${other.userId}`]);
    const before = world.gateway.connections();
    for (const feed of [`user:${other.userId}`, order, 'admin', 'plans:admin', 'nonsense', 'merchant:m9']) {
      const refused = await stream(who, `plans,${feed}`);
      await refused.ended;
      expect([refused.status, refused.problem['code'], refused.problem['detail']]).toEqual([
        403,
        'forbidden',
        `Not allowed to follow ${feed}`,
      ]);
    }
    expect(world.gateway.connections()).toBe(before);
    const client = await connected(other, order);
    await world.publish(order, 'order-ready');
    await client.until(order, 1);
  });

  test('a session that is revoked ends its streams with that word', async () => {
    const who = await world.person();
    const own = `user:${who.userId}`;
    const [client, other] = [await connected(who, `${own},plans`), await connected(await world.session(who.userId), 'plans')];
    await world.mongo.db.collection<{ _id: string }>('sessions').updateOne({ _id: who.sessionId }, { $set: { revokedAt: new Date() } });
    await world.publish(own, 'session-revoked', { sessionId: who.sessionId, reason: 'logged-out' });
    await client.ended;
    expect(client.messages.slice(1).map(({ event, data }) => [event, data['code']])).toEqual([
      ['session-revoked', undefined],
      ['error', 'session-revoked'],
    ]);
    const seq = await world.publish('plans', 'plan-updated');
    await other.until('plans', seq);
  });

  test('a right that is lost ends the stream, and coming back says why', async () => {
    const who = await world.person({ merchants: ['m7'] });
    const client = await connected(who, 'merchant:m7,plans');
    await world.mongo.db.collection<{ _id: string }>('users').updateOne({ _id: who.userId }, { $set: { memberships: [] } });
    await world.publish(`user:${who.userId}`, 'access-changed', { feeds: ['merchant:m7'], reason: 'membership' });
    await client.ended;
    expect(client.messages.at(-1)).toMatchObject({ event: 'error', data: { code: 'forbidden' } });
    await world.publish('merchant:m7');
    expect(client.seqs('merchant:m7')).toEqual([]);
    const again = await stream(who, 'merchant:m7,plans', { headers: { 'last-event-id': client.lastEventId } });
    await again.ended;
    expect([again.status, again.problem['code']]).toEqual([403, 'forbidden']);
  });

  test('a token that expires amid it ends it with that word', async () => {
    const who = await world.person();
    const { createTokens } = await import('@tidings/platform');
    const token = createTokens(world.config.jwtKeys, 2).sign({ sub: who.userId, sid: who.sessionId, roles: ['customer'] });
    const client = await connected({ token }, 'plans');
    await client.ended;
    expect(client.messages.at(-1)).toEqual({
      id: undefined,
      event: 'error',
      data: { code: 'token-expired', message: 'The access token has expired' },
    });
    const again = await stream({ token }, 'plans', { headers: { 'last-event-id': client.lastEventId } });
    await again.ended;
    expect([again.status, again.problem['code']]).toEqual([401, 'token-expired']);
  });

  test('a user with as many as a person could need has to end one first', async () => {
    const who = await world.person();
    const clients = await Promise.all(Array.from({ length: 50 }, () => connected(who, 'plans')));
    const refused = await stream(who, 'plans');
    await refused.ended;
    expect([refused.status, refused.problem['code'], refused.headers['retry-after']]).toEqual([429, 'rate-limited', '30']);
    for (const client of clients) client.close();
    await waitFor('room', async () => {
      const next = await stream(who, 'plans');
      next.close();
      return next.status === 200;
    });
  });
});
