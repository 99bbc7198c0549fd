import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { assertDue, createJobs, createRedis, inTransaction, RetryLater, type JobDocument, type Jobs, type Redis } from '@tidings/platform';
import { Queue } from 'bullmq';
import { createTestStore, waitFor, type TestStore } from '@tidings/testing';

let store: TestStore;
let redis: Redis;
let running: Jobs[];

beforeEach(async () => {
  store = await createTestStore();
  redis = createRedis(store.redisUrl, { name: 'test', waiting: true });
  running = [];
});

afterEach(async () => {
  await Promise.all(running.map((jobs) => jobs.stop()));
  redis.disconnect();
  await store.close();
});

const documents = () => store.mongo.db.collection<JobDocument>('jobs');
const stateOf = async (key: string) => (await documents().findOne({ _id: key }))?.state;

function create(options: { sweepMs?: number; lateMs?: number } = {}): Jobs {
  const jobs = createJobs({
    mongo: store.mongo,
    redisUrl: store.redisUrl,
    prefix: store.prefix,
    logger: store.logger,
    sweepMs: 200,
    ...options,
  });
  running.push(jobs);
  return jobs;
}

const add = (jobs: Jobs, key: string, dueAt?: Date) =>
  inTransaction(store.mongo, (session) => jobs.add(session, { kind: 'test', key, data: { key }, ...(dueAt ? { dueAt } : {}) }));

/** Counts in the same transaction as the claim: what a domain does. */
function counting(jobs: Jobs): void {
  const counts = store.mongo.db.collection<{ _id: string; count: number }>('counts');
  jobs.register('test', (job, finish) =>
    inTransaction(store.mongo, async (session) => {
      if (await finish(session)) await counts.updateOne({ _id: job._id }, { $inc: { count: 1 } }, { session, upsert: true });
    }),
  );
}
const countOf = async (key: string) =>
  (await store.mongo.db.collection<{ _id: string; count: number }>('counts').findOne({ _id: key }))?.count ?? 0;

