import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { buildServices } from '@tidings/dev';
import {
  collections,
  createDomainEventQueue,
  enqueueDomainEvents,
  ensureFeedIndexes,
  notificationCollections,
  type DomainEventQueue,
  type NotificationDocument,
  type OutboxEvent,
} from '@tidings/feed';
import { newId } from '@tidings/platform';
import { createTestStore, databaseUrl, waitFor, type TestStore } from '@tidings/testing';

const people = 3_000;
/** Of the worker: people per transaction. */
const batchSize = 200;

let store: TestStore;
let queue: DomainEventQueue;
let worker: ChildProcess | undefined;
beforeAll(async () => {
  await buildServices();
  store = await createTestStore();
  queue = createDomainEventQueue(store.redisUrl, store.prefix, store.logger);
  await ensureFeedIndexes(store.mongo);
}, 180_000);
afterAll(async () => {
  await end('SIGKILL');
  await queue.close();
  await store.close();
});

const outbox = () => store.mongo.db.collection<OutboxEvent>(collections.outbox);
const notifications = () => store.mongo.db.collection<NotificationDocument>(notificationCollections.notifications);
const isPending = async (_id: string): Promise<boolean> => (await outbox().countDocuments({ _id, pending: true })) === 1;

function start(): void {
  worker = spawn(process.execPath, ['services/notification-worker/dist/main.js'], {
    env: {
      ...process.env,
      MONGODB_URL: databaseUrl(process.env['MONGODB_URL'], store.prefix),
      REDIS_URL: store.redisUrl,
      REDIS_PREFIX: store.prefix,
      PORT: '0',
      JWT_SECRET: 'a secret for tests only',
      LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

async function end(signal: NodeJS.Signals): Promise<void> {
  const ending = worker;
  worker = undefined;
  if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
  const ended = once(ending, 'exit');
  ending.kill(signal);
  await ended;
}

async function announce(): Promise<string> {
  const event: OutboxEvent = {
    _id: newId(),
    type: 'announcement',
    data: { title: 'Rain', message: 'The stage moves into the hall', severity: 'warning' },
    to: {},
    feeds: ['announcements'],
    actor: null,
    at: new Date(),
    pending: true,
  };
  await outbox().insertOne(event);
  await enqueueDomainEvents(queue, [event]);
  return event._id;
}

/** Kills a worker that has told some of the people and not all. Once the first have their word it has most of its work before it. */
async function killAmid(): Promise<string> {
  for (let attempt = 1; attempt <= 8; attempt++) {
    const id = await announce();
    start();
    await waitFor('the first of them', async () => (await notifications().countDocuments({ eventId: id }, { limit: 1 })) === 1);
    await end('SIGKILL');
    if (await isPending(id)) return id;
  }
  throw new Error('Each worker was done before it could be killed');
}

test('an announcement to thousands is written in bounded batches, and told to each once though the worker is killed amid them', async () => {
  const joined = new Date(Date.now() - 60_000);
  const users = Array.from({ length: people }, () => ({ _id: newId(), roles: ['customer'], memberships: [], createdAt: joined }));
  await store.mongo.db.collection<{ _id: string }>('users').insertMany(users);
  const id = await killAmid();
  const told = await notifications().countDocuments({ eventId: id });
  expect(told).toBeGreaterThan(0);
  expect(told).toBeLessThan(people);

  start();
  await waitFor('the rest of them', async () => !(await isPending(id)), 120_000);
  await end('SIGTERM');
  const written = await notifications()
    .find({ eventId: id }, { projection: { userId: 1 } })
    .toArray();
  expect(written.map(({ userId }) => userId).toSorted()).toEqual(users.map(({ _id }) => _id).toSorted());
  const events = await outbox()
    .find({ type: 'new-notification', 'data.notificationId': { $in: written.map(({ _id }) => _id) } }, { projection: { to: 1 } })
    .toArray();
  expect(new Set(events.map(({ to }) => to['userId'])).size).toBe(people);
  expect(events).toHaveLength(people);
  // An event's id begins with the id of its transaction.
  const sizes = new Map<string, number>();
  for (const { _id } of events) sizes.set(_id.slice(0, 24), (sizes.get(_id.slice(0, 24)) ?? 0) + 1);
  expect(Math.max(...sizes.values())).toBeLessThanOrEqual(batchSize);
  expect(sizes.size).toBeGreaterThanOrEqual(people / batchSize);
}, 300_000);
