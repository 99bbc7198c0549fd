import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { feedChannel, startNewEpoch } from '@tidings/feed';
import { range, World } from './world.js';

let world: World;
beforeAll(async () => {
  world = await World.start({ tuning: { sweepMs: 100, maxReplay: 50 } });
});
afterAll(() => world.stop());

/** A way to Redis that can be cut. */
async function cuttable(target: string) {
  const { hostname, port } = new URL(target);
  const open = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) {
      near.destroy();
      return;
    }
    const far = connect(Number(port), hostname);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      open.add(from);
      from.on('error', () => to.destroy()).on('close', () => to.destroy());
      from.pipe(to);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      isCut = true;
      for (const socket of open) socket.destroy();
    },
    restore: async () => {
      isCut = false;
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}

const counter = async (name: string): Promise<number> => {
  const metric = await world.gateway.metrics.registry.getSingleMetric(name)!.get();
  return metric.values.reduce((sum, { value }) => sum + value, 0);
};

describe('what the bus loses', () => {
  test('in the middle is filled from the log, in order, before what came after it', async () => {
    const who = await world.person();
    const feed = `user:${who.userId}`;
    const client = await world.connected(who);
    await world.publish(feed);
    for (let index = 0; index < 3; index++) await world.publish(feed, 'new-notification', {}, { lost: true });
    await world.publish(feed);
    await client.until(feed, 5);
    expect(client.seqs(feed)).toEqual(range(1, 5));
  });

  test('at the end is found without anything coming after it', async () => {
    const who = await world.person();
    const feed = `user:${who.userId}`;
    const client = await world.connected(who);
    for (let index = 0; index < 4; index++) await world.publish(feed, 'new-notification', {}, { lost: true });
    await client.until(feed, 4);
    expect(client.seqs(feed)).toEqual(range(1, 4));
    expect(await counter('tidings_gateway_repairs_total')).toBeGreaterThan(0);
  });

  test('while its connections are cut is found when they are back', async () => {
    const who = await world.person();
    const feed = `user:${who.userId}`;
    const client = await world.connected(who);
    await world.publish(feed);
    await world.redis.call('CLIENT', 'KILL', 'TYPE', 'pubsub');
    for (let index = 0; index < 20; index++) await world.publish(feed);
    await client.until(feed, 21);
    expect(client.seqs(feed)).toEqual(range(1, 21));
    expect(client.messages.map(({ type }) => type)).toEqual(['connected']);
  });

  test('what it repeats or reorders is put right', async () => {
    const who = await world.person();
    const feed = `user:${who.userId}`;
    const client = await world.connected(who);
    for (let index = 0; index < 3; index++) await world.publish(feed, 'new-notification', {}, { lost: true });
    const entries = await world.mongo.db.collection('feed_entries').find({ '_id.feed': feed }).toArray();
    for (const { _id, packet } of [...entries.toReversed(), ...entries]) {
      await world.redis.spublish(
        feedChannel(world.config.REDIS_PREFIX, feed),
        `${(_id as unknown as { seq: number }).seq} new-notification ${packet}`,
      );
    }
    await client.until(feed, 3);
    await world.publish(feed);
    await client.until(feed, 4);
    expect(client.seqs(feed)).toEqual(range(1, 4));
  });
});

test('while Redis is away clients connect, come back and get what is published; when it is back, delivery is live again', async () => {
  const proxy = await cuttable(process.env['REDIS_URL']!);
  const cut = await World.start({ tuning: { sweepMs: 100 }, env: { REDIS_URL: proxy.url } });
  try {
    const [who, late] = [await cut.person(), await cut.person()];
    const feed = `user:${who.userId}`;
    const client = await cut.connected(who);
    proxy.cut();
    for (let index = 0; index < 3; index++) await cut.publish(feed, 'new-notification', {}, { lost: true });
    await client.until(feed, 3);
    const newcomer = await cut.connected(late);
    await cut.publish(`user:${late.userId}`, 'new-notification', {}, { lost: true });
    await newcomer.until(`user:${late.userId}`, 1);
    expect(await newcomer.ask('subscribe', { feed: 'merchant:m9:menu' })).toMatchObject({ ok: true });
    await proxy.restore();
    for (let index = 0; index < 5; index++) await cut.publish(`user:${late.userId}`, 'new-notification', {}, { lost: true });
    await newcomer.until(`user:${late.userId}`, 6);
    expect(newcomer.seqs(`user:${late.userId}`)).toEqual(range(1, 6));
    expect(client.seqs(feed)).toEqual(range(1, 3));
    expect([...client.messages, ...newcomer.messages].map(({ type }) => type)).toEqual(['connected', 'connected']);
  } finally {
    await proxy.restore();
    await cut.stop();
    await proxy.close();
  }
});

