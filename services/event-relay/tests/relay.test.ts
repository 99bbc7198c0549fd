import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  collections,
  createFeedLog,
  createFeedSubscriber,
  ensureFeedIndexes,
  type BusEntry,
  type FeedEntry,
  type FeedHead,
  type OutboxEvent,
} from '@tidings/feed';
import { createRedis, newId, type Redis } from '@tidings/platform';
import { createTestStore, waitFor, type TestStore } from '@tidings/testing';
import { createRelayStateStore, TermOver } from '../src/relay-state.js';
import { createRelay, type Relay } from '../src/relay.js';
import { createSequencer } from '../src/sequencer.js';

let store: TestStore;
let relays: Relay[] = [];
let redis: Redis;

const config = () => ({
  REDIS_URL: store.redisUrl,
  REDIS_PREFIX: store.prefix,
  FEED_RETENTION_DAYS: 30,
  USER_FEED_RETENTION_DAYS: 180,
  OUTBOX_RETENTION_HOURS: 48,
});
const outbox = () => store.mongo.db.collection<OutboxEvent>(collections.outbox);
const log = () => store.mongo.db.collection<FeedEntry>(collections.entries);

function startRelay(options: { leaseMs?: number } = {}): Relay {
  const relay = createRelay({ config: config(), mongo: store.mongo, logger: store.logger, leaseMs: 600, ...options });
  relays.push(relay);
  return relay;
}

function event(feeds: OutboxEvent['feeds'], overrides: Partial<OutboxEvent> = {}): OutboxEvent {
  return { _id: newId(), type: 'balance-updated', data: { newBalance: 1 }, to: {}, feeds, actor: null, at: new Date(), ...overrides };
}

async function entriesOf(feed: string): Promise<FeedEntry[]> {
  return log().find({ '_id.feed': feed }).sort({ _id: 1 }).toArray();
}

const numbered = (feed: string, count: number) =>
  waitFor(`${count} entries in ${feed}`, async () => (await log().countDocuments({ '_id.feed': feed })) >= count);

beforeEach(async () => {
  store = await createTestStore();
  redis = createRedis(store.redisUrl, { name: 'test', waiting: true });
  await ensureFeedIndexes(store.mongo);
});

afterEach(async () => {
  await Promise.all(relays.map((relay) => relay.stop()));
  relays = [];
  redis.disconnect();
  await store.close();
});

