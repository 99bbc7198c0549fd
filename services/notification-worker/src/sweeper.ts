import { enqueueDomainEvents, eventsPerJob, outboxPages, type DomainEventQueue, type OutboxEvent, type OutboxPlace } from '@tidings/feed';
import { pause, within, type Logger, type Metrics, type Mongo } from '@tidings/platform';
import type { EventHandler } from './handle-event.js';

export interface SweeperOptions {
  mongo: Mongo;
  logger: Logger;
  metrics: Metrics;
  queue: DomainEventQueue;
  handle: EventHandler;
  sweepMs: number;
  /** Younger events are on their way. */
  staleMs: number;
  /** How long a failed job rests before it gets one more attempt. */
  failedRestMs: number;
  /** What is pending for this long is handled without the queue, which may have stopped handing out jobs (taskforcesh/bullmq#3185). */
  lateMs: number;
}

export interface Sweeper {
  start(): void;
  stop(): Promise<void>;
}

const pageSize = 500;
const abreast = 8;
const redisPatienceMs = 6_000;

/**
 * Heals what Redis lost: an outbox event that is pending and not young gets its job again. A job that waits, runs or has failed is left alone
 * by its id; one that was completed is gone from the queue, so its id is free. Without Redis, and when the queue keeps an event for very long,
 * events are handled right here.
 */
export function createSweeper({ mongo, logger, metrics, queue, handle, sweepMs, staleMs, failedRestMs, lateMs }: SweeperOptions): Sweeper {
  const swept = metrics.counter('domain_jobs_swept_total', 'Pending events that the sweeper took up', ['by']);
  const stopping = new AbortController();
  let running: Promise<void> | undefined;
  /** Goes round: events that fail for good must not hide those behind them. */
  let after: OutboxPlace | undefined;
  let retriedAt = performance.now();
  let lateAt = performance.now();

  const pageOf = async (ageMs: number, behind?: OutboxPlace): Promise<Pick<OutboxEvent, '_id' | 'type' | 'at'>[]> => {
    const old = { pending: true as const, at: { $lte: new Date(Date.now() - ageMs) } };
    return (await outboxPages(mongo, { size: pageSize, after: behind, filter: old, fields: ['type'] }).next()).value ?? [];
  };

  const nextPage = async (): Promise<Pick<OutboxEvent, '_id' | 'type' | 'at'>[]> => {
    const page = await pageOf(staleMs, after);
    after = page.length === pageSize ? page[pageSize - 1] : undefined;
    return page;
  };

  const handleHere = async (events: readonly Pick<OutboxEvent, '_id' | 'type'>[]): Promise<void> => {
    const rest = [...events];
    const take = async (): Promise<void> => {
      for (let event = rest.shift(); event && !stopping.signal.aborted; event = rest.shift()) {
        const { _id, type } = event;
        await handle(_id).then(
          () => swept.inc({ by: 'sweeper' }),
          (error: unknown) =>
            logger.warn({ eventId: _id, type, reason: String(error) }, 'An event was not handled; it will be tried again'),
        );
      }
    };
    await Promise.all(Array.from({ length: abreast }, take));
  };

  /** Failed jobs keep their reason and rest; an outage that outlasted their attempts, or a fault that was mended, must not leave them so. */
  const retryFailed = async (): Promise<void> => {
    if (performance.now() - retriedAt < failedRestMs) return;
    retriedAt = performance.now();
    for (const job of await queue.queue.getFailed(0, pageSize - 1)) {
      if ((job.finishedOn ?? 0) > Date.now() - failedRestMs) continue;
      // Another worker may have retried it a moment ago.
      await job.retry('failed').catch((error: unknown) => logger.debug({ eventId: job.id, reason: String(error) }, 'Not retried'));
    }
  };

  /** Those that failed rest as long as their jobs do. */
  const handleLate = async (): Promise<void> => {
    if (performance.now() - lateAt < lateMs) return;
    lateAt = performance.now();
    const late = await pageOf(lateMs);
    if (late.length === 0) return;
    // Of these alone: however many have failed, this costs no more than a page.
    const states = await within(redisPatienceMs, () => Promise.all(late.map(({ _id }) => queue.queue.getJobState(_id))));
    await handleHere(late.filter((_, index) => states[index] !== 'failed'));
  };

  const sweep = async (): Promise<void> => {
    const page = await nextPage();
    try {
      await within(redisPatienceMs, async () => {
        await retryFailed();
        // While jobs wait the backlog is being worked off, and adding it again and again would only cost. Each may stand for many events.
        if (page.length === 0 || (await queue.queue.getWaitingCount()) * eventsPerJob >= pageSize) return;
        await enqueueDomainEvents(queue, page);
        swept.inc({ by: 'queue' }, page.length);
      });
    } catch (error) {
      if (page.length > 0) logger.warn({ events: page.length, reason: String(error) }, 'Redis is away: handling events without the queue');
      await handleHere(page);
      return;
    }
    await handleLate();
  };

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      // Replicas sweep at different moments.
      await pause(sweepMs * (0.75 + Math.random() / 2), stopping.signal);
      if (stopping.signal.aborted) return;
      await sweep().catch((error: unknown) => logger.warn({ reason: String(error) }, 'Sweeping failed'));
    }
  };

  return {
    start() {
      running = loop();
    },
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
