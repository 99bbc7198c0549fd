import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import {
  collections,
  createDomainEventQueue,
  createQuestions,
  createUnitOfWork,
  enqueueDomainEvents,
  ensureFeedIndexes,
  notificationCollections,
  notificationId,
  type DomainEventQueue,
  type NotificationDocument,
  type OutboxEvent,
} from '@tidings/feed';
import { createMetrics, createRedis, newId } from '@tidings/platform';
import { createTestStore, waitFor, type TestStore } from '@tidings/testing';
import { createInAppChannel } from '../src/channels/in-app.js';
import { createEventHandler } from '../src/handle-event.js';
import { createNotificationRegistry, notificationDomains } from '../src/notifications/registry.js';
import { createWorker, type NotificationWorker, type WorkerDeps } from '../src/worker.js';

let store: TestStore;
let queue: DomainEventQueue;
let workers: NotificationWorker[];

const outbox = () => store.mongo.db.collection<OutboxEvent>(collections.outbox);
const notifications = () => store.mongo.db.collection<NotificationDocument>(notificationCollections.notifications);
const users = () => store.mongo.db.collection<{ _id: string }>('users');
const pendingEvents = () => outbox().countDocuments({ pending: true });
const allHandled = () => waitFor('every event to be handled', async () => (await pendingEvents()) === 0);
/** Sweeping would hide what the queue alone does or does not do. */
const withoutSweeper: Partial<WorkerDeps> = { sweepMs: 3_600_000 };
const promptSweeper: Partial<WorkerDeps> = { sweepMs: 50, staleMs: 0, failedRestMs: 3_600_000 };

async function startWorker(options: Partial<WorkerDeps>): Promise<NotificationWorker> {
  const config = { REDIS_URL: store.redisUrl, REDIS_PREFIX: store.prefix };
  const worker = createWorker({ config, mongo: store.mongo, logger: store.logger, ...options });
  workers.push(worker);
  await worker.start();
  return worker;
}

function paymentOf(userId: string): OutboxEvent {
  return {
    _id: newId(),
    type: 'payment-completed',
    data: {
      userId,
      amount: 25_000,
      currency: 'INR',
      newBalance: 75_000,
      paymentMethod: 'stripe',
      transactionId: newId(),
      topUpId: newId(),
    },
    to: { userId },
    feeds: [`user:${userId}`, 'admin'],
    actor: null,
    at: new Date(),
    pending: true,
  };
}

/** A business asks the user, who has two buttons. */
function askingOf(userId: string, enrollmentId: string): OutboxEvent {
  const names = { businessName: 'Chai House', programName: 'Friends', customerName: 'Asha' };
  const data = { enrollmentId, userId, businessId: newId(), programId: newId(), requestedBy: 'merchant', ...names };
  return { ...paymentOf(userId), type: 'enrollment-requested', data, feeds: [`user:${userId}`] };
}

const answer = (question: string, decision: string) =>
  createUnitOfWork({ mongo: store.mongo, jobs: { add: () => Promise.resolve(), nudge: () => Promise.resolve() } }).run(
    { actor: null },
    (tx) => createQuestions(store.mongo).answer(tx, question, decision),
  );

function announcement(to: { role?: string } = {}): OutboxEvent {
  const data = { title: 'Closing early', message: 'We close at 8 pm today.', severity: 'info' };
  return { _id: newId(), type: 'announcement', data, to, feeds: ['announcements'], actor: null, at: new Date(), pending: true };
}

const addUsers = async (count: number, roles = ['customer']): Promise<string[]> => {
  const added = Array.from({ length: count }, () => ({ _id: newId(), roles, memberships: [], createdAt: new Date(Date.now() - 60_000) }));
  await users().insertMany(added);
  return added.map(({ _id }) => _id);
};

/** What invariant 4 asks: a notification for each person, and one `new-notification` for each notification. */
async function expectOncePerPerson(event: OutboxEvent, userIds: readonly string[]): Promise<void> {
  const written = await notifications().find({ eventId: event._id }).toArray();
  expect(written.map(({ userId }) => userId).toSorted()).toEqual(userIds.toSorted());
  const told = await outbox()
    .find({ type: 'new-notification', 'data.notificationId': { $in: written.map(({ _id }) => _id) } })
    .toArray();
  expect(told.map(({ to }) => to['userId'] as string).toSorted()).toEqual(userIds.toSorted());
}

beforeEach(async () => {
  store = await createTestStore();
  queue = createDomainEventQueue(store.redisUrl, store.prefix, store.logger);
  workers = [];
  await ensureFeedIndexes(store.mongo);
});

afterEach(async () => {
  await Promise.all(workers.map((worker) => worker.stop()));
  await queue.close();
  await store.close();
});

