import type { TimelineStep } from '@tidings/contracts';
import {
  collections,
  deliveryNotesCollection,
  eventsIn,
  notificationCollections,
  type Cause,
  type DeliveryNote,
  type FeedEntry,
  type NotificationDocument,
  type OutboxEvent,
} from '@tidings/feed';
import type { JobDocument, Mongo } from '@tidings/platform';

type DistributiveOmit<Step, Keys extends PropertyKey> = Step extends unknown ? Omit<Step, Keys> : never;
/** A step before its place among the others is known. */
export type Step = DistributiveOmit<TimelineStep, 'at' | 'sincePreviousMs' | 'sinceStartMs'> & { at: Date };

/** One event as it lasts: in the outbox for some days, with each of its entries for as long as they are kept. */
export interface KnownEvent {
  id: string;
  type: string;
  at: Date;
  cause: Cause | undefined;
  entries: FeedEntry[];
}

/** Rows of one kind that one timeline shows at most. */
export const mostRows = 200;

/** Where the steps of a timeline are found. It reads what others write, and needs an index for each question. */
export function createTimelineSources({ db }: Pick<Mongo, 'db'>) {
  const outbox = db.collection<OutboxEvent>(collections.outbox);
  const entries = db.collection<FeedEntry>(collections.entries);
  const notes = db.collection<DeliveryNote>(deliveryNotesCollection);
  const notifications = db.collection<NotificationDocument>(notificationCollections.notifications);

  return {
    /** In the order of emission. */
    async events(ids: string | { $in: string[] } | ReturnType<typeof eventsIn>): Promise<KnownEvent[]> {
      const [placed, written] = await Promise.all([
        entries.find({ eventId: ids }).sort({ eventId: 1, '_id.feed': 1 }).limit(mostRows).toArray(),
        outbox.find({ _id: ids }).sort({ _id: 1 }).limit(mostRows).toArray(),
      ]);
      const known = new Map<string, KnownEvent>();
      for (const { _id, type, at, cause } of written) known.set(_id, { id: _id, type, at, cause, entries: [] });
      for (const entry of placed) {
        const { eventId, type, cause } = entry;
        const event = known.get(eventId) ?? { id: eventId, type, at: emittedAt(entry), cause, entries: [] };
        event.entries.push(entry);
        known.set(eventId, event);
      }
      return [...known.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
    },

    async origin(cause: Cause, at: Date): Promise<Step[]> {
      if (cause.kind === 'request') return [{ kind: 'request', id: cause.id, at }];
      if (cause.kind === 'job') {
        const job = await db.collection<JobDocument>('jobs').findOne({ _id: cause.id });
        return job ? [{ kind: 'job', id: job._id, type: job.kind, state: job.state, attempts: job.attempts, at: job.createdAt }] : [];
      }
      if (cause.kind !== 'webhook') return [];
      const delivery = await db
        .collection<{ _id: string; type: string; state: string; receivedAt: Date; processedAt?: Date }>('webhook_deliveries')
        .findOne({ _id: cause.id });
      if (!delivery) return [];
      const { _id: id, type, state, receivedAt, processedAt } = delivery;
      return [{ kind: 'provider-event', id, type, state, processedAt: processedAt?.toISOString() ?? null, at: receivedAt }];
    },

    async transfers(transactionIds: readonly string[]): Promise<Step[]> {
      const found = await db
        .collection<{ _id: string; type: string; currency: string; at: Date; tx?: string }>('transfers')
        .find({ tx: { $in: [...transactionIds] } })
        .limit(mostRows)
        .toArray();
      const postings = await db
        .collection<{ transferId: string; account: string; amount: number }>('postings')
        .find({ transferId: { $in: found.map(({ _id }) => _id) } })
        .toArray();
      return found.map(({ _id: id, type, currency, at }) => ({
        kind: 'transfer',
        id,
        type,
        currency,
        postings: postings.filter(({ transferId }) => transferId === id).map(({ account, amount }) => ({ account, amount })),
        at,
      }));
    },

    /** Of all events of the transaction: their ids begin with its id, and a notification's with its event's. */
    notifications: (transactionId: string) =>
      notifications
        .find({ _id: eventsIn(transactionId) })
        .sort({ _id: 1 })
        .limit(mostRows)
        .toArray(),

    /** To every connection that was sent one of these entries, as far as gateways have noted it. */
    async deliveries(sent: readonly FeedEntry[]): Promise<Step[]> {
      const feeds = new Map<string, FeedEntry[]>();
      for (const entry of sent) feeds.set(entry._id.feed, [...(feeds.get(entry._id.feed) ?? []), entry]);
      const steps = await Promise.all(
        [...feeds].map(async ([feed, ofFeed]) => {
          const first = Math.min(...ofFeed.map(({ _id }) => _id.seq));
          const found = await notes
            .find({ feed, to: { $gte: first } })
            .sort({ to: 1 })
            .limit(mostRows)
            .toArray();
          const devices = await deviceNames(found.map(({ sessionId }) => sessionId));
          return found.flatMap((note) =>
            ofFeed.filter(({ _id: { seq } }) => note.from < seq && seq <= note.to).map((entry) => deliveryOf(note, entry, devices)),
          );
        }),
      );
      return steps.flat();
    },
  };

  async function deviceNames(sessionIds: string[]): Promise<Map<string, Device>> {
    const found = await db
      .collection<Device>('sessions')
      .find({ _id: { $in: sessionIds } }, { projection: { deviceId: 1 } })
      .toArray();
    return new Map(found.map((session) => [session._id, session]));
  }
}

interface Device {
  _id: string;
  deviceId: string | null;
}

function deliveryOf(note: DeliveryNote, entry: FeedEntry, devices: ReadonlyMap<string, Device>): Step {
  const { seq } = entry._id;
  const mark = note.marks.find(({ to }) => to >= seq) ?? note;
  const { feed, userId, sessionId, connection, gateway, connectedAt, disconnectedAt } = note;
  const { deviceId = null } = devices.get(sessionId) ?? {};
  return {
    kind: 'delivery',
    eventId: entry.eventId,
    feed,
    seq,
    sentUpTo: mark.to,
    userId,
    sessionId,
    deviceId,
    connection,
    gateway,
    connectedAt: connectedAt.toISOString(),
    disconnectedAt: disconnectedAt?.toISOString() ?? null,
    at: mark.at,
  };
}

function emittedAt({ packet, at }: FeedEntry): Date {
  const [, { meta }] = JSON.parse(packet) as [string, { meta?: { at?: string } }];
  return meta?.at ? new Date(meta.at) : at;
}
