import { newId, type Mongo } from '@tidings/platform';
import { collections, type FeedEntry, type FeedHead, type BusEntry, type LogEntry } from './documents.js';
import { rawBytes, rawFields } from './raw-document.js';
import { serverTime } from './server-time.js';

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
  /** Several ranges by one query; each is answered whole or, past `limit`, from its start. The packets stay bytes, as on the bus. */
  readMany(requests: readonly PageRequest[]): Promise<Map<string, BusEntry[]>>;
  /** Durable heads that changed at or after `since`, and the server's time to ask from the next time. */
  changedSince(since: Date | undefined): Promise<{ heads: Map<string, number>; now: Date }>;
  /** Names this history of feeds. */
  epoch(): Promise<string>;
}

/** A query with more ranges than this takes longer to plan than it saves. */
const rangesPerQuery = 250;
const highestSeq = Number.MAX_SAFE_INTEGER;
/** The entries of a feed behind `after`, as a condition on `_id`. */
export const feedRange = (feed: string, after: number, upTo = highestSeq) => ({ $gt: { feed, seq: after }, $lte: { feed, seq: upTo } });

export function createFeedLog(mongo: Mongo): FeedLog {
  const options = { readConcern: { level: 'majority' as const }, readPreference: 'primary' as const };
  const entries = mongo.db.collection<FeedEntry>(collections.entries, options);
  const heads = mongo.db.collection<FeedHead>(collections.heads, options);
  const meta = mongo.db.collection<{ _id: string; value: string }>(collections.meta, options);

  const stored = async (filter: NonNullable<Parameters<typeof heads.find>[0]>): Promise<Map<string, number>> => {
    const found = (await heads
      .find(filter, { projection: { head: 1 }, raw: true, batchSize: 10_000 })
      .toArray()) as unknown as Uint8Array[];
    return new Map(
      found.map((document) => {
        const fields = rawFields(document);
        return [rawBytes(fields, '_id').toString('latin1'), Number(fields['head'])];
      }),
    );
  };

  /** The highest entry of each feed that is past what `known` says: those of the last moments, before their heads are durable. */
  const raise = async (known: Map<string, number>, names: readonly string[]): Promise<void> => {
    const past = entries.find({ $or: names.map((name) => ({ _id: feedRange(name, known.get(name) ?? 0) })) }, { projection: { _id: 1 } });
    for (const { _id } of await past.toArray()) known.set(_id.feed, Math.max(_id.seq, known.get(_id.feed) ?? 0));
  };

  return {
    async heads(names) {
      const known = new Map<string, number>(names.map((name) => [name, 0]));
      for (const [name, head] of await stored({ _id: { $in: [...names] } })) known.set(name, head);
      const all = [...known.keys()];
      const parts = Array.from({ length: Math.ceil(all.length / rangesPerQuery) }, (_, part) =>
        all.slice(part * rangesPerQuery, (part + 1) * rangesPerQuery),
      );
      await Promise.all(parts.map((part) => raise(known, part)));
      return known;
    },

    async read({ feed, after, limit }) {
      return (
        await entries
          .find({ _id: feedRange(feed, after) }, { sort: { _id: 1 }, limit, projection: { cause: 0, at: 0, expiresAt: 0 } })
          .toArray()
      ).map(toEntry);
    },

    async readMany(requests) {
      const pages = new Map<string, BusEntry[]>(requests.map(({ feed }) => [feed, []]));
      if (requests.length === 0) return pages;
      const cursor = entries.find(
        { $or: requests.map(({ feed, after, limit }) => ({ _id: feedRange(feed, after, after + limit) })) },
        { projection: { type: 1, packet: 1 }, sort: { _id: 1 }, batchSize: 5_000, raw: true },
      );
      for (const document of (await cursor.toArray()) as unknown as Uint8Array[]) {
        const fields = rawFields(document);
        const id = rawFields(rawBytes(fields, '_id'));
        pages.get(rawBytes(id, 'feed').toString('latin1'))?.push({
          seq: Number(id['seq']),
          type: rawBytes(fields, 'type').toString('latin1'),
          packet: rawBytes(fields, 'packet'),
        });
      }
      return pages;
    },

    async changedSince(since) {
      const now = await serverTime(mongo);
      return { heads: since ? await stored({ updatedAt: { $gte: since } }) : new Map<string, number>(), now };
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
