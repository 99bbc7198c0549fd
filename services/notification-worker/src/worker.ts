import { createDomainEventQueue, ensureFeedIndexes, ensureNotificationIndexes } from '@tidings/feed';
import { createMetrics, type Config, type Logger, type Metrics, type Mongo } from '@tidings/platform';
import { createInAppChannel } from './channels/in-app.js';
import { createConsumer } from './consumer.js';
import { createEventHandler } from './handle-event.js';
import { createNotificationRegistry, type NotificationRegistry } from './notifications/registry.js';
import { createSweeper } from './sweeper.js';

export interface WorkerDeps {
  config: Pick<Config, 'REDIS_URL' | 'REDIS_PREFIX'>;
  mongo: Mongo;
  logger: Logger;
  metrics?: Metrics;
  registry?: NotificationRegistry;
  /** Events at once. */
  concurrency?: number;
  /** People per transaction. */
  batchSize?: number;
  sweepMs?: number;
  staleMs?: number;
  failedRestMs?: number;
  lateMs?: number;
  watchMs?: number;
  stuckMs?: number;
}

export interface NotificationWorker {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Turns domain events into notifications, each once, however many workers run and whenever one is killed.
 * @throws Error when the notification handlers do not fit the catalogue
 */
export function createWorker(deps: WorkerDeps): NotificationWorker {
  const { config, mongo, logger, metrics = createMetrics(), registry = createNotificationRegistry() } = deps;
  const {
    concurrency = 16,
    batchSize = 200,
    sweepMs = 2_000,
    staleMs = 3_000,
    failedRestMs = 60_000,
    lateMs = 15_000,
    watchMs = 2_000,
    stuckMs = 10_000,
  } = deps;
  const handle = createEventHandler({ mongo, registry, channels: [createInAppChannel(mongo)], metrics, batchSize });
  const queue = createDomainEventQueue(config.REDIS_URL, config.REDIS_PREFIX, logger);
  const consumer = createConsumer({
    redisUrl: config.REDIS_URL,
    prefix: config.REDIS_PREFIX,
    logger,
    metrics,
    queue,
    handle,
    concurrency,
    watchMs,
    stuckMs,
  });
  const sweeper = createSweeper({ mongo, logger, metrics, queue, handle, sweepMs, staleMs, failedRestMs, lateMs });
  return {
    async start() {
      await Promise.all([ensureFeedIndexes(mongo), ensureNotificationIndexes(mongo)]);
      consumer.start();
      sweeper.start();
    },
    async stop() {
      await Promise.all([sweeper.stop(), consumer.stop()]);
      await queue.close();
    },
  };
}