describe('an event that notifies', () => {
  test('keeps its buttons until the question is decided, and has none when it was decided before', async () => {
    await startWorker(promptSweeper);
    const [userId] = await addUsers(1);
    const [early, late] = [newId(), newId()];
    await answer(`enrollment:${early}`, 'decline');
    const events = [askingOf(userId!, early), askingOf(userId!, late)];
    await outbox().insertMany(events);
    await allHandled();
    const written = async (event: OutboxEvent) => (await notifications().findOne({ eventId: event._id }))!;
    for (const key of ['actions', 'question', 'decision']) expect(await written(events[0]!)).not.toHaveProperty(key);
    expect(await written(events[1]!)).toMatchObject({
      question: `enrollment:${late}`,
      actions: [{ action: 'accept' }, { action: 'decline' }],
    });
    await answer(`enrollment:${late}`, 'accept');
    await answer(`enrollment:${late}`, 'decline');
    expect(await written(events[1]!)).toMatchObject({ decision: 'accept' });
    const told = await outbox().find({ type: 'notification-updated' }).toArray();
    expect(told.map(({ data }) => data)).toEqual([{ notificationId: notificationId(events[1]!._id, userId!), decision: 'accept' }]);
  });

  test('becomes a notification and a new-notification, and is marked handled', async () => {
    await startWorker(withoutSweeper);
    const [userId] = await addUsers(1);
    const event = paymentOf(userId!);
    await outbox().insertOne(event);
    await enqueueDomainEvents(queue, [event]);
    await allHandled();
    const notification = await notifications().findOne({ eventId: event._id });
    expect(notification).toMatchObject({ userId, title: 'Money added', type: 'success', category: 'payment', readAt: null });
    const told = await outbox().findOne({ type: 'new-notification' });
    expect(told).toMatchObject({
      data: { notificationId: notification!._id, title: 'Money added', message: notification!.message },
      feeds: [`user:${userId}`],
    });
    expect(told).not.toHaveProperty('pending');
    expect(told!.data['timestamp']).toBe(notification!.createdAt.toISOString());
  });

  test('is handled once, however often its job is added and whoever takes it', async () => {
    await startWorker(promptSweeper);
    await startWorker(promptSweeper);
    const people = await addUsers(40);
    const events = people.map(paymentOf);
    await outbox().insertMany(events);
    for (let round = 0; round < 3; round++) await enqueueDomainEvents(queue, events);
    await allHandled();
    await enqueueDomainEvents(queue, events);
    await waitFor('the queue to be empty', async () => (await queue.queue.getJobCountByTypes('waiting', 'active', 'delayed')) === 0);
    for (const [index, event] of events.entries()) await expectOncePerPerson(event, [people[index]!]);
  });

  test('is handled once in a job that it shares, also where an earlier run has told some of its people', async () => {
    const [one, other] = await addUsers(2);
    const events = [announcement(), paymentOf(one!)];
    await outbox().insertMany(events);
    const earlier = notificationId(events[0]!._id, one!);
    await notifications().insertOne({ _id: earlier, userId: one!, eventId: events[0]!._id } as NotificationDocument);
    await enqueueDomainEvents(queue, events, { perJob: 16 });
    await startWorker(withoutSweeper);
    await allHandled();
    const told = await notifications().find({ eventId: events[0]!._id }).toArray();
    expect(told.map(({ userId }) => userId).toSorted()).toEqual([one!, other!].toSorted());
    await expectOncePerPerson(events[1]!, [one!]);
  });

  test('is handled whatever is wrong with those that share its transaction', async () => {
    const [userId] = await addUsers(1);
    const good = paymentOf(userId!);
    // One that nobody can be told of by, and one whose receiver is none.
    const broken = [
      { ...paymentOf(userId!), to: {} },
      { ...announcement(), to: null as unknown as Record<string, unknown> },
    ];
    await outbox().insertMany([good, ...broken]);
    const handle = createEventHandler({
      mongo: store.mongo,
      registry: createNotificationRegistry(notificationDomains),
      channels: [createInAppChannel(store.mongo)],
      metrics: createMetrics(),
    });
    const outcomes = await Promise.allSettled([good, ...broken].map(({ _id }) => handle(_id)));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected']);
    await expectOncePerPerson(good, [userId!]);
  });

  test('tells each member of the merchant, and the owners alone where the catalogue says so', async () => {
    await startWorker(withoutSweeper);
    const [owner, staff, other] = await addUsers(3);
    await users().updateOne({ _id: owner! }, { $set: { memberships: [{ merchantId: 'm1', role: 'owner' }] } });
    await users().updateOne({ _id: staff! }, { $set: { memberships: [{ merchantId: 'm1', role: 'staff' }] } });
    await users().updateOne(
      { _id: other! },
      {
        $set: {
          memberships: [
            { merchantId: 'm2', role: 'owner' },
            { merchantId: 'm1', role: 'staff' },
          ],
        },
      },
    );
    const message: OutboxEvent = {
      ...paymentOf('customer'),
      type: 'order-message',
      data: { orderId: 'o1', messageId: 'x1', from: 'customer', text: 'No sugar, please' },
      to: { orderId: 'o1', userId: 'customer', merchantId: 'm1' },
    };
    const subscription: OutboxEvent = {
      ...paymentOf('customer'),
      type: 'subscription-updated',
      data: { subscriptionId: 's1', merchantId: 'm1', plan: 'basic', status: 'active', endDate: null, reason: 'renewed' },
      to: { merchantId: 'm1' },
    };
    await outbox().insertMany([message, subscription]);
    await enqueueDomainEvents(queue, [message, subscription]);
    await allHandled();
    await expectOncePerPerson(message, [owner!, staff!, other!]);
    await expectOncePerPerson(subscription, [owner!]);
  });

  test('tells the followers of a feed', async () => {
    await startWorker(withoutSweeper);
    await store.mongo.db
      .collection<{ _id: string }>(notificationCollections.watchers)
      .insertOne({ _id: newId(), feed: 'plan:p1', userId: 'u1' } as { _id: string });
    const event: OutboxEvent = {
      ...paymentOf('u2'),
      type: 'plan-deleted',
      data: { planId: 'p1', planData: { name: 'Gold' } },
      to: { planId: 'p1' },
    };
    await outbox().insertOne(event);
    await enqueueDomainEvents(queue, [event]);
    await allHandled();
    await expectOncePerPerson(event, ['u1']);
  });
});

