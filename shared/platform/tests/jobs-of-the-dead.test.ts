import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Worker } from 'bullmq';
import {
  createJobs,
  createRedis,
  inTransaction,
  newId,
  RetryLater,
  type JobDocument,
  type JobHandler,
  type Jobs,
  type Mongo,
  type NewJob,
  type Redis,
} from '@tidings/platform';
import { createTestStore, type TestStore } from '@tidings/testing';

let store: TestStore;
let mongo: Mongo;
let redis: Redis;
let started: Jobs[];

const documents = () => mongo.db.collection<JobDocument>('jobs');
const effects = () => mongo.db.collection<{ _id: string; job: string }>('effects');

beforeEach(async () => {
  store = await createTestStore();
  ({ mongo } = store);
  redis = createRedis(store.redisUrl, { name: 'test', waiting: true });
  for (const name of ['jobs', 'effects']) await mongo.db.createCollection(name);
  started = [];
});
afterEach(async () => {
  await Promise.all(started.map((jobs) => jobs.stop()));
  await store.close();
  redis.disconnect();
});

/** Each run of its work leaves one document. */
const leaveEffect: JobHandler = (job, finish) =>
  inTransaction(mongo, async (session) => {
    if (await finish(session)) await effects().insertOne({ _id: newId(), job: job._id }, { session });
  });

async function start(handler: JobHandler = leaveEffect): Promise<Jobs> {
  // What is overdue would be done without the queue, which is what these tests are about.
  const jobs = createJobs({ ...store, sweepMs: 100, lateMs: 600_000 });
  jobs.register('test', handler);
  await jobs.start();
  started.push(jobs);
  return jobs;
}

/** Stored, but Redis knows nothing of it. */
async function storeJob(key: string): Promise<NewJob> {
  const job = { kind: 'test', key, data: {} };
  const jobs = createJobs(store);
  await inTransaction(mongo, (session) => jobs.add(session, job));
  await jobs.stop();
  return job;
}

async function state(key: string, wanted: Partial<JobDocument>): Promise<JobDocument> {
  for (;;) {
    const job = await documents().findOne({ _id: key });
    if (job && Object.entries(wanted).every(([field, value]) => job[field as keyof JobDocument] === value)) return job;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('a job that two processes have in hand does its work once', async () => {
  let inHand = 0;
  let release = (): void => undefined;
  const both = new Promise<void>((resolve) => (release = resolve));
  const wait: JobHandler = async (job, finish) => {
    if (++inHand === 2) release();
    await both;
    await leaveEffect(job, finish);
  };
  const job = await storeJob('twice:1');
  const first = await start(wait);
  await first.nudge([job]);
  // Redis forgets that somebody has it in hand, so the second one takes it too.
  while (inHand === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  for (const key of await redis.keys(`${store.prefix}:*`)) await redis.del(key);
  const second = await start(wait);
  await second.nudge([job]);
  await state('twice:1', { state: 'done' });
  await Promise.all(started.map((jobs) => jobs.stop()));
  started = [];
  expect(inHand).toBe(2);
  expect(await effects().countDocuments({ job: 'twice:1' })).toBe(1);
});

test('a job in the hands of a process that died is done by another one', async () => {
  const job = await storeJob('died:1');
  const adding = createJobs(store);
  await adding.nudge([job]);
  await adding.stop();
  // Takes the job and never says another word of it, as a process that was killed.
  const connection = createRedis(store.redisUrl, { name: 'dead', waiting: true });
  const dead = new Worker('jobs', null, { connection, prefix: store.prefix, lockDuration: 500, skipVersionCheck: true });
  expect((await dead.getNextJob('dead'))?.data).toEqual({ key: 'died:1' });
  await start();
  await state('died:1', { state: 'done' });
  expect(await effects().countDocuments({ job: 'died:1' })).toBe(1);
  await dead.close(true);
  connection.disconnect();
});

test('a job that kills whoever takes it up fails for good in the end, and not for those that were slow', async () => {
  const begun = 20;
  await storeJob('deadly:1');
  await storeJob('unlucky:1');
  // As so many processes leave it that never said another word.
  await documents().updateOne({ _id: 'deadly:1' }, { $set: { started: begun } });
  await documents().updateOne({ _id: 'unlucky:1' }, { $set: { started: begun - 1 } });
  await start();
  const failed = await state('deadly:1', { state: 'failed' });
  expect(failed.lastError).toContain('20 times');
  await state('unlucky:1', { state: 'done' });
  expect(
    await effects()
      .find()
      .map(({ job }) => job)
      .toArray(),
  ).toEqual(['unlucky:1']);
});

test('taking a job up counts before its work begins, and no longer once that has failed in the open', async () => {
  const seen: (number | undefined)[] = [];
  await storeJob('counted:1');
  await start(async (job, finish) => {
    seen.push((await documents().findOne({ _id: job._id }))?.started);
    if (seen.length < 3) throw new RetryLater('not yet', 0);
    await leaveEffect(job, finish);
  });
  await state('counted:1', { state: 'done' });
  expect(seen).toEqual([1, 1, 1]);
});
