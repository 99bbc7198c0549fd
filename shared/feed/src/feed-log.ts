import { newId, type Mongo } from '@tidings/platform';
import { collections, type FeedEntry, type FeedHead } from './documents.js';

export interface LogEntry {
  feed: string;
  seq: number;
  eventId: string;
  type: string;
  packet: string;
}

/** A range of one feed: what comes after `after`, at most `limit` entries. */
export interface PageRequest {
  feed: string;
  after: number;
  limit: number;
}

/** Reads the durable log. All reads are of the majority, from the primary: what is shown cannot be rolled back. */
export interface FeedLog {
  /** The last number given in each feed, 0 for one without entries: the higher of the durable head and the newest entry. */
  heads(feeds: readonly string[]): Promise<Map<string, number>>;
  /** In order; a first `seq` other than `after + 1` means that older entries have expired. */
  read(request: PageRequest): Promise<LogEntry[]>;
  /** Several ranges by one query; each is answered whole or, past `limit`, from its start. */
  readMany(requests: readonly PageRequest[]): Promise<Map<string, LogEntry[]>>;
  /** Durable heads that changed at or after `since`, and the server's time to ask from the next time. */
  changedSince(since: Date | undefined): Promise<{ heads: Map<string, number>; now: Date }>;
  /** Names this history of feeds. */
  epoch(): Promise<string>;
}

const highestSeq = Number.MAX_SAFE_INTEGER;
const range = (feed: string, after: number, upTo = highestSeq) => ({ $gt: { feed, seq: after }, $lte: { feed, seq: upTo } });

export function createFeedLog(mongo: Mongo): FeedLog {
  const options = { readConcern: { level: 'majority' as const }, readPreference: 'primary' as const };
  const entries = mongo.db.collection<FeedEntry>(collections.entries, options);
  const heads = mongo.db.collection<FeedHead>(collections.heads, options);
  const meta = mongo.db.collection<{ _id: string; value: string }>(collections.meta, options);

  const newest = async (feed: string): Promise<number> => {
    const [entry] = await entries.find({ _id: range(feed, 0) }, { projection: { _id: 1 }, sort: { _id: -1 }, limit: 1 }).toArray();
    return entry?._id.seq ?? 0;
  };

  return {
    async heads(names) {
      const known = new Map<string, number>(names.map((name) => [name, 0]));
      const [stored, highest] = await Promise.all([
        heads.find({ _id: { $in: [...names] } }, { projection: { head: 1 } }).toArray(),
        Promise.all(names.map(async (name) => [name, await newest(name)] as const)),
      ]);
      for (const { _id, head } of stored) known.set(_id, head);
      for (const [name, seq] of highest) known.set(name, Math.max(seq, known.get(name) ?? 0));
      return known;
    },

    async read({ feed, after, limit }) {
      return (
        await entries.find({ _id: range(feed, after) }, { sort: { _id: 1 }, limit, projection: { at: 0, expiresAt: 0 } }).toArray()
      ).map(toEntry);
    },

    async readMany(requests) {
      const pages = new Map<string, LogEntry[]>(requests.map(({ feed }) => [feed, []]));
      if (requests.length === 0) return pages;
      const cursor = entries.find(
        { $or: requests.map(({ feed, after, limit }) => ({ _id: range(feed, after, after + limit) })) },
        { projection: { at: 0, expiresAt: 0 }, sort: { _id: 1 }, batchSize: 5_000 },
      );
      for (const entry of await cursor.toArray()) pages.get(entry._id.feed)?.push(toEntry(entry));
      return pages;
    },

    async changedSince(since) {
      const { localTime } = (await mongo.db.command({ hello: 1 })) as { localTime: Date };
      const changed = since ? await heads.find({ updatedAt: { $gte: since } }, { projection: { head: 1 } }).toArray() : [];
      return { heads: new Map(changed.map(({ _id, head }) => [_id, head])), now: localTime };
    },

    async epoch() {
      const document = await meta.findOneAndUpdate(
        { _id: 'epoch' },
        { $setOnInsert: { value: newId() } },
        { upsert: true, returnDocument: 'after' },
      );
      return document!.value;
    },
  };
}

/**
 * Starts a new epoch: after the database was restored from a backup, cursors that clients hold may name entries that no longer
 * exist. Each client fetches its state anew.
 */
export async function startNewEpoch(mongo: Mongo): Promise<string> {
  const value = newId();
  await mongo.db
    .collection<{ _id: string; value: string }>(collections.meta)
    .updateOne({ _id: 'epoch' }, { $set: { value } }, { upsert: true });
  return value;
}

function toEntry({ _id, eventId, type, packet }: FeedEntry): LogEntry {
  return { feed: _id.feed, seq: _id.seq, eventId, type, packet };
}
