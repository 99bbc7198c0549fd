import {
  collections,
  encodeBusMessage,
  enqueueDomainEvents,
  eventsPerJob,
  feedChannel,
  outboxPages,
  type DomainEventQueue,
  type FeedEntry,
  type LogEntry,
  type OutboxEvent,
} from '@tidings/feed';
import { within, type Logger, type Mongo, type Redis } from '@tidings/platform';

export interface Publisher {
  /** Tells the gateways and adds the jobs of one numbered batch. Never fails: what Redis does not take is made good by `recover`. */
  publish(batch: number, events: readonly OutboxEvent[], entries: readonly LogEntry[]): Promise<void>;
  /**
   * Compares what Redis says was published with what was, and publishes and adds again what it lost: it may come back empty, or as an
   * older copy of itself. Nothing is numbered again.
   */
  recover(): Promise<void>;
}

export interface PublisherOptions {
  mongo: Mongo;
  redis: Redis;
  queue: DomainEventQueue;
  prefix: string;
  logger: Logger;
  /** The last batch that an earlier leader noted in MongoDB. */
  lastBatch: number;
  onRecovered?: (events: number) => void;
}

/** How far back an empty Redis is filled. Gateways find older losses by their own sweep, jobs are found by `pending`. */
const emptyWindowMs = 60_000;
const overlapMs = 10_000;
const pageSize = 500;
const publishTimeoutMs = 2_000;

export function createPublisher(options: PublisherOptions): Publisher {
  const { mongo, redis, queue, prefix, logger } = options;
  const log = mongo.db.collection<FeedEntry>(collections.entries);
  const stampKey = `${prefix}:relay:batch`;
  /** The last batch that was given to Redis, and the last one that Redis has confirmed: between the two, Redis lags and has lost nothing. */
  let given = options.lastBatch;
  let confirmed = options.lastBatch;
  let lost = false;

  const send = async (entries: readonly LogEntry[], stamp?: string): Promise<void> => {
    const byFeed = new Map<string, LogEntry[]>();
    for (const entry of entries) {
      const list = byFeed.get(entry.feed);
      if (list) list.push(entry);
      else byFeed.set(entry.feed, [entry]);
    }
    const pipeline = redis.pipeline();
    for (const [feed, list] of byFeed) pipeline.spublish(feedChannel(prefix, feed), encodeBusMessage(list));
    if (stamp) pipeline.set(stampKey, stamp);
    for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
  };

  const enqueuePending = async (): Promise<number> => {
    let count = 0;
    for await (const page of outboxPages(mongo, { size: pageSize, filter: { pending: true }, fields: ['type'] })) {
      await enqueueDomainEvents(queue, page);
      count += page.length;
    }
    return count;
  };

  const publishSince = async (since: Date): Promise<number> => {
    let count = 0;
    for await (const page of outboxPages(mongo, { size: pageSize, after: { at: since, _id: '' }, fields: ['_id'] })) {
      const stored = await log.find({ eventId: { $in: page.map(({ _id }) => _id) } }, { sort: { _id: 1 } }).toArray();
      await send(stored.map(({ _id, eventId, type, packet }) => ({ feed: _id.feed, seq: _id.seq, eventId, type, packet })));
      count += page.length;
    }
    return count;
  };

  return {
    async publish(batch, events, entries) {
      given = batch;
      if (lost) return;
      try {
        const notifying = events.filter(({ pending }) => pending);
        // Redis that hangs must not hold up the numbering: what is given up here is published again when it answers.
        await within(publishTimeoutMs, () =>
          Promise.all([
            send(entries, `${batch} ${Date.now()}`),
            notifying.length > 0 ? enqueueDomainEvents(queue, notifying, { perJob: eventsPerJob }) : undefined,
          ]),
        );
        confirmed = batch;
      } catch (error) {
        lost = true;
        logger.warn({ batch, reason: String(error) }, 'Redis did not take a batch; it will be published again');
      }
    },

    async recover() {
      const expected = confirmed;
      const stamp = await redis.get(stampKey);
      const [batch = 0, at = 0] = (stamp ?? '').split(' ').map(Number);
      if (!lost && batch >= expected) return;
      const upTo = given;
      const since = new Date(stamp ? at - overlapMs : Date.now() - emptyWindowMs);
      logger.warn({ inRedis: batch, inMongo: upTo, since }, 'Redis has lost batches; publishing them again from the feed log');
      lost = false;
      try {
        const events = await publishSince(since);
        const jobs = await enqueuePending();
        await redis.set(stampKey, `${Math.max(upTo, batch)} ${Date.now()}`);
        options.onRecovered?.(events);
        logger.info({ events, jobs }, 'Redis has been filled again');
      } catch (error) {
        lost = true;
        throw error;
      }
    },
  };
}
