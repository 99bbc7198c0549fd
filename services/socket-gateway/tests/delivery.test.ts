import { waitFor } from '@tidings/testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { range, World } from './world.js';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.stop());

describe('connecting', () => {
  test('says who it is and where its feeds are', async () => {
    const who = await world.person({ merchants: ['m1'], roles: ['customer', 'merchant'] });
    await world.publish(`user:${who.userId}`);
    const client = world.client(who, { auth: { userId: who.userId, deviceId: 'phone' } });
    expect(await client.message('connected')).toEqual({
      userId: who.userId,
      userType: 'vendor',
      roles: ['customer', 'merchant'],
      message: expect.any(String),
      epoch: expect.any(String),
      feeds: {
        [`user:${who.userId}`]: 1,
        announcements: 0,
        'announcements:merchant': 0,
        merchants: 0,
        plans: 0,
        'merchant:m1': 0,
      },
    });
    expect(client.received).toEqual([]);
    expect([...world.gateway.io.sockets.adapter.rooms.keys()]).toEqual(
      expect.arrayContaining([`user:${who.userId}`, 'plans', 'merchant:m1']),
    );
  });

  test('an administrator gets the private variants of the public feeds', async () => {
    const admin = await world.connected(await world.person({ roles: ['admin'] }));
    const { feeds, userType } = await admin.message('connected');
    expect(userType).toBe('admin');
    expect(Object.keys(feeds as object).toSorted()).toEqual(
      expect.arrayContaining(['admin', 'announcements', 'merchants:admin', 'plans:admin']),
    );
    expect(feeds).not.toHaveProperty('plans');
  });

  test.each([
    ['no token', {}, 'unauthenticated'],
    ['a token of nobody', { token: 'nonsense' }, 'unauthenticated'],
    ['a token that is an object', { token: { $gt: '' } }, 'unauthenticated'],
  ])('is refused with %s', async (_name, auth, code) => {
    const client = world.client({ token: '' }, { auth: { token: undefined, ...auth } });
    expect(await client.message('connect_error')).toMatchObject({ code });
  });

  test('is refused to a user who holds as many as a person could need; one that ends makes room', async () => {
    const who = await world.person();
    const before = world.gateway.connections();
    const clients = await Promise.all(Array.from({ length: 50 }, () => world.connected(who)));
    expect(await world.client(who).message('connect_error')).toMatchObject({ code: 'rate-limited' });
    const [first] = clients;
    first!.socket.disconnect();
    await waitFor('the connection to end', () => world.gateway.connections() < before + 50);
    await world.connected(who);
    for (const { socket } of clients) socket.disconnect();
  });

  test('is refused with an expired token, for another user, for an ended session, and with bad cursors', async () => {
    const who = await world.person();
    const { createTokens } = await import('@tidings/platform');
    const expired = createTokens(world.config.jwtKeys, -10).sign({ sub: who.userId, sid: who.sessionId, roles: [] });
    expect(await world.client({ token: expired }).message('connect_error')).toMatchObject({ code: 'token-expired' });
    expect(await world.client(who, { auth: { userId: 'somebody-else' } }).message('connect_error')).toMatchObject({ code: 'forbidden' });
    expect(await world.client(who, { cursors: { [`user:${who.userId}`]: -1 } }).message('connect_error')).toMatchObject({
      code: 'bad-request',
    });
    await world.mongo.db.collection<{ _id: string }>('sessions').updateOne({ _id: who.sessionId }, { $set: { revokedAt: new Date() } });
    expect(await world.client(who).message('connect_error')).toMatchObject({ code: 'session-revoked' });
  });
});

describe.each([
  ['websocket', { transports: ['websocket'] }],
  ['polling', { transports: ['polling'] }],
  ['polling that upgrades', { transports: ['polling', 'websocket'] }],
])('over %s', (_name, options) => {
  test('live entries arrive once and in order', async () => {
    const who = await world.person();
    const feed = `user:${who.userId}`;
    const client = await world.connected(who, options);
    for (let index = 0; index < 30; index++)
      await world.publish(feed, 'new-notification', { title: `ünï ${index}`, message: 'x'.repeat(index * 10) });
    await client.until(feed, 30);
    expect(client.seqs(feed)).toEqual(range(1, 30));
    expect(client.received[7]).toMatchObject({ type: 'new-notification', title: 'ünï 7', meta: { feed, seq: 8 } });
  });

  test('a client that comes back gets what it missed, once and in order, while more is published', async () => {
    const who = await world.person();
    const feed = `user:${who.userId}`;
    for (let index = 0; index < 40; index++) await world.publish(feed);
    const publishing = (async () => {
      for (let index = 0; index < 60; index++) await world.publish(feed);
    })();
    const clients = [5, 20, 40].map((seq) => ({ seq, client: world.client(who, { ...options, cursors: { [feed]: seq } }) }));
    await publishing;
    for (const { seq, client } of clients) {
      await client.until(feed, 100);
      expect(client.seqs(feed)).toEqual(range(seq + 1, 100));
      expect(client.messages[0]).toMatchObject({ type: 'connected' });
    }
  });
});
