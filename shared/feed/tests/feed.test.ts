import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Principal } from '@tidings/contracts';
import {
  collections,
  createAccess,
  createFeedLog,
  createUnitOfWork,
  decodeBusMessage,
  encodeBusMessage,
  ensureFeedIndexes,
  startNewEpoch,
  type FeedEntry,
  type OutboxEvent,
  type UnitOfWork,
} from '@tidings/feed';
import type { NewJob } from '@tidings/platform';
import { createTestStore, type TestStore } from '@tidings/testing';

let store: TestStore;
let unitOfWork: UnitOfWork;
let nudged: NewJob[] = [];

beforeAll(async () => {
  store = await createTestStore();
  await ensureFeedIndexes(store.mongo);
  await ensureFeedIndexes(store.mongo); // a second replica starts
  const jobs = { add: async () => undefined, nudge: async (added: readonly NewJob[]) => void nudged.push(...added) };
  unitOfWork = createUnitOfWork({ mongo: store.mongo, jobs });
});

afterAll(async () => {
  await store.close();
});

const outbox = () => store.mongo.db.collection<OutboxEvent>(collections.outbox);
const revoked = { sessionId: 's1', reason: 'logged-out' } as const;

test('the outbox is read page by page in the order of emission without sorting what is left', async () => {
  const at = new Date(0);
  const page = outbox()
    .find({ $or: [{ at: { $gt: at } }, { at, _id: { $gt: 'a' } }] })
    .sort({ at: 1, _id: 1 })
    .limit(500);
  const plan = JSON.stringify(await page.explain('queryPlanner'));
  expect(plan).toContain('IXSCAN');
  expect(plan).not.toContain('"stage":"SORT"');
});

describe('a unit of work', () => {
  test('writes its events with the change, in the order of emission', async () => {
    const { events } = await unitOfWork.run({ actor: 'u1' }, async (tx) => {
      await store.mongo.db.collection<{ _id: string }>('things').insertOne({ _id: 'one' }, { session: tx.session });
      tx.emit('session-revoked', revoked, { userId: 'u1' });
      tx.emit('access-changed', { feeds: ['merchant:m1'], reason: 'added' }, { userId: 'u2' });
      await tx.job({ kind: 'test', key: 'k', data: {} });
    });
    expect(events.map(({ type, feeds, actor }) => [type, feeds, actor])).toEqual([
      ['session-revoked', ['user:u1'], 'u1'],
      ['access-changed', ['user:u2'], 'u1'],
    ]);
    expect(await outbox().countDocuments({ _id: { $in: events.map(({ _id }) => _id) } })).toBe(2);
    expect(nudged).toEqual([{ kind: 'test', key: 'k', data: {} }]);
  });

  test('leaves neither the change nor its event when it fails', async () => {
    nudged = [];
    const before = await outbox().countDocuments({});
    const attempt = unitOfWork.run({ actor: null }, async (tx) => {
      await store.mongo.db.collection<{ _id: string }>('things').insertOne({ _id: 'two' }, { session: tx.session });
      tx.emit('session-revoked', revoked, { userId: 'u1' });
      await tx.job({ kind: 'test', key: 'k2', data: {} });
      throw new Error('no');
    });
    await expect(attempt).rejects.toThrow('no');
    expect(await outbox().countDocuments({})).toBe(before);
    expect(await store.mongo.db.collection<{ _id: string }>('things').findOne({ _id: 'two' })).toBeNull();
    expect(nudged).toEqual([]);
  });

  test('refuses an event that the catalogue does not declare that way', async () => {
    const attempt = unitOfWork.run({ actor: null }, async (tx) =>
      tx.emit('session-revoked', { ...revoked, extra: 1 } as typeof revoked, { userId: 'u1' }),
    );
    await expect(attempt).rejects.toThrow(/extra/);
  });
});

describe('the bus', () => {
  test('carries entries with their packets as they are', () => {
    const entries = [
      { seq: 1, type: 'a', packet: '["a",{"text":"one\\ntwo ünï"}]' },
      { seq: 20, type: 'b-c', packet: '["b-c",{}]' },
    ];
    const decoded = decodeBusMessage(Buffer.from(encodeBusMessage(entries)));
    expect(decoded.map(({ packet, ...rest }) => ({ ...rest, packet: packet.toString() }))).toEqual(entries);
  });
});

