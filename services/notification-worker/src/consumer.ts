import { Problem } from '@tidings/contracts';
import { domainEventsQueue, enqueueDomainEvents, type DomainEventJob, type DomainEventQueue } from '@tidings/feed';
import { createRedis, pause, within, type Logger, type Metrics, type Redis } from '@tidings/platform';
import { DelayedError, UnrecoverableError, Worker, type Job } from 'bullmq';
import { UnfitEvent, type EventHandler } from './handle-event.js';

export interface ConsumerOptions {
  redisUrl: string;
  prefix: string;
  logger: Logger;
  metrics: Metrics;
  queue: DomainEventQueue;
  handle: EventHandler;
  concurrency: number;
  watchMs: number;
  /** With jobs waiting and nothing done for this long, the worker is taken for stuck. */
  stuckMs: number;
}

export interface Consumer {
  start(): void;
  /** Finishes what is in hand, for at most some seconds: what is not finished is done again elsewhere. */
  stop(): Promise<void>;
}

interface Running {
  worker: Worker<DomainEventJob>;
  /** What BullMQ uses are duplicates of it, which end with it. */
  redis: Redis;
}

const patienceMs = 5_000;
const maxHeldDelayMs = 8_000;

/** The BullMQ end of the worker, with a watchdog, since a BullMQ worker can stop for good after a disconnect (taskforcesh/bullmq#3185). */
export function createConsumer(options: ConsumerOptions): Consumer {
  const { logger, metrics, queue, handle, concurrency, watchMs, stuckMs } = options;
  const failed = metrics.counter('domain_jobs_failed_total', 'Attempts that failed', ['final']);
  const restarts = metrics.counter('domain_worker_restarts_total', 'Restarts of a worker that had stopped working');
  const waiting = metrics.gauge('domain_jobs_waiting', 'Jobs that wait for a worker');
  const stopping = new AbortController();
  let running: Running | undefined;
  let watching: Promise<void> | undefined;
  let active = 0;
  let lastDone = 0;

  /** What goes wrong with it has a job of its own to be told of and tried again by; where Redis does not take that, the sweeper finds the event. */
  const handleOther = async (event: { _id: string; type: string }): Promise<void> => {
    const outcome = await settled(handle(event._id));
    if (outcome.status === 'fulfilled') return;
    logger.debug(
      { eventId: event._id, reason: String(outcome.reason) },
      'An event of a job for several was not handled; it gets a job of its own',
    );
    await enqueueDomainEvents(queue, [event]).catch((error: unknown) =>
      logger.debug({ eventId: event._id, reason: String(error) }, 'The job was not added; the sweeper will'),
    );
  };

  const work = async (job: Job<DomainEventJob>, token?: string): Promise<void> => {
    active++;
    try {
      const { eventId, others = [] } = job.data;
      // Together, so that they share a transaction; later attempts are of the first one alone.
      const company = job.attemptsMade === 0 ? others : [];
      const [own] = await Promise.all([settled(handle(eventId)), ...company.map(handleOther)]);
      if (own.status === 'rejected') throw own.reason;
    } catch (error) {
      // Kept at once with its reason; the sweeper tries it again now and then, as a newer version may know how.
      if (error instanceof UnfitEvent) throw new UnrecoverableError(error.message);
      if (!(error instanceof Problem && error.code === 'unavailable')) throw error;
      // Not a failure, and no reason to keep others waiting: the event is held by another worker's transaction.
      const delay = Math.min(500 * 2 ** job.attemptsStarted, maxHeldDelayMs);
      await job.moveToDelayed(Date.now() + delay * (0.5 + Math.random() / 2), token);
      throw new DelayedError();
    } finally {
      active--;
      lastDone = performance.now();
    }
  };

  const open = (): Running => {
    const redis = createRedis(options.redisUrl, { name: 'domain-events-worker', waiting: true, logger });
    const worker = new Worker<DomainEventJob>(domainEventsQueue, work, {
      connection: redis,
      prefix: options.prefix,
      concurrency,
      skipVersionCheck: true,
      // A killed worker's jobs are taken over within seconds, any number of times: whoever kills workers must not make jobs fail.
      lockDuration: 5_000,
      stalledInterval: 2_500,
      maxStalledCount: 1_000,
    });
    worker.on('error', (error) => logger.debug({ reason: error.message }, 'The worker of domain events lost Redis'));
    worker.on('failed', (job, error) => {
      const final = job === undefined || error instanceof UnrecoverableError || job.attemptsMade >= (job.opts.attempts ?? 1);
      failed.inc({ final: String(final) });
      logger[final ? 'error' : 'warn'](
        { eventId: job?.id, type: job?.name, attempts: job?.attemptsMade, reason: error.message },
        'An event was not handled',
      );
    });
    return { worker, redis };
  };

  const close = async ({ worker, redis }: Running): Promise<void> => {
    await within(patienceMs, () => {
      const closing = worker.close();
      // It would wait for Redis. What is in hand is finished all the same.
      if (redis.status !== 'ready') redis.disconnect();
      return closing;
    }).catch((error: unknown) => logger.debug({ reason: String(error) }, 'The worker was cut off'));
    redis.disconnect();
  };

  const watch = async (): Promise<void> => {
    for (;;) {
      await pause(watchMs, stopping.signal);
      if (stopping.signal.aborted) return;
      try {
        const jobs = await within(patienceMs, () => queue.queue.getWaitingCount());
        waiting.set(jobs);
        if (jobs === 0 || active > 0) lastDone = performance.now();
        if (performance.now() - lastDone < stuckMs) continue;
        logger.warn({ waiting: jobs }, 'Jobs wait and none is done: starting the worker anew');
        restarts.inc();
        const stuck = running;
        running = open();
        lastDone = performance.now();
        if (stuck) await close(stuck);
      } catch (error) {
        lastDone = performance.now();
        logger.debug({ reason: String(error) }, 'The watchdog did not reach Redis');
      }
    }
  };

  return {
    start() {
      lastDone = performance.now();
      running = open();
      watching = watch();
    },
    async stop() {
      stopping.abort();
      await watching;
      if (running) await close(running);
    },
  };
}

async function settled<T>(work: Promise<T>): Promise<PromiseSettledResult<T>> {
  const [outcome] = await Promise.allSettled([work]);
  return outcome;
}