describe('a large audience', () => {
  test('is written in several transactions, each person once, with two workers at it', async () => {
    const options = { ...promptSweeper, batchSize: 7 };
    await startWorker(options);
    await startWorker(options);
    const people = await addUsers(50);
    await addUsers(3, ['advisor']);
    const event = announcement({ role: 'customer' });
    await outbox().insertOne(event);
    await allHandled();
    await expectOncePerPerson(event, people);
  });

  test('goes on where an earlier worker was killed', async () => {
    const people = await addUsers(20);
    const event = announcement();
    await outbox().insertOne(event);
    let words = 0;
    const domains = { ...notificationDomains, admin: { ...notificationDomains['admin'], announcement: dyingAfter(12, () => words++) } };
    const first = await startWorker({ ...withoutSweeper, batchSize: 5, registry: createNotificationRegistry(domains) });
    await enqueueDomainEvents(queue, [event]);
    await waitFor('the first worker to give up', async () => (await queue.queue.getFailedCount()) === 1);
    expect(await notifications().countDocuments()).toBe(10);
    expect(await pendingEvents()).toBe(1);
    await first.stop();
    await startWorker({ ...promptSweeper, batchSize: 5, failedRestMs: 50 });
    await allHandled();
    await expectOncePerPerson(event, people);
  });
});

describe('what Redis loses', () => {
  test('is added again by the sweeper', async () => {
    const people = await addUsers(10);
    const events = people.map(paymentOf);
    await outbox().insertMany(events);
    await enqueueDomainEvents(queue, events);
    await eraseQueue();
    await startWorker(promptSweeper);
    await allHandled();
    for (const [index, event] of events.entries()) await expectOncePerPerson(event, [people[index]!]);
  });

  test('is handled without the queue while Redis is away', async () => {
    const [userId] = await addUsers(1);
    const event = paymentOf(userId!);
    await outbox().insertOne(event);
    // Nothing listens there.
    await startWorker({ ...promptSweeper, config: { REDIS_URL: 'redis://127.0.0.1:1', REDIS_PREFIX: store.prefix } });
    await allHandled();
    await expectOncePerPerson(event, [userId!]);
  });

  test('is handled without the queue when that keeps it for too long', async () => {
    const [userId] = await addUsers(1);
    const event = paymentOf(userId!);
    await outbox().insertOne(event);
    // A job with the id of the event is there, so that none is added, and nobody is handed it.
    await queue.queue.add(event.type, { eventId: event._id }, { jobId: event._id, delay: 3_600_000 });
    await startWorker({ ...promptSweeper, lateMs: 100 });
    await allHandled();
    await expectOncePerPerson(event, [userId!]);
  });

  test('a queue that is erased while a worker waits at it goes on working', async () => {
    await startWorker(withoutSweeper);
    const [first, second] = (await addUsers(2)).map(paymentOf);
    await outbox().insertMany([first!, second!]);
    await enqueueDomainEvents(queue, [first!]);
    await waitFor('the first event', async () => (await pendingEvents()) === 1);
    await eraseQueue();
    await enqueueDomainEvents(queue, [second!]);
    await allHandled();
  });
});