describe('the log', () => {
  test('knows a head by its entries, and by what was kept of it', async () => {
    const entries = store.mongo.db.collection<FeedEntry>(collections.entries);
    const at = new Date();
    await entries.insertMany(
      [1, 2, 3].map((seq) => ({ _id: { feed: 'user:log', seq }, eventId: `e${seq}`, type: 't', packet: `[${seq}]`, at, expiresAt: at })),
    );
    await store.mongo.db
      .collection<{ _id: string; head: number; updatedAt: Date }>(collections.heads)
      .insertOne({ _id: 'user:gone', head: 9, updatedAt: at });
    const log = createFeedLog(store.mongo);
    expect(await log.heads(['user:log', 'user:gone', 'user:none'])).toEqual(
      new Map([
        ['user:log', 3],
        ['user:gone', 9],
        ['user:none', 0],
      ]),
    );
    expect((await log.read({ feed: 'user:log', after: 1, limit: 10 })).map(({ seq }) => seq)).toEqual([2, 3]);
    const pages = await log.readMany([
      { feed: 'user:log', after: 0, limit: 2 },
      { feed: 'user:none', after: 5, limit: 2 },
    ]);
    expect([...pages].map(([feed, page]) => [feed, page.map(({ seq }) => seq)])).toEqual([
      ['user:log', [1, 2]],
      ['user:none', []],
    ]);
  });

  test('has one epoch until an operator starts another', async () => {
    const log = createFeedLog(store.mongo);
    const [first, same] = await Promise.all([log.epoch(), createFeedLog(store.mongo).epoch()]);
    expect(same).toBe(first);
    const next = await startNewEpoch(store.mongo);
    expect(next).not.toBe(first);
    expect(await log.epoch()).toBe(next);
  });
});

describe('rights', () => {
  const customer: Principal = { userId: 'c1', sessionId: 's', roles: ['customer'], merchants: [] };
  const vendor: Principal = { userId: 'v1', sessionId: 's', roles: ['customer', 'merchant'], merchants: ['m1'] };
  const admin: Principal = { userId: 'a1', sessionId: 's', roles: ['admin'], merchants: [] };
  const stranger: Principal = { userId: 'x1', sessionId: 's', roles: ['customer'], merchants: ['m2'] };

  beforeAll(async () => {
    await unitOfWork.run({ actor: null }, async (tx) => tx.grant('order:o1', ['user:c1', 'merchant:m1']));
  });

  test.each([
    ['the customer', customer, 'order:o1', true],
    ['a member of the merchant', vendor, 'order:o1', true],
    ['a stranger', stranger, 'order:o1', false],
    ['an administrator', admin, 'order:o1', true],
    ['anybody, of a thing that does not exist', customer, 'order:none', false],
    ['oneself', customer, 'user:c1', true],
    ['another user', stranger, 'user:c1', false],
    ['a member, of the merchant', vendor, 'merchant:m1', true],
    ['another, of the merchant', customer, 'merchant:m1', false],
    ['a customer, of the administrators’ feed', customer, 'admin', false],
    ['a customer, of private plans', customer, 'plans:admin', false],
    ['a customer, of plans', customer, 'plans', true],
    ['a role one has not', customer, 'announcements:admin', false],
    ['a name that no feed has', admin, 'user:*', false],
    ['a prototype’s name', admin, '__proto__', false],
  ])('%s', async (_who, principal, feed, ok) => {
    expect((await createAccess(store.mongo).mayFollow(principal, feed)).ok).toBe(ok);
  });

  test('an administrator who follows somebody’s feed is written down, a party is not', async () => {
    const audit = store.mongo.db.collection('audit_log');
    await audit.deleteMany({});
    const access = createAccess(store.mongo);
    for (const [who, feed] of [
      [admin, 'user:c1'],
      [admin, 'order:o1'],
      [admin, 'user:a1'],
      [admin, 'admin'],
      [vendor, 'order:o1'],
    ] as const)
      await access.mayFollow(who, feed);
    expect((await audit.find({}).toArray()).map(({ actor, action, target }) => [actor, action, target])).toEqual([
      ['a1', 'feed.follow', 'user:c1'],
      ['a1', 'feed.follow', 'order:o1'],
    ]);
  });

  test('a session that has ended, expired or is another user’s is nobody', async () => {
    const access = createAccess(store.mongo);
    const later = new Date(Date.now() + 60_000);
    await store.mongo.db.collection<{ _id: string; [field: string]: unknown }>('users').insertMany([
      { _id: 'p1', roles: ['customer'], status: 'active', memberships: [{ merchantId: 'm9', role: 'staff' }] },
      { _id: 'p2', roles: ['customer'], status: 'suspended', memberships: [] },
    ]);
    await store.mongo.db.collection<{ _id: string; [field: string]: unknown }>('sessions').insertMany([
      { _id: 'live', userId: 'p1', expiresAt: later, revokedAt: null },
      { _id: 'ended', userId: 'p1', expiresAt: later, revokedAt: new Date() },
      { _id: 'expired', userId: 'p1', expiresAt: new Date(0), revokedAt: null },
      { _id: 'suspended', userId: 'p2', expiresAt: later, revokedAt: null },
    ]);
    expect(await access.principal('p1', 'live')).toEqual({ userId: 'p1', sessionId: 'live', roles: ['customer'], merchants: ['m9'] });
    for (const [user, session] of [
      ['p1', 'ended'],
      ['p1', 'expired'],
      ['p2', 'suspended'],
      ['p2', 'live'],
      ['p1', 'none'],
    ] as const) {
      expect(await access.principal(user, session)).toBeNull();
    }
  });
});
