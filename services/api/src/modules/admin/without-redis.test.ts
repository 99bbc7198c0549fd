import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createPresence, ensureFeedIndexes, type DomainEventQueue } from '@tidings/feed';
import { createRedis, type Jobs, type Redis } from '@tidings/platform';
import { createTestStore, type TestStore } from '@tidings/testing';
import { readConnections } from './connections.js';
import { createQueueOverview } from './queues.js';

let store: TestStore;
let away: Redis;
beforeAll(async () => {
  store = await createTestStore();
  await ensureFeedIndexes(store.mongo);
  // Nobody listens there.
  away = createRedis('redis://127.0.0.1:1', { name: 'away' });
});
afterAll(async () => {
  away.disconnect();
  await store.close();
});

test('connections are not known, and the answer says so', async () => {
  const answer = await readConnections({ presence: createPresence(away, 'x'), logger: store.logger }, 'u1');
  const nothing = { connections: 0, users: 0, byUserType: {}, byRole: {}, byTransport: {} };
  expect(answer).toEqual({ degraded: true, gateways: [], totals: nothing });
});

test('queues show what the database has of them', async () => {
  const oldestDueAt = new Date();
  const jobs = {
    queueDepth: () => Promise.reject(new Error('away')),
    overview: async () => ({ due: 2, scheduled: 0, failed: 1, oldestDueAt }),
  } as Partial<Jobs> as Jobs;
  const overview = createQueueOverview({ mongo: store.mongo, jobs, events: {} as DomainEventQueue, logger: store.logger });
  expect(await overview.read()).toEqual({
    degraded: true,
    queues: [],
    jobs: { due: 2, scheduled: 0, failed: 1, oldestDueAt: oldestDueAt.toISOString() },
    events: { pending: 0, oldestPendingAt: null },
  });
});

test('a Redis that comes back empty has everybody again after the next report', async () => {
  const redis = createRedis(store.redisUrl, { name: 'present' });
  try {
    await new Promise((resolve) => redis.once('ready', resolve));
    const presence = createPresence(redis, store.prefix);
    const at = new Date().toISOString();
    const counts = { connections: 3, users: 2, byUserType: { customer: 3 }, byRole: { customer: 3 }, byTransport: { websocket: 3 } };
    const report = { id: 'g1', startedAt: at, at, ...counts };
    const users = new Map([
      ['u1', 2],
      ['u2', 1],
    ]);
    await presence.report(report, users);
    await redis.del(...(await redis.keys(`${store.prefix}:*`)));
    await presence.report(report, new Map([...users, ['u1', 3]]));
    expect(await presence.gateways()).toEqual([report]);
    expect([...(await presence.connectionsOf('u1', ['g1'])), ...(await presence.connectionsOf('u2', ['g1']))]).toEqual([
      ['g1', 3],
      ['g1', 1],
    ]);
    expect(await redis.pttl(`${store.prefix}:gateway:g1`)).toBeGreaterThan(0);
    await presence.report(report, new Map([['u2', 1]]));
    expect((await presence.connectionsOf('u1', ['g1'])).size).toBe(0);
    await presence.leave('g1');
    expect(await presence.gateways()).toEqual([]);
  } finally {
    redis.disconnect();
  }
});
