import { createRedis, within, type Logger } from '@tidings/platform';
import { Queue } from 'bullmq';
import type { OutboxEvent } from './documents.js';

/** The BullMQ queue between the event path and whoever acts on events. */
export const domainEventsQueue = 'domain-events';

/** A job of the queue; its id is the event's. The event itself is read from the outbox, which is the truth. */
export interface DomainEventJob {
  eventId: string;
  /** Events that came with it, handled by its first attempt; one that this fails for gets a job of its own. */
  others?: Pick<OutboxEvent, '_id' | 'type'>[];
}

/** A job costs Redis and the worker more than the event does; more of them in one would keep other workers from taking a part. */
export const eventsPerJob = 16;

export interface DomainEventQueue {
  queue: Queue<DomainEventJob>;
  close(): Promise<void>;
}

export function createDomainEventQueue(redisUrl: string, prefix: string, logger: Logger): DomainEventQueue {
  const redis = createRedis(redisUrl, { name: 'domain-events', commandTimeoutMs: 5_000 });
  const queue = new Queue<DomainEventJob>(domainEventsQueue, { connection: redis, prefix, skipVersionCheck: true });
  queue.on('error', (error) => logger.debug({ reason: error.message }, 'The queue of domain events is not reachable'));
  return {
    queue,
    async close() {
      // Without Redis, BullMQ waits for it before it closes.
      await within(redis.status === 'ready' ? 5_000 : 0, () => queue.close()).catch((error: unknown) =>
        logger.debug({ reason: String(error) }, 'The queue of domain events was cut off'),
      );
      redis.disconnect();
    },
  };
}

/**
 * Adds a job for each event, or for some at a time. Adding one that waits, runs or has failed already does nothing; failed jobs are kept,
 * with their reason.
 * @param options `perJob`: at most `eventsPerJob`; 1 unless given
 * @throws when Redis does not answer; the sweeper adds what is missing
 */
export async function enqueueDomainEvents(
  { queue }: DomainEventQueue,
  events: readonly Pick<OutboxEvent, '_id' | 'type'>[],
  { perJob = 1 }: { perJob?: number } = {},
): Promise<void> {
  if (events.length === 0) return;
  const groups = Array.from({ length: Math.ceil(events.length / perJob) }, (_, at) => events.slice(at * perJob, (at + 1) * perJob));
  await queue.addBulk(
    groups.map(([first, ...rest]) => ({
      name: first!.type,
      data: { eventId: first!._id, ...(rest.length > 0 ? { others: rest.map(({ _id, type }) => ({ _id, type })) } : {}) },
      opts: { jobId: first!._id, attempts: 8, backoff: { type: 'exponential', delay: 500, jitter: 0.5 }, removeOnComplete: true },
    })),
  );
}