describe('a durable job', () => {
  test('is done promptly, and once, by however many replicas', async () => {
    const replicas = [create(), create()];
    for (const jobs of replicas) {
      counting(jobs);
      await jobs.start();
    }
    await add(replicas[0]!, 'a:1');
    await Promise.all(replicas.map((jobs) => jobs.nudge([{ kind: 'test', key: 'a:1', data: {} }])));
    await waitFor('the job', async () => (await stateOf('a:1')) === 'done');
    expect(await countOf('a:1')).toBe(1);
  });

  test('is found by the sweeper when nobody told Redis of it, or Redis forgot', async () => {
    const jobs = create();
    counting(jobs);
    await add(jobs, 'never-told');
    await add(jobs, 'forgotten');
    await jobs.nudge([{ kind: 'test', key: 'forgotten', data: {} }]);
    for (const key of await redis.keys(`${store.prefix}:*`)) await redis.del(key);
    await jobs.start();
    await waitFor('both jobs', async () => (await stateOf('never-told')) === 'done' && (await stateOf('forgotten')) === 'done');
  });

  test('is done without a queue that hands out nothing', async () => {
    const queue = new Queue('jobs', { connection: redis, prefix: store.prefix, skipVersionCheck: true });
    await queue.pause();
    const jobs = create({ sweepMs: 100, lateMs: 300 });
    counting(jobs);
    await jobs.start();
    await add(jobs, 'stuck');
    await jobs.nudge([{ kind: 'test', key: 'stuck', data: {} }]);
    await waitFor('the job', async () => (await stateOf('stuck')) === 'done');
    expect(await countOf('stuck')).toBe(1);
    await queue.close();
  });

  test('waits until it is due', async () => {
    const jobs = create();
    counting(jobs);
    await jobs.start();
    const dueAt = new Date(Date.now() + 600);
    await add(jobs, 'later', dueAt);
    await jobs.nudge([{ kind: 'test', key: 'later', data: {}, dueAt }]);
    await waitFor('the job', async () => (await stateOf('later')) === 'done');
    expect(Date.now()).toBeGreaterThanOrEqual(dueAt.getTime() - 50);
  });

  test('that is moved to an earlier time is done at that time, by the queue', async () => {
    // What is overdue is not done without the queue here, which has an entry for the later time.
    const jobs = create({ sweepMs: 100, lateMs: 600_000 });
    counting(jobs);
    await jobs.start();
    const dueAt = new Date(Date.now() + 3_600_000);
    await add(jobs, 'moved', dueAt);
    await jobs.nudge([{ kind: 'test', key: 'moved', data: {}, dueAt }]);
    await documents().updateOne({ _id: 'moved' }, { $set: { dueAt: new Date() } });
    await waitFor('the job', async () => (await stateOf('moved')) === 'done');
    expect(await countOf('moved')).toBe(1);
  });

  test('is tried again after a failure, and keeps the reason', async () => {
    const jobs = create();
    let attempts = 0;
    jobs.register('test', async (_job, finish) => {
      attempts++;
      if (attempts < 3) throw attempts === 1 ? new RetryLater('too early', 50) : new Error('broken');
      await inTransaction(store.mongo, finish);
    });
    await jobs.start();
    await add(jobs, 'again');
    await jobs.nudge([{ kind: 'test', key: 'again', data: {} }]);
    await waitFor('the job', async () => (await stateOf('again')) === 'done');
    expect(await documents().findOne({ _id: 'again' })).toMatchObject({ attempts: 3, lastError: 'broken' });
  });

  test('with a key that exists is not added again', async () => {
    const jobs = create();
    counting(jobs);
    await jobs.start();
    await add(jobs, 'same');
    await waitFor('the job', async () => (await stateOf('same')) === 'done');
    await add(jobs, 'same');
    expect(await documents().countDocuments({ _id: 'same' })).toBe(1);
    expect(await stateOf('same')).toBe('done');
  });

  test('is forgotten by itself, long after it was done', async () => {
    const jobs = create();
    counting(jobs);
    await jobs.start();
    await add(jobs, 'old');
    await waitFor('the job', async () => (await stateOf('old')) === 'done');
    const { createdAt, expiresAt } = (await documents().findOne({ _id: 'old' }))!;
    expect(Math.round((expiresAt!.getTime() - createdAt.getTime()) / 86_400_000)).toBe(90);
    expect(await documents().indexes()).toContainEqual(expect.objectContaining({ key: { expiresAt: 1 }, expireAfterSeconds: 0 }));
  });

  test('is not there when its transaction was rolled back', async () => {
    const jobs = create();
    const attempt = inTransaction(store.mongo, async (session) => {
      await jobs.add(session, { kind: 'test', key: 'rolled-back', data: {} });
      throw new Error('no');
    });
    await expect(attempt).rejects.toThrow('no');
    expect(await stateOf('rolled-back')).toBeUndefined();
  });

  test('of one kind has one handler', () => {
    const jobs = create();
    counting(jobs);
    expect(() => counting(jobs)).toThrow('Two handlers');
  });
});

describe('a transaction', () => {
  test('is run again when it meets another, so that no update is lost', async () => {
    const counts = store.mongo.db.collection<{ _id: string; count: number }>('counts');
    await counts.insertOne({ _id: 'shared', count: 0 });
    await Promise.all(
      Array.from({ length: 20 }, () =>
        inTransaction(
          store.mongo,
          async (session) => {
            const { count } = (await counts.findOne({ _id: 'shared' }, { session }))!;
            await counts.updateOne({ _id: 'shared' }, { $set: { count: count + 1 } }, { session });
          },
          { deadlineMs: 60_000 },
        ),
      ),
    );
    expect(await countOf('shared')).toBe(20);
  });

  test('gives up past its deadline with an error that says to try again', async () => {
    const counts = store.mongo.db.collection<{ _id: string; count: number }>('counts');
    await counts.insertOne({ _id: 'held', count: 0 });
    const attempt = inTransaction(store.mongo, async (holding) => {
      await counts.updateOne({ _id: 'held' }, { $inc: { count: 1 } }, { session: holding });
      await inTransaction(store.mongo, (session) => counts.updateOne({ _id: 'held' }, { $inc: { count: 1 } }, { session }), {
        deadlineMs: 200,
      });
    });
    await expect(attempt).rejects.toMatchObject({ code: 'unavailable', status: 503 });
    expect(await countOf('held')).toBe(0);
  });
});

test('a job that a clock ahead of this one has set is tried again when its time has come', () => {
  const now = new Date('2026-11-21T10:00:00.000Z');
  const early = { name: 'RetryLater', delayMs: 1 };
  expect(() => assertDue(new Date(now.getTime() + 1), now)).toThrow(expect.objectContaining(early));
  for (const due of [now, new Date(now.getTime() - 1)]) expect(() => assertDue(due, now)).not.toThrow();
});
