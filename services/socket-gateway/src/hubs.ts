import { createFeedSubscriber, type BusEntry, type FeedLog } from '@tidings/feed';
import { gather, type Logger } from '@tidings/platform';
import { headroom } from './entry.js';
import { Hub, type HubOwner } from './hub.js';
import type { GatewayMetrics } from './metrics.js';
import { createPages, type Pages } from './pages.js';

export interface HubsOptions {
  log: FeedLog;
  redisUrl: string;
  prefix: string;
  logger: Logger;
  metrics: GatewayMetrics;
  /** How often lost entries are looked for; an entry that the bus lost is late by at most this and a second. */
  sweepMs?: number;
  /** How long a hub stays after its last follower. */
  lingerMs?: number;
  /** How long a gap may close by itself before the log is read. */
  gapMs?: number;
}

/** The feeds that this gateway has open. */
export interface Hubs {
  readonly pages: Pages;
  readonly epoch: string;
  readonly size: number;
  get(feed: string): Hub | undefined;
  /** Opens a feed, or finds it open, and keeps it open until `release`. Feeds asked for together share the round trips. */
  acquire(feed: string): Promise<Hub>;
  release(hub: Hub): void;
  /** Whether the feed has got to `seq`, looking in the log when the hub has not. Resolves once the hub is there, or is known not to get there. */
  reach(hub: Hub, seq: number): Promise<boolean>;
  /** Looks for lost entries now; for tests, and when the bus is back. */
  sweep(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A bus that does not answer must not keep clients out: the sweep brings them their entries meanwhile. */
const subscribeTimeoutMs = 1_000;
/** `feeds` is flushed late and clocks differ a little: each question reaches back beyond the last one. */
const sweepOverlapMs = 10_000;
const repairAttempts = 30;

export function createHubs(options: HubsOptions): Hubs {
  const { log, logger, metrics, sweepMs = 3_000, lingerMs = 30_000, gapMs = 20 } = options;
  const hubs = new Map<string, Hub>();
  const opening = new Map<string, Promise<Hub>>();
  const pages = createPages(log);
  let epoch = '';
  let stopped = false;

  const subscriber = createFeedSubscriber({
    redisUrl: options.redisUrl,
    prefix: options.prefix,
    logger,
    onEntries: (feed: string, entries: BusEntry[]) => hubs.get(feed)?.accept(entries),
    // What was published while it was away is in the log.
    onReconnect: () => void sweep(),
  });

  // --- Opening -------------------------------------------------------------------------------------------------------------------

  const openAll = async (batch: readonly Hub[]): Promise<void> => {
    const names = batch.map(({ feed }) => feed);
    const confirmed = await subscribeWithin(names);
    const heads = await log.heads(names);
    for (const hub of batch) hub.open(heads.get(hub.feed) ?? 0);
    if (!confirmed) logger.warn({ feeds: names.length }, 'The bus does not answer; entries come by the sweep');
  };

  const subscribeWithin = (names: readonly string[]): Promise<boolean> => {
    const subscribed = subscriber.subscribe(names).then(
      () => true,
      (error: unknown) => {
        if (!stopped) logger.warn({ reason: String(error) }, 'Subscribing failed');
        return false;
      },
    );
    return new Promise((resolve) => {
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        resolve(false);
      }, subscribeTimeoutMs);
      void subscribed.then((ok) => {
        clearTimeout(timer);
        resolve(ok);
        if (late && ok) void sweep();
      });
    });
  };

  const owner: HubOwner = { incomplete: (hub) => scheduleRepair(hub), delivered: (count) => metrics.deliveries.inc(count) };

  const open = (feed: string): Promise<Hub> => {
    const hub = new Hub(feed, owner);
    hubs.set(feed, hub);
    const done = openTogether(hub).then(
      () => hub,
      (error: unknown) => {
        hubs.delete(feed);
        void subscriber.unsubscribe(feed).catch(() => undefined); // nobody listens on it any more
        throw error;
      },
    );
    opening.set(feed, done);
    const settle = (): void => void opening.delete(feed);
    done.then(settle, settle);
    return done;
  };
  const openTogether = gather(openAll);

  // --- Gaps ----------------------------------------------------------------------------------------------------------------------

  const gaps = new Map<Hub, number>();
  let repairTimer: NodeJS.Timeout | undefined;

  function scheduleRepair(hub: Hub): void {
    if (!gaps.has(hub)) gaps.set(hub, 0);
    repairTimer ??= setTimeout(() => {
      repairTimer = undefined;
      void repair().catch((error: unknown) => {
        logger.warn({ reason: String(error) }, 'Reading the log for lost entries failed; trying again');
        for (const [waiting] of gaps) scheduleRepair(waiting);
      });
    }, gapMs);
  }

