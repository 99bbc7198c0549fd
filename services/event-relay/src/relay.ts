import { randomUUID } from 'node:crypto';
import { createDomainEventQueue, ensureFeedIndexes } from '@tidings/feed';
import { createMetrics, createRedis, pause, within, type Config, type Logger, type Metrics, type Mongo } from '@tidings/platform';
import { createJanitor } from './janitor.js';
import { createLease } from './lease.js';
import { lead } from './leader.js';
import { createRelayStateStore } from './relay-state.js';

export interface RelayDeps {
  config: Pick<Config, 'REDIS_URL' | 'REDIS_PREFIX' | 'FEED_RETENTION_DAYS' | 'USER_FEED_RETENTION_DAYS' | 'OUTBOX_RETENTION_HOURS'>;
  mongo: Mongo;
  logger: Logger;
  metrics?: Metrics;
  /** How long a leader that has died keeps others out. */
  leaseMs?: number;
  batchSize?: number;
}

export interface Relay {
  start(): Promise<void>;
  /** Finishes the batch in hand and gives up the lease. */
  stop(): Promise<void>;
  /** The term that this process leads, null on standby. */
  term(): number | null;
}

/** Enough for a batch, and well within the 15 s that a service has to end. */
const stopMs = 6_000;

/**
 * Turns committed outbox events into numbered feed entries, publishes them and adds their jobs. Any number of relays may run; the one with the
 * lease works, the others wait for it. What protects the order when two believe that they lead is the log's unique indexes, not the lease.
 */
export function createRelay({ config, mongo, logger, metrics = createMetrics(), leaseMs = 3_000, batchSize = 1_000 }: RelayDeps): Relay {
  const lease = createLease(mongo, randomUUID(), leaseMs);
  const states = createRelayStateStore(mongo);
  const janitor = createJanitor({ mongo, logger, retentionHours: config.OUTBOX_RETENTION_HOURS });
  const meters = {
    leader: metrics.gauge('relay_leader', '1 while this process leads'),
    events: metrics.counter('relay_events_total', 'Events relayed'),
    batch: metrics.histogram('relay_batch_events', 'Events in a batch', { buckets: [1, 2, 5, 10, 50, 100, 500, 1_000] }),
    lag: metrics.histogram('relay_lag_seconds', 'From emission to publication'),
    recovered: metrics.counter('relay_recovered_events_total', 'Events published again after Redis lost them'),
  };
  const stopping = new AbortController();
  const redis = createRedis(config.REDIS_URL, { name: 'relay', logger });
  const queue = createDomainEventQueue(config.REDIS_URL, config.REDIS_PREFIX, logger);
  let term: number | null = null;
  let running: Promise<void> | undefined;

  const loop = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      try {
        term = await lease.acquire();
        if (term === null) {
          await pause(leaseMs / 6, stopping.signal);
          continue;
        }
        meters.leader.set(1);
        logger.info({ term }, 'Leading');
        await lead({
          config,
          mongo,
          logger,
          redis,
          queue,
          states,
          janitor,
          meters,
          term,
          batchSize,
          signal: stopping.signal,
          renewEveryMs: leaseMs / 3,
          renew: () => lease.renew(term!),
        });
      } catch (error) {
        logger.warn({ err: error, term }, 'Leading ended');
        await pause(200, stopping.signal);
      } finally {
        meters.leader.set(0);
        if (term !== null)
          await lease.release(term).catch((error: unknown) => logger.debug({ reason: String(error) }, 'The lease will expire by itself'));
        term = null;
      }
    }
  };

  return {
    async start() {
      await ensureFeedIndexes(mongo);
      running = loop();
    },
    async stop() {
      stopping.abort();
      // Without MongoDB each step would wait for it. What is left undone the next leader does.
      await within(stopMs, async () => running).catch((error: unknown) => logger.warn({ reason: String(error) }, 'The relay was cut off'));
      await queue.close();
      redis.disconnect();
    },
    term: () => term,
  };
}
