import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newId } from '@tidings/platform';
import { waitFor } from '@tidings/testing';
import { range, World, type Person, type TestClient } from './world.js';

let world: World;
beforeAll(async () => {
  world = await World.start();
});
afterAll(() => world.stop());

const sockets = () => world.gateway.io.sockets.sockets;

describe('what may be followed', () => {
  test('feeds of others are refused, by subscribe, by alias and by cursor; the connection stays', async () => {
    const [who, other] = [await world.person(), await world.person()];
    const order = newId();
    await world.grant(`order:${order}`, [`user:${other.userId}`, 'merchant:m1']);
    const cursors = { [`user:${other.userId}`]: 0, [`order:${order}`]: 0 };
    const client = await world.connected(who, { cursors });
    const forbidden = { ok: false, error: { code: 'forbidden', message: expect.any(String) } };
    for (const feed of [`user:${other.userId}`, `order:${order}`, 'admin', 'plans:admin', 'merchant:m1', 'announcements:admin']) {
      expect(await client.ask('subscribe', { feed })).toEqual(forbidden);
    }
    expect(await client.ask('join-user-room', { userId: other.userId })).toEqual(forbidden);
    expect(await client.ask('join-order-room', { orderId: order })).toEqual(forbidden);
    expect(await client.ask('subscribe', { feed: 'no-such-feed' })).toMatchObject({ ok: false });
    await world.publish([`user:${other.userId}`, `order:${order}`, 'merchant:m1', 'admin']);
    await world.publish(`user:${who.userId}`);
    await client.until(`user:${who.userId}`, 1);
    expect(client.received.map(({ meta }) => meta.feed)).toEqual([`user:${who.userId}`]);
  });

  test('an administrator follows a private feed, and the audit log says so', async () => {
    const [admin, who] = [await world.person({ roles: ['admin'] }), await world.person()];
    const client = await world.connected(admin);
    expect(await client.ask('subscribe', { feed: `user:${who.userId}` })).toMatchObject({ ok: true, head: 0 });
    const noted = await world.mongo.db.collection('audit_log').find({ actor: admin.userId }).toArray();
    const from = { ip: '127.0.0.1', userAgent: expect.any(String), sessionId: expect.any(String) };
    expect(noted).toMatchObject([{ action: 'feed.follow', target: `user:${who.userId}`, from }]);
  });
});

describe('feeds that hold each other', () => {
  let who: Person;
  let own: string;
  let order: string;
  beforeAll(async () => {
    who = await world.person();
    own = `user:${who.userId}`;
  });
  const newOrder = async (): Promise<string> => {
    order = `order:${newId()}`;
    await world.grant(order, [own, 'merchant:m1']);
    return order;
  };
  const ids = (client: TestClient): string[] => client.received.map(({ meta }) => meta.id);

  test('one that is brought already adds nothing', async () => {
    await newOrder();
    const client = await world.connected(who, { cursors: { [await newOrder()]: 0 } });
    expect((await client.message('connected'))['feeds']).not.toHaveProperty([order]);
    expect(await client.ask('subscribe', { feed: order })).toEqual({ ok: true, feed: order, head: 0, via: own });
    const { orderId } = { orderId: order.slice('order:'.length) };
    expect(await client.ask('join-order-room', { orderId })).toEqual({ ok: true, feed: order, head: 0, via: own });
    await world.publish([own, order]);
    const last = await world.publish([order, own]);
    await client.until(own, last);
    expect(new Set(ids(client)).size).toBe(client.received.length);
  });

  test('an outer feed takes over from an inner one, and back, without a double or a gap', async () => {
    const admin = await world.person({ roles: ['admin'] });
    const client = await world.connected(admin);
    await newOrder();
    await client.ask('subscribe', { feed: order });
    const expected: string[] = [];
    let publishing = true;
    let last = 0;
    const publisher = (async () => {
      while (publishing) {
        const id = newId();
        expected.push(id);
        last = await world.publish([order, own], 'order-ready', {}, { id });
      }
    })();
    for (let round = 0; round < 5; round++) {
      expect(await client.ask('subscribe', { feed: own })).toMatchObject({ ok: true, feed: own });
      expect(await client.ask('subscribe', { feed: order })).toMatchObject({ via: own });
      expect(await client.ask('unsubscribe', { feed: own })).toEqual({ ok: true, feed: own });
    }
    publishing = false;
    await publisher;
    await world.publish('announcements');
    await client.until('announcements', 1);
    while (!ids(client).includes(expected.at(-1)!)) await new Promise((resolve) => client.socket.onAny(resolve));
    const got = client.received.filter(({ type }) => type === 'order-ready').map(({ meta }) => meta.id);
    expect(got.toSorted()).toEqual(expected);
    expect(last).toBeGreaterThan(5);
  });

  test('subscribing again with an older cursor replays again', async () => {
    const somebody = await world.person();
    const feed = `user:${somebody.userId}`;
    const client = await world.connected(somebody);
    for (let index = 0; index < 5; index++) await world.publish(feed);
    await client.until(feed, 5);
    expect(await client.ask('subscribe', { feed, since: 2 })).toEqual({ ok: true, feed, head: 5 });
    expect(await client.ask('subscribe', { feed, since: 5 })).toEqual({ ok: true, feed, head: 5 });
    await world.publish(feed);
    await client.until(feed, 6);
    expect(client.seqs(feed)).toEqual([...range(1, 5), ...range(3, 6)]);
  });
});