describe('a handler that fails', () => {
  const broken = () =>
    createNotificationRegistry({
      ...notificationDomains,
      wallet: {
        ...notificationDomains['wallet'],
        'payment-completed': () => {
          throw new Error('no words for this payment');
        },
      },
    });

  test('leaves its job with the reason and writes nothing; the other events go on', async () => {
    await startWorker({ ...promptSweeper, registry: broken() });
    const [userId] = await addUsers(1);
    const unfit = paymentOf(userId!);
    const fine = announcement();
    await outbox().insertMany([unfit, fine]);
    const job = await waitFor('the failed job', async () => (await queue.queue.getFailed())[0]);
    expect(job.id).toBe(unfit._id);
    expect(job.failedReason).toContain('no words for this payment');
    await waitFor('the other event', async () => (await pendingEvents()) === 1);
    expect(await notifications().countDocuments({ eventId: unfit._id })).toBe(0);
    await expectOncePerPerson(fine, [userId!]);
  });

  test('gets a job of its own when it came in one with others, and they go on', async () => {
    await startWorker({ ...withoutSweeper, registry: broken() });
    const [userId] = await addUsers(1);
    const [unfit, first, last] = [paymentOf(userId!), announcement(), announcement()];
    await outbox().insertMany([first, unfit, last]);
    await enqueueDomainEvents(queue, [first, unfit, last], { perJob: 16 });
    const job = await waitFor('the failed job', async () => (await queue.queue.getFailed())[0]);
    expect([job.id, job.name]).toEqual([unfit._id, 'payment-completed']);
    await waitFor('the other events', async () => (await pendingEvents()) === 1);
    for (const event of [first, last]) await expectOncePerPerson(event, [userId!]);
  });

  test('as the first of its job fails with it, and the others go on', async () => {
    await startWorker({ ...withoutSweeper, registry: broken() });
    const [userId] = await addUsers(1);
    const [unfit, fine] = [paymentOf(userId!), announcement()];
    await outbox().insertMany([unfit, fine]);
    await enqueueDomainEvents(queue, [unfit, fine], { perJob: 16 });
    await waitFor('the failed job', async () => (await queue.queue.getFailed())[0]?.id === unfit._id);
    await waitFor('the other event', async () => (await pendingEvents()) === 1);
    await expectOncePerPerson(fine, [userId!]);
  });

  test('is not tried out of turn by who takes up what is late', async () => {
    let tries = 0;
    const registry = createNotificationRegistry({
      ...notificationDomains,
      wallet: {
        ...notificationDomains['wallet'],
        'payment-completed': () => {
          tries++;
          throw new Error('no words for this payment');
        },
      },
    });
    await startWorker({ ...promptSweeper, lateMs: 100, registry });
    const [userId] = await addUsers(1);
    await outbox().insertOne(paymentOf(userId!));
    await waitFor('the failed job', async () => (await queue.queue.getFailedCount()) === 1);
    const before = tries;
    for (let round = 0; round < 2; round++) {
      const late = announcement();
      await queue.queue.add(late.type, { eventId: late._id }, { jobId: late._id, delay: 3_600_000 });
      await outbox().insertOne(late);
      await waitFor('what is late', async () => (await pendingEvents()) === 1);
    }
    expect(tries).toBe(before);
  });

  test('is tried again after a rest, so that a mended version heals it', async () => {
    const [userId] = await addUsers(1);
    const event = paymentOf(userId!);
    await outbox().insertOne(event);
    const first = await startWorker({ ...promptSweeper, registry: broken() });
    await waitFor('the failed job', async () => (await queue.queue.getFailedCount()) === 1);
    await first.stop();
    await startWorker({ ...promptSweeper, failedRestMs: 50 });
    await allHandled();
    await expectOncePerPerson(event, [userId!]);
  });
});

/** The words of an announcement, until as many people have got them: a worker that ends in the middle of its audience. */
function dyingAfter(people: number, next: () => number) {
  return (data: { title: string; message: string }) => {
    if (next() >= people) throw new Error('killed');
    return { title: data.title, message: data.message, type: 'info' as const, category: 'announcement' };
  };
}

/** As after FLUSHALL, for this store alone. */
async function eraseQueue(): Promise<void> {
  const redis = createRedis(store.redisUrl, { name: 'test', waiting: true });
  const keys = await redis.keys(`${store.prefix}:*`);
  if (keys.length > 0) await redis.del(...keys);
  await redis.quit();
}
