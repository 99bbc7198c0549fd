import { collections, createFeedLog, type FeedEntry, type FeedHead, type LogEntry, type OutboxEvent } from '@tidings/feed';
import { isDuplicateKey, pause, type Logger, type Mongo } from '@tidings/platform';
import { packetEncoder } from './packet.js';

const day = 86_400_000;

export interface SequencerOptions {
  mongo: Mongo;
  logger: Logger;
  retentionDays: number;
  /** Of `user:` feeds. */
  userRetentionDays: number;
  /** Feeds whose head is kept in memory, beside those of one batch. */
  maxHeads?: number;
}

/** Gives the events of one batch after another their places, and stores them. Calls must follow each other. */
export interface Sequencer {
  /** Numbers and appends; resolves after the majority has it. Entries that stood there already come back with the `seq` that they have. */
  append(events: readonly OutboxEvent[]): Promise<LogEntry[]>;
  /** Looks up what another leader numbered already, until a batch is met that it had not finished. */
  takeOver(): void;
  /** Makes the heads durable; they outlive their entries. */
  flushHeads(): Promise<void>;
}

export function createSequencer({ mongo, logger, retentionDays, userRetentionDays, maxHeads = 200_000 }: SequencerOptions): Sequencer {
  const log = createFeedLog(mongo);
  const entries = mongo.db.collection<FeedEntry>(collections.entries);
  const durable = mongo.db.collection<FeedHead>(collections.heads);
  let heads = new Map<string, number>();
  let changed = new Map<string, number>();
  let lookUp = true;

  const loadHeads = async (events: readonly OutboxEvent[]): Promise<void> => {
    // Between two batches, and before any feed is counted: those that events begin come without a look, and are as many as the orders.
    if (heads.size > maxHeads) heads = new Map();
    const unknown = new Set<string>();
    // Not while another leader may have numbered some of them: then what stands there decides.
    if (!lookUp) for (const { begins = [] } of events) for (const feed of begins) if (!heads.has(feed)) heads.set(feed, 0);
    for (const event of events) for (const target of event.feeds) if (!heads.has(feedOf(target))) unknown.add(feedOf(target));
    if (unknown.size === 0) return;
    for (const [feed, head] of await log.heads([...unknown])) heads.set(feed, head);
  };

  /** What of this batch is numbered already, by event and feed. */
  const alreadyNumbered = async (events: readonly OutboxEvent[]): Promise<Map<string, number>> => {
    const found = await entries
      .find({ eventId: { $in: events.map(({ _id }) => _id) } }, { projection: { _id: 1, eventId: 1 }, readConcern: { level: 'majority' } })
      .toArray();
    return new Map(found.map(({ _id, eventId }) => [`${eventId} ${_id.feed}`, _id.seq]));
  };

  const numberAll = (events: readonly OutboxEvent[], existing: ReadonlyMap<string, number>): { all: LogEntry[]; fresh: FeedEntry[] } => {
    const all: LogEntry[] = [];
    const fresh: FeedEntry[] = [];
    const at = new Date();
    const expiry = { user: new Date(at.getTime() + userRetentionDays * day), other: new Date(at.getTime() + retentionDays * day) };
    for (const event of events) {
      const encode = packetEncoder(event);
      for (const target of event.feeds) {
        const feed = feedOf(target);
        const head = heads.get(feed) ?? 0;
        const known = existing.size > 0 ? existing.get(`${event._id} ${feed}`) : undefined;
        const seq = known ?? head + 1;
        const packet = encode(feed, seq, typeof target === 'string' ? [] : target.omit);
        if (seq > head) heads.set(feed, seq);
        all.push({ feed, seq, eventId: event._id, type: event.type, packet });
        if (known !== undefined) continue;
        fresh.push({
          _id: { feed, seq },
          eventId: event._id,
          type: event.type,
          packet,
          ...(event.cause ? { cause: event.cause } : {}),
          at,
          expiresAt: feed.startsWith('user:') ? expiry.user : expiry.other,
        });
      }
    }
    return { all, fresh };
  };

  return {
    async append(events) {
      for (let attempt = 0; ; attempt++) {
        await loadHeads(events);
        const existing = lookUp ? await alreadyNumbered(events) : new Map<string, number>();
        const { all, fresh } = numberAll(events, existing);
        try {
          // Ordered: when one is refused, none behind it is stored, so no feed gets a later entry before an earlier one.
          if (fresh.length > 0) await entries.insertMany(fresh, { ordered: true, writeConcern: { w: 'majority' } });
          if (lookUp && fresh.length > 0) lookUp = false;
          // Only now: a number that was not stored may not be given, and a durable head that is too high would leave a gap for ever.
          for (const { feed, seq } of all) changed.set(feed, Math.max(seq, changed.get(feed) ?? 0));
          return all;
        } catch (error) {
          // What was stored and what not is unknown after any failure: forget what memory says of these feeds and look.
          for (const { feed } of all) heads.delete(feed);
          lookUp = true;
          if (!isDuplicateKey(error) || attempt >= 50) throw error;
          logger.warn({ events: events.length, attempt }, 'Another leader has numbered entries of this batch; looking again');
          if (attempt > 0) await pause(20);
        }
      }
    },

    takeOver() {
      lookUp = true;
      heads = new Map();
    },

    async flushHeads() {
      if (changed.size === 0) return;
      const flushing = changed;
      changed = new Map();
      try {
        await durable.bulkWrite(
          [...flushing].map(([feed, head]) => ({
            updateOne: { filter: { _id: feed }, update: { $max: { head }, $currentDate: { updatedAt: true } }, upsert: true },
          })),
          { ordered: false, writeConcern: { w: 'majority' } },
        );
      } catch (error) {
        for (const [feed, head] of flushing) changed.set(feed, Math.max(head, changed.get(feed) ?? 0));
        throw error;
      }
    },
  };
}

function feedOf(target: OutboxEvent['feeds'][number]): string {
  return typeof target === 'string' ? target : target.feed;
}