describe('what is taken away', () => {
  test('a revoked session ends, after the client has heard why; the other sessions of the user stay', async () => {
    const who = await world.person();
    const other = await world.session(who.userId);
    const feed = `user:${who.userId}`;
    const [ending, staying] = [await world.connected(who), await world.connected(other)];
    await ending.ask('leave-user-room', { userId: who.userId });
    await world.mongo.db.collection<{ _id: string }>('sessions').updateOne({ _id: who.sessionId }, { $set: { revokedAt: new Date() } });
    await world.publish(feed, 'session-revoked', { sessionId: who.sessionId, reason: 'logged-out' });
    expect(await ending.message('disconnect')).toEqual({ reason: 'io server disconnect' });
    await staying.until(feed, 1);
    expect(staying.socket.connected).toBe(true);
    expect(sockets().has(staying.socket.id!)).toBe(true);
  });

  test('a revocation that the bus lost counts too', async () => {
    const who = await world.person();
    const client = await world.connected(who);
    await world.mongo.db.collection<{ _id: string }>('sessions').updateOne({ _id: who.sessionId }, { $set: { revokedAt: new Date() } });
    await world.publish(`user:${who.userId}`, 'session-revoked', { sessionId: who.sessionId, reason: 'logged-out' }, { lost: true });
    await world.gateway.adapter.hubs.sweep();
    await client.message('disconnect');
    expect(client.received.map(({ type }) => type)).toEqual(['session-revoked']);
  });

  test('a member who leaves a merchant hears no more of it; one who joins does', async () => {
    const who = await world.person({ merchants: ['m2'] });
    const own = `user:${who.userId}`;
    const order = `order:${newId()}`;
    await world.grant(order, ['merchant:m2', 'user:nobody']);
    const client = await world.connected(who);
    expect(await client.ask('subscribe', { feed: order })).toMatchObject({ via: 'merchant:m2' });
    await world.publish('merchant:m2');
    await client.until('merchant:m2', 1);

    const users = world.mongo.db.collection<{ _id: string }>('users');
    await users.updateOne({ _id: who.userId }, { $set: { memberships: [{ merchantId: 'm3', role: 'owner' }] } });
    await world.publish(own, 'access-changed', { feeds: ['merchant:m2', 'merchant:m3'], reason: 'membership' });
    await client.until(own, 1);
    await waitFor('the feed of the other merchant', () => world.gateway.io.sockets.adapter.rooms.has('merchant:m3'));
    await world.publish(['merchant:m2', order]);
    await world.publish('merchant:m3');
    await client.until('merchant:m3', 1);
    expect(client.seqs('merchant:m2')).toEqual([1]);
    expect(client.seqs(order)).toEqual([]);
    expect(world.gateway.io.sockets.adapter.rooms.get(order)).toBeUndefined();
    expect(await client.ask('subscribe', { feed: order })).toMatchObject({ ok: false, error: { code: 'forbidden' } });
  });

  test('a user who is suspended is disconnected', async () => {
    const who = await world.person();
    const client = await world.connected(who);
    await world.mongo.db.collection<{ _id: string }>('users').updateOne({ _id: who.userId }, { $set: { status: 'suspended' } });
    await world.publish(`user:${who.userId}`, 'access-changed', { feeds: [], reason: 'suspended' });
    expect(await client.message('disconnect')).toEqual({ reason: 'io server disconnect' });
  });

  test('a right that ends while a feed is joined is seen after joining', async () => {
    const who = await world.person({ merchants: ['m4'] });
    const order = `order:${newId()}`;
    await world.grant(order, ['merchant:m4']);
    const client = await world.connected(who);
    await client.ask('unsubscribe', { feed: 'merchant:m4' });
    const { hubs } = world.gateway.adapter;
    const acquire = hubs.acquire.bind(hubs);
    // The right is read before the hub opens, and is taken away meanwhile; the event that tells of it is late.
    hubs.acquire = async (feed) => {
      if (feed === order)
        await world.mongo.db.collection<{ _id: string }>('users').updateOne({ _id: who.userId }, { $set: { memberships: [] } });
      return acquire(feed);
    };
    expect(await client.ask('subscribe', { feed: order })).toMatchObject({ ok: false, error: { code: 'forbidden' } });
    hubs.acquire = acquire;
    await world.publish(order);
    await world.publish('announcements');
    const last = (await world.gateway.adapter.hubs.acquire('announcements')).head;
    await client.until('announcements', last);
    expect(client.seqs(order)).toEqual([]);
  });
});