describe('numbering', () => {
  test('keeps the cause of an event with its entries, and out of its packets', async () => {
    await startRelay().start();
    const cause = { kind: 'webhook', id: 'stripe:evt_secret' } as const;
    await outbox().insertOne(event(['admin', 'user:1'], { cause }));
    await numbered('admin', 1);
    for (const entry of [...(await entriesOf('admin')), ...(await entriesOf('user:1'))]) {
      expect(entry.cause).toEqual(cause);
      expect(entry.packet).not.toContain('evt_secret');
    }
  });

  test('follows commit order in each feed, from 1, without gaps', async () => {
    await startRelay().start();
    const committed: string[] = [];
    for (let round = 0; round < 30; round++) {
      const events = Array.from({ length: 10 }, (_, index) => event(['admin', `user:${index % 3}`]));
      await outbox().insertMany(events);
      committed.push(...events.map(({ _id }) => _id));
    }
    await numbered('admin', 300);
    const admin = await entriesOf('admin');
    expect(admin.map(({ eventId }) => eventId)).toEqual(committed);
    expect(admin.map(({ _id }) => _id.seq)).toEqual(committed.map((_, index) => index + 1));
    const first = await entriesOf('user:0');
    expect(first.map(({ _id }) => _id.seq)).toEqual(first.map((_, index) => index + 1));
  });

  test('puts the payload and its place into the packet, without the fields that the audience must not see', async () => {
    await startRelay().start();
    const one = event([{ feed: 'plans', omit: ['adminEmail'] }, 'plans:admin'], {
      type: 'plan-updated',
      data: { planId: 'p', adminEmail: 'a@example.com' },
    });
    await outbox().insertOne(one);
    await numbered('plans:admin', 1);
    const at = one.at.toISOString();
    expect(JSON.parse((await entriesOf('plans'))[0]!.packet)).toEqual([
      'plan-updated',
      { planId: 'p', meta: { id: one._id, feed: 'plans', seq: 1, at } },
    ]);
    expect(JSON.parse((await entriesOf('plans:admin'))[0]!.packet)).toEqual([
      'plan-updated',
      { planId: 'p', adminEmail: 'a@example.com', meta: { id: one._id, feed: 'plans:admin', seq: 1, at } },
    ]);
  });

  test('goes on from the durable head when the entries have expired', async () => {
    const first = startRelay();
    await first.start();
    await outbox().insertMany([event(['user:1']), event(['user:1'])]);
    await numbered('user:1', 2);
    await first.stop();
    await log().deleteMany({});
    await startRelay().start();
    await outbox().insertOne(event(['user:1']));
    await numbered('user:1', 1);
    expect((await entriesOf('user:1'))[0]!._id.seq).toBe(3);
  });

  test('stores nothing behind an entry that was refused', async () => {
    const sequencer = createSequencer({ mongo: store.mongo, logger: store.logger, retentionDays: 30, userRetentionDays: 180 });
    await sequencer.append([event(['admin'])]);
    // Another leader gives the numbers that this one is about to give.
    const theirs = [event(['admin']), event(['admin'])];
    const other = createSequencer({ mongo: store.mongo, logger: store.logger, retentionDays: 30, userRetentionDays: 180 });
    await other.append(theirs);
    const ours = [event(['admin']), theirs[0]!, event(['admin']), theirs[1]!];
    const placed = await sequencer.append(ours);
    const entries = await entriesOf('admin');
    expect(entries.map(({ _id }) => _id.seq)).toEqual([1, 2, 3, 4, 5]);
    expect(entries.slice(1, 3).map(({ eventId }) => eventId)).toEqual(theirs.map(({ _id }) => _id));
    expect(placed.map(({ eventId, seq }) => [eventId, seq])).toEqual([
      [ours[0]!._id, 4],
      [theirs[0]!._id, 2],
      [ours[2]!._id, 5],
      [theirs[1]!._id, 3],
    ]);
  });

  test('numbers that were not stored do not raise the durable head', async () => {
    const sequencer = createSequencer({ mongo: store.mongo, logger: store.logger, retentionDays: 30, userRetentionDays: 180 });
    await sequencer.append([event(['admin'])]);
    await store.mongo.db.command({ collMod: collections.entries, validator: { type: { $ne: 'refused' } } });
    await expect(sequencer.append([event(['admin'], { type: 'refused' }), event(['admin'])])).rejects.toThrow();
    await sequencer.flushHeads();
    await sequencer.append([event(['admin'])]);
    expect((await entriesOf('admin')).map(({ _id }) => _id.seq)).toEqual([1, 2]);
  });
});

