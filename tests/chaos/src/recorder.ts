import os from 'node:os';
import { MongoClient, type Collection, type Db, type Document } from 'mongodb';

/**
 * What happened, read by MongoDB's own driver from the collections themselves, with none of the product's code: a fault there would be
 * a fault here too, and nobody would see it.
 */
export interface CommittedEvent {
  id: string;
  type: string;
  data: Record<string, unknown>;
  to: Record<string, unknown>;
  /** Without the fields that each audience must not see. */
  feeds: { feed: string; omit: readonly string[] }[];
  /** When MongoDB wrote it, in milliseconds since 1970 by the clock of this machine. */
  committedAt: number;
}

export interface Recorder {
  readonly db: Db;
  /** In commit order, as the recorder's own change stream tells it. */
  readonly events: readonly CommittedEvent[];
  /** The events of one feed, in commit order: the one with `seq` n is at n - 1. */
  feed(name: string): readonly CommittedEvent[];
  readonly feedNames: readonly string[];
  /** Called for each event, in the tick in which it is heard of. Answers with what ends it. */
  onEvent(listener: () => void): () => void;
  /** How many of these events have not got all of their feed entries. */
  unnumbered(events: readonly CommittedEvent[]): Promise<number>;
  /** How many of these events have not been turned into notifications. */
  unhandled(events: readonly CommittedEvent[]): Promise<number>;
  /** All documents of a collection, read from the primary after the majority. */
  all(collection: string): Promise<Document[]>;
  close(): Promise<void>;
}

interface OutboxDocument {
  _id: string;
  type: string;
  data: Record<string, unknown>;
  to: Record<string, unknown>;
  feeds: (string | { feed: string; omit: string[] })[];
}

/** Begins to listen before the first process is started, so that nothing is committed unheard. */
export async function openRecorder(url: string): Promise<Recorder> {
  // Given, as the driver would import it dynamically, which a test's VM refuses.
  const client = new MongoClient(url, { runtimeAdapters: { os }, readConcern: { level: 'majority' }, readPreference: 'primary' });
  await client.connect();
  const db = client.db();
  const outbox: Collection<OutboxDocument> = await db.createCollection<OutboxDocument>('outbox');
  const events: CommittedEvent[] = [];
  const byFeed = new Map<string, CommittedEvent[]>();
  const listeners = new Set<() => void>();
  let failure: Error | undefined;

  // From a time, not from "now": the server opens the stream when it is first asked for changes, which may be after the first commit.
  const { operationTime } = (await db.command({ ping: 1 })) as { operationTime: NonNullable<Document['operationTime']> };
  const stream = outbox.watch([{ $match: { operationType: 'insert' } }], { startAtOperationTime: operationTime, maxAwaitTimeMS: 500 });
  stream.on('change', (change) => {
    if (change.operationType !== 'insert') return;
    const { fullDocument, wallTime } = change as typeof change & { wallTime: Date };
    const { _id: id, type, data, to, feeds } = fullDocument;
    const event: CommittedEvent = {
      id,
      type,
      data,
      to,
      feeds: feeds.map((target) => (typeof target === 'string' ? { feed: target, omit: [] } : target)),
      committedAt: wallTime.getTime(),
    };
    events.push(event);
    for (const { feed } of event.feeds) {
      const list = byFeed.get(feed);
      if (list) list.push(event);
      else byFeed.set(feed, [event]);
    }
    for (const listener of listeners) listener();
  });
  // It comes back by itself from a step-down; what it does not come back from makes the run void.
  stream.on('error', (error) => (failure = error));

  return {
    db,
    events,
    feed: (name) => byFeed.get(name) ?? [],
    get feedNames() {
      return [...byFeed.keys()];
    },
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async unnumbered(some) {
      const counted = await db
        .collection('feed_entries')
        .aggregate<{ _id: string; count: number }>([
          { $match: { eventId: { $in: some.map(({ id }) => id) } } },
          { $group: { _id: '$eventId', count: { $sum: 1 } } },
        ])
        .toArray();
      const entries = new Map(counted.map(({ _id, count }) => [_id, count]));
      return some.filter(({ id, feeds }) => (entries.get(id) ?? 0) < feeds.length).length;
    },
    unhandled: (some) => outbox.countDocuments({ _id: { $in: some.map(({ id }) => id) }, pending: true } as Document),
    async all(collection) {
      if (failure) throw new Error('The recorder lost its change stream', { cause: failure });
      return db.collection(collection).find({}).toArray();
    },
    async close() {
      await stream.close();
      await client.close();
    },
  };
}
