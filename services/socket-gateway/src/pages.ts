import type { FeedLog } from '@tidings/feed';
import { gather } from '@tidings/platform';
import { createEntry, type Entry } from './entry.js';

export const pageSize = 500;
const rangesPerQuery = 250;

/** Reads pages of the log for joining clients. Whoever asks while others are read shares the next query, and entries that several get. */
export interface Pages {
  /** What comes after `after`, in order, at most `pageSize` entries. */
  read(feed: string, after: number): Promise<Entry[]>;
}

interface Asked {
  after: number;
  resolve(entries: Entry[]): void;
  reject(error: unknown): void;
}

export function createPages(log: Pick<FeedLog, 'readMany'>): Pages {
  let waiting = new Map<string, Asked[]>();

  const readAll = async (asked: Map<string, Asked[]>): Promise<void> => {
    // A query has one range per feed: clients whose cursors are within a page of each other share it, the others take the next round.
    for (let left = [...asked]; left.length > 0;) {
      const next: typeof left = [];
      const ranges = left.map(([feed, clients]) => {
        const after = Math.min(...clients.map((client) => client.after));
        const near = clients.filter((client) => client.after < after + pageSize);
        const far = clients.filter((client) => client.after >= after + pageSize);
        if (far.length > 0) next.push([feed, far]);
        return { feed, after, clients: near };
      });
      for (let start = 0; start < ranges.length; start += rangesPerQuery) await readRanges(ranges.slice(start, start + rangesPerQuery));
      left = next;
    }
  };

  const readRanges = async (ranges: { feed: string; after: number; clients: Asked[] }[]): Promise<void> => {
    try {
      const found = await log.readMany(ranges.map(({ feed, after }) => ({ feed, after, limit: pageSize })));
      for (const { feed, clients } of ranges) {
        const entries = (found.get(feed) ?? []).map(({ seq, type, packet }) => createEntry(feed, seq, type, packet));
        for (const { after, resolve } of clients) resolve(entries.filter(({ seq }) => seq > after));
      }
    } catch (error) {
      for (const { clients } of ranges) for (const { reject } of clients) reject(error);
    }
  };

  const readWaiting = gather(async () => {
    const asked = waiting;
    waiting = new Map();
    await readAll(asked);
  });

  return {
    read(feed, after) {
      return new Promise((resolve, reject) => {
        const clients = waiting.get(feed);
        if (clients) clients.push({ after, resolve, reject });
        else waiting.set(feed, [{ after, resolve, reject }]);
        readWaiting(feed).catch(reject);
      });
    },
  };
}
