import { Queue, Worker } from 'bullmq';
import { RetryLater, type JobDocument, type JobHandler, type NewJob } from './job.js';
import type { Logger } from './logger.js';
import type { ClientSession, Mongo } from './mongo.js';
import { queueDepth, redisPatienceMs, type QueueDepth } from './queue-depth.js';
import { createRedis } from './redis.js';
import { within } from './time.js';

export interface Jobs {
  /** Adds within the caller's transaction; call `nudge` once that has committed. */
  add(session: ClientSession, job: NewJob): Promise<void>;
  /** Makes committed jobs prompt. Failing is harmless: the sweeper finds what is due. */
  nudge(jobs: readonly NewJob[]): Promise<void>;
  /**
   * Lets a job that has failed for good begin anew; the sweeper takes it up within seconds. Null when there is no such job.
   * @returns the job as it is now; one that has not failed stays as it is
   */
  retry(
    session: ClientSession,
    key: string,
  ): Promise<{ job: JobDocument; retried: false } | { job: JobDocument; retried: true; before: JobDocument } | null>;
  /** Jobs in this state, by their time and key; only those behind `after`. */
  list(query: { state: 'due' | 'failed'; limit: number; after?: readonly [dueAt: Date, key: string] | undefined }): Promise<JobDocument[]>;
  /** How many are due now, due later, and failed for good, and since when the oldest is due. */
  overview(): Promise<{ due: number; scheduled: number; failed: number; oldestDueAt: Date | null }>;
  /** What the queue in Redis holds. @throws when Redis does not answer */
  queueDepth(): Promise<QueueDepth>;
  register(kind: string, handler: JobHandler): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const maxAttempts = 12;
/** Above what restarts, and replicas that sweep at once while Redis is away, bring about. */
const maxStarts = 20;
const keptMs = 90 * 86_400_000;
const backoffMs = (attempts: number): number => Math.min(1_000 * 2 ** attempts, 3_600_000);

/**
 * Durable jobs: the document in MongoDB is the truth, BullMQ makes it prompt, and a sweeper adds again what is due and unfinished,
 * so a Redis that comes back empty loses nothing.
 */
export function createJobs(options: {
  mongo: Mongo;
  redisUrl: string;
  prefix: string;
  logger: Logger;
  sweepMs?: number;
  /** What is overdue by this much is done without the queue, which may have stopped handing out jobs (taskforcesh/bullmq#3185). */
  lateMs?: number;
  concurrency?: number;
}): Jobs {
  const { mongo, prefix, logger, sweepMs = 2_000, lateMs = 15_000, concurrency = 8 } = options;
  const collection = mongo.db.collection<JobDocument>('jobs');
  const handlers = new Map<string, JobHandler>();
  /** In this process, so that the sweeper leaves alone what only takes long. */
  const inHand = new Set<string>();
  const producer = createRedis(options.redisUrl, { name: 'jobs', logger });
  const queue = new Queue<{ key: string }>('jobs', { connection: producer, prefix, skipVersionCheck: true });
  queue.on('error', (error) => logger.debug({ reason: error.message }, 'The jobs queue is not reachable'));
  let worker: Worker<{ key: string }> | undefined;
  let consumer: ReturnType<typeof createRedis> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let sweeping: Promise<void> = Promise.resolve();

  /** @param items with `dueAt` where the job was for later when it was added or tried again */
  const enqueue = async (items: readonly { key: string; dueAt: Date | undefined; attempt: number }[]): Promise<void> => {
    const entries = items.map(({ key, dueAt, attempt }) => ({
      name: 'job',
      data: { key },
      opts: {
        // One entry per attempt: a finished attempt must not swallow the next one's. And one per time: the entry of a job that was moved
        // to an earlier one still waits for the later one.
        jobId: [key.replaceAll(':', '.'), attempt, ...(dueAt ? [dueAt.getTime()] : [])].join('.'),
        delay: Math.max(0, (dueAt?.getTime() ?? 0) - Date.now()),
        removeOnComplete: true,
        // The document keeps the reason. A failed entry that stayed (MongoDB was away, say) would keep the sweeper from adding its id again.
        removeOnFail: true,
      },
    }));
    // Between its attempts to reach Redis BullMQ would wait for the next one, and everybody who adds a job with it.
    if (producer.status === 'reconnecting') throw new Error('Redis is away');
    await within(redisPatienceMs, () => queue.addBulk(entries));
  };

  const run = async (key: string): Promise<void> => {
    if (inHand.has(key)) return;
    inHand.add(key);
    try {
      await start(key);
    } finally {
      inHand.delete(key);
    }
  };

  const start = async (key: string): Promise<void> => {
    // Counted before anything runs: a job that kills its process gets no word in afterwards, and would be taken up for ever.
    const job = await collection.findOneAndUpdate(
      { _id: key, state: 'due', dueAt: { $lte: new Date(Date.now() + 50) }, kind: { $in: [...handlers.keys()] } },
      { $inc: { started: 1 } },
      { returnDocument: 'after' },
    );
    const handler = job && handlers.get(job.kind);
    if (!handler) return;
    if ((job.started ?? 0) > maxStarts) return giveUp(job);
    try {
      await handler(job, async (session) => {
        const claimed = await collection.updateOne(
          { _id: key, state: 'due' },
          { $set: { state: 'done', expiresAt: new Date(Date.now() + keptMs) }, $inc: { attempts: 1 } },
          { session },
        );
        return claimed.modifiedCount === 1;
      });
    } catch (error) {
      await postpone(job, error);
    }
  };

  const giveUp = async (job: JobDocument): Promise<void> => {
    const lastError = `It was begun ${maxStarts} times and never ended: each time its process died, or it hangs`;
    await collection.updateOne({ _id: job._id, state: 'due', started: { $gt: maxStarts } }, { $set: { state: 'failed', lastError } });
    logger.error({ job: job._id, kind: job.kind, reason: lastError }, 'Job failed for good');
  };

  const postpone = async (job: JobDocument, error: unknown): Promise<void> => {
    const reason = error instanceof Error ? error.message : String(error);
    const attempts = job.attempts + 1;
    const delay = error instanceof RetryLater ? error.delayMs : backoffMs(attempts);
    const failed = attempts >= maxAttempts;
    const dueAt = new Date(Date.now() + delay);
    await collection.updateOne(
      { _id: job._id, state: 'due' },
      { $set: { state: failed ? 'failed' : 'due', dueAt, started: 0, lastError: reason.slice(0, 500) }, $inc: { attempts: 1 } },
    );
    logger[failed ? 'error' : 'warn'](
      { job: job._id, kind: job.kind, attempts, reason },
      failed ? 'Job failed for good' : 'Job will be tried again',
    );
    if (!failed) await enqueue([{ key: job._id, dueAt, attempt: attempts }]).catch(() => undefined); // the sweeper adds it when it is due
  };

  const cutOff = (error: unknown): void => logger.debug({ reason: String(error) }, 'The jobs queue was cut off');

  const sweep = async (): Promise<void> => {
    const due = await collection
      .find({ state: 'due', dueAt: { $lte: new Date() }, kind: { $in: [...handlers.keys()] } })
      .sort({ dueAt: 1 })
      .limit(500)
      .toArray();
    // Straight to the handlers when Redis is away or does not get on: work that is due does not wait for it.
    const isTaken = await enqueue(
      due.map(({ _id, dueAt, createdAt, attempts }) => ({ key: _id, dueAt: dueAt > createdAt ? dueAt : undefined, attempt: attempts })),
    ).then(
      () => true,
      () => false,
    );
    const late = new Date(Date.now() - lateMs);
    for (const job of due) {
      if (!timer) return; // stopped meanwhile
      if (!isTaken || job.dueAt < late) await run(job._id);
    }
  };

  return {
    async add(session, { kind, key, data, dueAt = new Date() }) {
      const existing = await collection.findOne({ _id: key }, { session, projection: { _id: 1 } });
      if (existing) return;
      await collection.insertOne({ _id: key, kind, data, state: 'due', dueAt, attempts: 0, createdAt: new Date() }, { session });
    },
    async nudge(jobs) {
      if (jobs.length === 0) return;
      const now = new Date();
      await enqueue(jobs.map(({ key, dueAt }) => ({ key, dueAt: dueAt && dueAt > now ? dueAt : undefined, attempt: 0 }))).catch(
        (error: unknown) => {
          logger.debug({ reason: String(error) }, 'Redis is away; the sweeper will find the jobs');
        },
      );
    },
    async retry(session, key) {
      const anew = { state: 'due' as const, dueAt: new Date(), attempts: 0, started: 0 };
      const before = await collection.findOneAndUpdate({ _id: key, state: 'failed' }, { $set: anew }, { session });
      if (before) return { job: { ...before, ...anew }, retried: true, before };
      const job = await collection.findOne({ _id: key }, { session });
      return job && { job, retried: false };
    },
    list({ state, limit, after }) {
      const behind = after ? { $or: [{ dueAt: { $gt: after[0] } }, { dueAt: after[0], _id: { $gt: after[1] } }] } : {};
      return collection
        .find({ state, ...behind })
        .sort({ dueAt: 1, _id: 1 })
        .limit(limit)
        .toArray();
    },
    async overview() {
      const now = new Date();
      const [due, scheduled, failed, oldest] = await Promise.all([
        collection.countDocuments({ state: 'due', dueAt: { $lte: now } }),
        collection.countDocuments({ state: 'due', dueAt: { $gt: now } }),
        collection.countDocuments({ state: 'failed' }),
        collection.findOne({ state: 'due', dueAt: { $lte: now } }, { sort: { dueAt: 1 }, projection: { dueAt: 1 } }),
      ]);
      return { due, scheduled, failed, oldestDueAt: oldest?.dueAt ?? null };
    },
    queueDepth: () => queueDepth(queue),
    register(kind, handler) {
      if (handlers.has(kind)) throw new Error(`Two handlers for jobs of kind ${kind}`);
      handlers.set(kind, handler);
    },
    async start() {
      await collection.createIndex({ state: 1, dueAt: 1 }, { partialFilterExpression: { state: 'due' } });
      await collection.createIndex({ state: 1, dueAt: 1, _id: 1 }, { partialFilterExpression: { state: 'failed' }, name: 'failed' });
      await collection.createIndex({ expiresAt: 1 }, { expireAfterSeconds: 0 });
      consumer = createRedis(options.redisUrl, { name: 'jobs-worker', waiting: true, logger });
      worker = new Worker<{ key: string }>('jobs', ({ data }) => run(data.key), {
        connection: consumer,
        prefix,
        concurrency,
        skipVersionCheck: true,
        // What a killed process had in hand is taken up within seconds, however often that happens.
        lockDuration: 5_000,
        stalledInterval: 2_500,
        maxStalledCount: 1_000,
      });
      worker.on('error', (error) => logger.debug({ reason: error.message }, 'The jobs worker lost Redis'));
      const tick = () => {
        sweeping = sweep().catch((error: unknown) => logger.warn({ reason: String(error) }, 'Sweeping the jobs failed'));
        void sweeping.finally(() => {
          if (timer) timer = setTimeout(tick, sweepMs);
        });
      };
      timer = setTimeout(tick, 0);
    },
    async stop() {
      clearTimeout(timer);
      timer = undefined;
      await sweeping;
      // What is in hand and not finished in time is done again elsewhere.
      await Promise.all([
        within(redisPatienceMs, async () => {
          const closing = worker?.close();
          // They would wait for Redis. What is in hand is finished all the same.
          if (consumer?.status !== 'ready') consumer?.disconnect();
          await closing;
        }).catch(cutOff),
        within(redisPatienceMs, () => {
          if (producer.status !== 'ready') producer.disconnect();
          return queue.close();
        }).catch(cutOff),
      ]);
      consumer?.disconnect();
      producer.disconnect();
    },
  };
}