describe('a cursor that cannot be continued', () => {
  test('because the entries have expired: feed-reset, then live from the head', async () => {
    const who = await world.person();
    const feed = `user:${who.userId}`;
    for (let index = 0; index < 10; index++) await world.publish(feed);
    await world.expire(feed, 5);
    const client = world.client(who, { cursors: { [feed]: 2 } });
    expect(await client.message('feed-reset')).toEqual({ feed, epoch: expect.any(String), head: 10, reason: 'expired' });
    await world.publish(feed);
    await client.until(feed, 11);
    expect(client.seqs(feed)).toEqual([11]);
    // What is still there is replayed.
    const other = world.client(who, { cursors: { [feed]: 5 } });
    await other.until(feed, 11);
    expect(other.seqs(feed)).toEqual(range(6, 11));
  });

  test('because it is ahead of the feed, of another epoch, or too far behind', async () => {
    const who = await world.person();
    const feed = `user:${who.userId}`;
    for (let index = 0; index < 60; index++) await world.publish(feed);
    expect(await world.client(who, { cursors: { [feed]: 99 } }).message('feed-reset')).toMatchObject({ reason: 'ahead', head: 60 });
    expect(await world.client(who, { cursors: { [feed]: 60 }, epoch: 'another' }).message('feed-reset')).toMatchObject({
      reason: 'epoch',
      head: 60,
    });
    expect(await world.client(who, { cursors: { [feed]: 1 } }).message('feed-reset')).toMatchObject({ reason: 'behind', head: 60 });
  });

  test('a cursor ahead of this gateway alone, whose bus is late, is continued', async () => {
    const who = await world.person();
    const feed = `user:${who.userId}`;
    const first = await world.connected(who);
    await world.publish(feed);
    await first.until(feed, 1);
    await world.publish(feed, 'new-notification', {}, { lost: true });
    const second = await world.connected(who, { cursors: { [feed]: 2 } });
    await world.publish(feed);
    await second.until(feed, 3);
    expect(second.seqs(feed)).toEqual([3]);
    expect(second.messages.map(({ type }) => type)).toEqual(['connected']);
  });

  test('a new epoch resets those who are connected', async () => {
    const who = await world.person();
    const client = await world.connected(who);
    const epoch = await startNewEpoch(world.mongo);
    expect(await client.message('feed-reset', ({ feed }) => feed === `user:${who.userId}`)).toMatchObject({
      epoch,
      reason: 'epoch',
      head: 0,
    });
    expect((await (await world.connected(who)).message('connected'))['epoch']).toBe(epoch);
  });
});

describe('the other end of the line', () => {
  test('a client that reads nothing is disconnected at its bound, and comes back with its cursor', async () => {
    const small = await World.start({ tuning: { maxBufferedBytes: 50_000 } });
    small.onStop(() => undefined);
    try {
      const who = await small.person();
      const feed = `user:${who.userId}`;
      const cursors: Record<string, number> = {};
      const client = await small.connected(who, { auth: { cursors } });
      const tcp = (client.socket.io.engine as unknown as { transport: { ws: { _socket: { pause(): void; resume(): void } } } }).transport.ws
        ._socket;
      tcp.pause();
      const gone = new Promise((resolve) => small.gateway.io.sockets.sockets.get(client.socket.id!)!.once('disconnect', resolve));
      let sent = 0;
      let isGone = false;
      void gone.then(() => {
        isGone = true;
      });
      while (!isGone) sent = await small.publish(feed, 'new-notification', { message: 'x'.repeat(40_000) });
      tcp.resume();
      await client.message('disconnect');
      cursors[feed] = client.seqs(feed).at(-1) ?? 0;
      await client.until(feed, sent);
      expect(client.seqs(feed)).toEqual(range(1, sent));
    } finally {
      await small.stop();
    }
  });

  test('a gateway that stops sends its clients away, and they come back by themselves', async () => {
    const first = await World.start({ tuning: { drainMs: 20 } });
    const who = await first.person();
    const clients = [await first.connected(who), await first.connected(who, { transports: ['polling'] })];
    await first.gateway.stop();
    for (const client of clients) {
      const { reason } = await client.message('disconnect');
      expect(reason).not.toBe('io server disconnect');
      expect(client.socket.active).toBe(true);
    }
    await expect(first.gateway.check()).rejects.toThrow('draining');
    await first.stop();
  });
});