  const repair = async (): Promise<void> => {
    for (const hub of gaps.keys()) if (!hub.hasGap) gaps.delete(hub);
    const batch = [...gaps.keys()];
    await Promise.all(batch.map(repairOne));
    if (gaps.size > 0 && !stopped) for (const hub of gaps.keys()) scheduleRepair(hub);
  };

  const repairOne = async (hub: Hub): Promise<void> => {
    const from = hub.head;
    const missing = await pages.read(hub.feed, from);
    const attempts = (gaps.get(hub) ?? 0) + 1;
    const first = missing[0]?.seq;
    const contiguous = first === from + 1;
    if (contiguous) {
      metrics.repairs.inc();
      hub.accept(missing.map(({ seq, type, bytes }) => ({ seq, type, packet: bytes.subarray(headroom) })));
    }
    if (!hub.hasGap) {
      gaps.delete(hub);
    } else if (contiguous || hub.head > from) {
      gaps.set(hub, 0);
    } else if (first === undefined && attempts < repairAttempts) {
      gaps.set(hub, attempts); // the head may be visible a moment before its entries
    } else {
      gaps.delete(hub);
      await resetHub(hub, 'expired');
    }
  };

  const resetHub = async (hub: Hub, reason: 'expired' | 'epoch'): Promise<void> => {
    const heads = await log.heads([hub.feed]);
    metrics.resets.inc({ reason });
    hub.reset(heads.get(hub.feed) ?? 0, epoch, reason);
  };

  // --- Sweep ---------------------------------------------------------------------------------------------------------------------

  let since: Date | undefined;
  let sweepTimer: NodeJS.Timeout | undefined;
  let sweeping: Promise<void> | undefined;

  const sweepOnce = async (): Promise<void> => {
    const { heads, now } = await log.changedSince(since);
    since = new Date(now.getTime() - sweepOverlapMs);
    for (const [feed, head] of heads) hubs.get(feed)?.expect(head);
    const current = await log.epoch();
    if (current !== epoch) await newEpoch(current);
    closeIdle();
  };

  const newEpoch = async (current: string): Promise<void> => {
    logger.warn({ epoch: current }, 'The feeds have a new epoch');
    epoch = current;
    await Promise.all([...hubs.values()].filter(({ isOpen }) => isOpen).map((hub) => resetHub(hub, 'epoch')));
  };

  const closeIdle = (): void => {
    const now = performance.now();
    for (const hub of hubs.values()) {
      hub.trim(Date.now());
      if (hub.holds > 0 || !hub.isOpen || now - hub.idleSince < lingerMs) continue;
      hubs.delete(hub.feed);
      void subscriber.unsubscribe(hub.feed).catch(() => undefined); // Redis is away, and with it the subscription
    }
    metrics.feedsOpen.set(hubs.size);
  };

  const sweep = async (): Promise<void> => {
    if (stopped) return;
    sweeping ??= sweepOnce()
      .catch((error: unknown) => logger.warn({ reason: String(error) }, 'Looking for lost entries failed'))
      .finally(() => {
        sweeping = undefined;
      });
    await sweeping;
  };

  const tick = async (): Promise<void> => {
    await sweep();
    if (!stopped) sweepTimer = setTimeout(() => void tick(), sweepMs);
  };

  return {
    pages,
    get epoch() {
      return epoch;
    },
    get size() {
      return hubs.size;
    },
    get: (feed) => hubs.get(feed),

    async acquire(feed) {
      const existing = hubs.get(feed);
      if (existing) {
        existing.holds++;
        await opening.get(feed);
        return existing;
      }
      const opened = open(feed);
      hubs.get(feed)!.holds++;
      return opened;
    },

    release(hub) {
      hub.holds--;
      if (hub.holds === 0) hub.idleSince = performance.now();
    },

    async reach(hub, seq) {
      if (hub.head >= seq) return true;
      const head = (await log.heads([hub.feed])).get(hub.feed) ?? 0;
      if (head < seq) return hub.head >= seq;
      hub.expect(head);
      while (hub.head < seq && hub.hasGap && !stopped) await new Promise((resolve) => setTimeout(resolve, gapMs));
      return hub.head >= seq;
    },

    sweep,

    async start() {
      epoch = await log.epoch();
      await tick();
    },

    async stop() {
      stopped = true;
      clearTimeout(sweepTimer);
      clearTimeout(repairTimer);
      await sweeping;
      subscriber.close();
    },
  };
}
