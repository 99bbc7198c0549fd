import { Problem } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { collections, type FeedEntry } from './documents.js';
import { createFeedLog, feedRange } from './feed-log.js';

/** How far back a feed can be read, and how far it has got. */
export interface FeedBounds {
  /** The oldest entry that is kept; `head + 1` when none is. */
  first: number;
  head: number;
}

/** Looks into the past of one feed. Like the log: of the majority, from the primary. */
export interface FeedHistory {
  bounds(feed: string): Promise<FeedBounds>;
  /** The last entry that had been appended at that time; `first - 1` when none of those that are kept had. */
  seqAt(feed: string, at: Date, bounds: FeedBounds): Promise<number>;
  /**
   * The entries `from` to `to`, in order, page by page.
   * @throws Problem `unavailable` when one is not there (any more)
   */
  pages(feed: string, from: number, to: number): AsyncGenerator<FeedEntry[], void>;
}

const pageSize = 500;

export function createFeedHistory(mongo: Mongo): FeedHistory {
  const entries = mongo.db.collection<FeedEntry>(collections.entries, { readConcern: { level: 'majority' }, readPreference: 'primary' });
  const log = createFeedLog(mongo);

  return {
    async bounds(feed) {
      const [oldest, heads] = await Promise.all([
        entries.findOne({ _id: feedRange(feed, 0) }, { sort: { _id: 1 }, projection: { _id: 1 } }),
        log.heads([feed]),
      ]);
      const head = heads.get(feed) ?? 0;
      return { first: oldest?._id.seq ?? head + 1, head };
    },

    async seqAt(feed, at, { first, head }) {
      // Append times grow with `seq`: some twenty look-ups find the place in any feed.
      let [low, high] = [first - 1, head];
      while (low < high) {
        const middle = Math.ceil((low + high) / 2);
        const entry = await entries.findOne({ _id: { feed, seq: middle } }, { projection: { at: 1 } });
        // One that is gone is older than those that are there.
        if (!entry || entry.at <= at) low = middle;
        else high = middle - 1;
      }
      return low;
    },

    async *pages(feed, from, to) {
      for (let next = from; next <= to;) {
        const upTo = Math.min(to, next + pageSize - 1);
        const page = await entries.find({ _id: feedRange(feed, next - 1, upTo) }, { sort: { _id: 1 } }).toArray();
        if (page.length !== upTo - next + 1 || page[0]?._id.seq !== next) {
          throw new Problem('unavailable', 'Entries expired while they were read; ask again', { retryAfterSeconds: 1 });
        }
        yield page;
        next = upTo + 1;
      }
    },
  };
}