describe('a feed that an event begins', () => {
  test('is not looked for, and goes on from there', async () => {
    const sequencer = createSequencer({ mongo: store.mongo, logger: store.logger, retentionDays: 30, userRetentionDays: 180 });
    await sequencer.append([event(['admin'])]); // from now on no other leader is at work
    // What cannot be, so that whoever looks goes on from there.
    await store.mongo.db.collection<FeedHead>(collections.heads).insertOne({ _id: 'order:new', head: 40, updatedAt: new Date() });
    await sequencer.append([event(['admin', 'order:new'], { begins: ['order:new'] }), event(['order:new'])]);
    await sequencer.append([event(['order:new'])]);
    expect((await entriesOf('order:new')).map(({ _id }) => _id.seq)).toEqual([1, 2, 3]);
  });

  test('goes on from what another leader has numbered there, whatever the event says', async () => {
    const options = { mongo: store.mongo, logger: store.logger, retentionDays: 30, userRetentionDays: 180 };
    const [begins, next] = [event(['order:new'], { begins: ['order:new'] }), event(['order:new'])];
    const [dead, heir] = [createSequencer(options), createSequencer(options)];
    await heir.append([event(['admin'])]);
    await dead.append([begins, next]);
    // Met again as if nobody had numbered it: the index refuses, and what stands there decides.
    await heir.append([begins, event(['order:new'])]);
    expect((await entriesOf('order:new')).map(({ _id }) => _id.seq)).toEqual([1, 2, 3]);
  });

  test('is forgotten like any other when memory is full', async () => {
    const options = { mongo: store.mongo, logger: store.logger, retentionDays: 30, userRetentionDays: 180, maxHeads: 3 };
    const sequencer = createSequencer(options);
    await sequencer.append([event(['admin'])]);
    const feeds = Array.from({ length: 5 }, (_, index) => `order:${index}`);
    for (const feed of feeds) await sequencer.append([event(['admin', feed], { begins: [feed] })]);
    // What cannot be, so that whoever looks goes on from there.
    await store.mongo.db.collection<FeedHead>(collections.heads).insertOne({ _id: 'order:0', head: 40, updatedAt: new Date() });
    await sequencer.append([event(['order:0'])]);
    expect((await entriesOf('order:0')).map(({ _id }) => _id.seq)).toEqual([1, 41]);
    expect((await entriesOf('admin')).map(({ _id }) => _id.seq)).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('leadership', () => {
  test('a standby takes over, and numbers on without a gap or a repeat', async () => {
    const first = startRelay();
    const second = startRelay();
    await first.start();
    await waitFor('a leader', () => first.term() !== null);
    await second.start();
    const events = Array.from({ length: 200 }, () => event(['admin']));
    await outbox().insertMany(events.slice(0, 100));
    await numbered('admin', 30);
    await first.stop();
    await outbox().insertMany(events.slice(100));
    await numbered('admin', 200);
    expect((await entriesOf('admin')).map(({ eventId }) => eventId)).toEqual(events.map(({ _id }) => _id));
    expect(second.term()).toBeGreaterThan(1);
  });

  test('finishes a batch that a dead leader left half done', async () => {
    const events = Array.from({ length: 10 }, () => event(['admin', 'user:1']));
    const dead = createSequencer({ mongo: store.mongo, logger: store.logger, retentionDays: 30, userRetentionDays: 180 });
    const first = startRelay();
    await first.start();
    await outbox().insertOne(event(['admin']));
    await numbered('admin', 1);
    await waitFor(
      'the position to be stored',
      async () => (await store.mongo.db.collection(collections.relayState).findOne({ batch: 1 })) !== null,
    );
    await first.stop();
    await outbox().insertMany(events);
    await dead.append(events.slice(0, 4));
    await startRelay().start();
    await numbered('user:1', 10);
    const admin = await entriesOf('admin');
    expect(admin.slice(1).map(({ eventId }) => eventId)).toEqual(events.map(({ _id }) => _id));
    expect((await entriesOf('user:1')).map(({ eventId }) => eventId)).toEqual(events.map(({ _id }) => _id));
  });

  test('a leader whose term is over moves the position no more', async () => {
    const states = createRelayStateStore(store.mongo);
    await states.begin(1);
    await states.save(1, { token: { _data: 'early' }, batch: 1 });
    await states.begin(2);
    await states.save(2, { token: { _data: 'late' }, batch: 7 });
    await expect(states.save(1, { token: { _data: 'earlier' }, batch: 2 })).rejects.toThrow(TermOver);
    expect(await states.begin(3)).toMatchObject({ token: { _data: 'late' }, batch: 7 });
  });
});

describe('recovery', () => {
  test('scans the outbox when the resume token is lost', async () => {
    const first = startRelay();
    await first.start();
    await outbox().insertMany([event(['admin']), event(['admin'])]);
    await numbered('admin', 2);
    await waitFor(
      'the position',
      async () => (await store.mongo.db.collection(collections.relayState).findOne({ token: { $exists: true } })) !== null,
    );
    await first.stop();
    const missed = Array.from({ length: 5 }, () => event(['admin']));
    await outbox().insertMany(missed);
    // It names an event of 1970, which the oplog does not hold. (One that names a time alone would be continued from the oplog's first entry.)
    const states = store.mongo.db.collection<{ _id: string; token: { _data: string } }>(collections.relayState);
    const ancient = '8200000001000000132B022C0100296E5A1004B2B9DB83C7014D6C801006C02F6B2C86463C5F6964003C61000004';
    await states.updateOne({ _id: 'relay' }, { $set: { token: { _data: ancient } } });
    await startRelay().start();
    await numbered('admin', 7);
    const admin = await entriesOf('admin');
    expect(admin.map(({ _id }) => _id.seq)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(admin.slice(2).map(({ eventId }) => eventId)).toEqual(missed.map(({ _id }) => _id));
  });

  test('publishes and enqueues again what Redis has lost, numbering nothing again', async () => {
    const got: BusEntry[] = [];
    const subscriber = createFeedSubscriber({
      redisUrl: store.redisUrl,
      prefix: store.prefix,
      logger: store.logger,
      onEntries: (_, entries) => void got.push(...entries),
      onReconnect: () => undefined,
    });
    await subscriber.subscribe(['user:1']);
    await startRelay().start();
    const one = event(['user:1'], { type: 'payment-completed', pending: true });
    await outbox().insertOne(one);
    await waitFor('the entry on the bus', () => got.length === 1);
    await waitFor('the job', async () => (await redis.exists(`${store.prefix}:domain-events:${one._id}`)) === 1);

    for (const key of await redis.keys(`${store.prefix}:*`)) await redis.del(key);
    await waitFor('the entry again', () => got.length >= 2);
    await waitFor('the job again', async () => (await redis.exists(`${store.prefix}:domain-events:${one._id}`)) === 1);
    expect(got.map(({ seq }) => seq)).toEqual([1, 1]);
    expect(await entriesOf('user:1')).toHaveLength(1);
    subscriber.close();
  });

  test('deletes events only behind the watermark, and none that still has to notify', async () => {
    await startRelay().start();
    const old = new Date(Date.now() - 72 * 3_600_000);
    await outbox().insertMany([event(['admin'], { at: old }), event(['admin'], { at: old, pending: true }), event(['admin'])]);
    await numbered('admin', 3);
    const { createJanitor } = await import('../src/janitor.js');
    const janitor = createJanitor({ mongo: store.mongo, logger: store.logger, retentionHours: 48 });
    expect(await janitor.clean(old)).toBe(0);
    expect(await janitor.clean(new Date())).toBe(1);
  });
});

test('an event from a clock that is ahead does not take the watermark along', async () => {
  const hour = 3_600_000;
  const states = store.mongo.db.collection<{ _id: string; watermark: Date }>(collections.relayState);
  await startRelay().start();
  await waitFor('the idle position', () => states.findOne({ watermark: { $exists: true } }));
  await outbox().insertOne(event(['admin'], { at: new Date(Date.now() + 72 * hour) }));
  const state = await waitFor('the position', () => states.findOne({ _id: 'relay', batch: 1 }));
  expect(state.watermark.getTime()).toBeLessThan(Date.now() + hour);
});

test('the position never gets ahead of the durable heads', async () => {
  const changes = store.mongo.db.collection(collections.relayState).watch([], { fullDocument: 'updateLookup' });
  await changes.tryNext(); // opens it
  await startRelay().start();
  await outbox().insertOne(event(['admin']));
  for await (const change of changes) {
    if ('fullDocument' in change && change.fullDocument?.['batch'] === 1) break;
  }
  // A leader that dies now has a successor which begins behind this event.
  expect(await store.mongo.db.collection<{ _id: string }>(collections.heads).findOne({ _id: 'admin' })).toMatchObject({ head: 1 });
});

test('heads are durable within a second or so of the entries', async () => {
  await startRelay().start();
  await outbox().insertMany([event(['admin']), event(['admin'])]);
  const heads = store.mongo.db.collection<{ _id: string; head: number }>(collections.heads);
  await waitFor('the head', async () => (await heads.findOne({ _id: 'admin' }))?.head === 2);
  expect(await createFeedLog(store.mongo).heads(['admin', 'user:none'])).toEqual(
    new Map([
      ['admin', 2],
      ['user:none', 0],
    ]),
  );
});
