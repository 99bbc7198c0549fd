import { outboxPages, type DomainEventQueue, type OutboxEvent } from '@tidings/feed';
import { pause, type Config, type Logger, type Metrics, type Mongo, type Redis } from '@tidings/platform';
import { isTokenLost, openChangeReader, type ChangeBatch, type ChangeReader } from './change-reader.js';
import type { Janitor } from './janitor.js';
import { createPublisher } from './publisher.js';
import { TermOver, type createRelayStateStore, type RelayPosition } from './relay-state.js';
import { createSequencer } from './sequencer.js';

export interface LeaderDeps {
  config: Pick<Config, 'REDIS_PREFIX' | 'FEED_RETENTION_DAYS' | 'USER_FEED_RETENTION_DAYS'>;
  mongo: Mongo;
  logger: Logger;
  redis: Redis;
  queue: DomainEventQueue;
  states: ReturnType<typeof createRelayStateStore>;
  janitor: Janitor;
  meters: {
    events: ReturnType<Metrics['counter']>;
    batch: ReturnType<Metrics['histogram']>;
    lag: ReturnType<Metrics['histogram']>;
    recovered: ReturnType<Metrics['counter']>;
  };
  term: number;
  batchSize: number;
  signal: AbortSignal;
  renewEveryMs: number;
  renew: () => Promise<boolean>;
}

/** Batches that are appended but not yet published; more would only hide a Redis that is slow. */
const maxUnpublished = 4;
const saveEveryMs = 250;
const idleSaveEveryMs = 10_000;
const recoveryMarginMs = 120_000;
const cleanEveryMs = 60_000;

/**
 * One term: reads the change stream, appends, publishes, and keeps the position. The stages of successive batches overlap: while one is
 * published the next is appended and the one after it read. Appending is one batch at a time, since each numbers on from the last.
 * Returns when asked to stop; throws when the term is over or the database is gone.
 */
export async function lead(deps: LeaderDeps): Promise<void> {
  const { mongo, logger, states, term, meters, batchSize } = deps;
  const ended = new AbortController();
  const end = (reason?: unknown): void => ended.abort(reason);
  const onStop = () => end();
  deps.signal.addEventListener('abort', onStop, { once: true });
  if (deps.signal.aborted) end();

  const position = await states.begin(term);
  const sequencer = createSequencer({
    mongo,
    logger,
    retentionDays: deps.config.FEED_RETENTION_DAYS,
    userRetentionDays: deps.config.USER_FEED_RETENTION_DAYS,
  });
  const publisher = createPublisher({
    mongo,
    redis: deps.redis,
    queue: deps.queue,
    prefix: deps.config.REDIS_PREFIX,
    logger,
    lastBatch: position.batch,
    onRecovered: (events) => meters.recovered.inc(events),
  });

  let batchNumber = position.batch;
  let published: RelayPosition | undefined;
  let publishing: Promise<void> = Promise.resolve();
  let unpublished = 0;

  const relay = async (events: readonly OutboxEvent[], after: (batch: number) => RelayPosition | undefined): Promise<void> => {
    const entries = await sequencer.append(events);
    const batch = ++batchNumber;
    unpublished++;
    publishing = publishing.then(async () => {
      await publisher.publish(batch, events, entries);
      unpublished--;
      published = after(batch) ?? published;
      meters.events.inc(events.length);
      meters.batch.observe(events.length);
      meters.lag.observe(Math.max(0, Date.now() - events[0]!.at.getTime()) / 1_000);
    });
    if (unpublished >= maxUnpublished) await publishing;
  };

  let reader: ChangeReader | undefined;
  const open = async (): Promise<ChangeReader> => {
    try {
      return await openChangeReader(mongo, { after: position.token, batchSize });
    } catch (error) {
      if (!isTokenLost(error)) throw error;
      logger.error({ watermark: position.watermark }, 'The resume token is lost (the oplog is too short): scanning the outbox');
      return scanFrom(position.watermark);
    }
  };
  /** The stream is opened before the scan: what commits meanwhile is in one of the two, and what is in both is found by its id. */
  const scanFrom = async (watermark: Date | undefined): Promise<ChangeReader> => {
    const stream = await openChangeReader(mongo, { after: undefined, batchSize });
    reader = stream; // closed with the term, also when the scan fails
    const since = new Date((watermark?.getTime() ?? recoveryMarginMs) - recoveryMarginMs);
    for await (const events of outboxPages(mongo, { size: batchSize, after: { at: since, _id: '' } })) {
      sequencer.takeOver();
      await relay(events, () => undefined);
      if (ended.signal.aborted) break;
    }
    sequencer.takeOver();
    await publishing;
    return stream;
  };

  const background = [
    every(deps.renewEveryMs, ended.signal, async () => {
      if (!(await deps.renew())) throw new TermOver(term);
    }),
    every(saveEveryMs, ended.signal, async () => {
      const next = published;
      published = undefined;
      // Heads first: nobody looks again at what is before the token, and a head that is not stored is lost when its entries expire.
      await sequencer.flushHeads();
      if (next) await states.save(term, next);
    }),
    every(500, ended.signal, async () => {
      // Redis being away is no reason to stop: entries are numbered and stored meanwhile, and published when it is back.
      await publisher.recover().catch((error: unknown) => logger.debug({ reason: String(error) }, 'Redis is not back yet'));
    }),
    every(cleanEveryMs, ended.signal, async () => {
      if (position.watermark) await deps.janitor.clean(position.watermark);
    }),
  ].map((task) => task.catch(end));

  try {
    reader = position.token ? await open() : await scanFrom(position.watermark);
    let savedAt = 0;
    let upcoming: Promise<ChangeBatch> = reader.next();
    while (!ended.signal.aborted) {
      const batch = await orEnd(upcoming, ended.signal);
      if (!batch) break;
      upcoming = reader.next();
      upcoming.catch(() => undefined); // awaited in the next round, or given up when the term ends
      const watermark = batch.events.length > 0 ? latest(batch, position.watermark) : batch.readUpTo;
      position.watermark = watermark;
      if (batch.events.length > 0) await relay(batch.events, (number) => ({ token: batch.token, watermark, batch: number }));
      else if (unpublished === 0 && Date.now() - savedAt > idleSaveEveryMs) {
        // Also when idle: the oplog moves on, and an old token would be lost with it.
        published = { token: batch.token, watermark, batch: batchNumber };
        savedAt = Date.now();
      }
    }
    await publishing;
    await sequencer.flushHeads();
    if (published && !isTermOver(ended.signal.reason)) await states.save(term, published);
  } finally {
    end();
    deps.signal.removeEventListener('abort', onStop);
    await Promise.all(background);
    await reader?.close();
  }
  if (ended.signal.reason instanceof Error && ended.signal.reason.name !== 'AbortError') throw ended.signal.reason;
}

/** Runs the task again and again, one run after another; its first failure ends it and is thrown. */
async function every(ms: number, signal: AbortSignal, task: () => Promise<void>): Promise<void> {
  for (;;) {
    await pause(ms, signal);
    if (signal.aborted) return;
    await task();
  }
}

function orEnd<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  if (signal.aborted) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    const stop = () => resolve(undefined);
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}

const isTermOver = (reason: unknown): boolean => reason instanceof TermOver;

/** Never ahead of the server's clock: an API whose clock is would have the watermark pass what others have yet to commit. */
function latest({ events, readUpTo }: ChangeBatch, known: Date | undefined): Date {
  let time = known?.getTime() ?? 0;
  for (const { at } of events) time = Math.max(time, at.getTime());
  return new Date(Math.min(time, readUpTo.getTime()));
}
