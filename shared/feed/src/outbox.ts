import { eventCatalogue, type AuditOrigin, type EventInput, type EventTo, type EventType, type FeedTarget } from '@tidings/contracts';
import { createLines, inTransaction, newId, type ClientSession, type Jobs, type Mongo, type NewJob } from '@tidings/platform';
import { writeAudit, type AuditAction, type AuditChange, type NewAuditEntry } from './audit.js';
import { eventIdIn } from './causes.js';
import { collections, type Cause, type FeedGrant, type OutboxEvent } from './documents.js';

/** One transaction of the domain: documents change, events are emitted and jobs are added, all or nothing. */
export interface Tx {
  readonly session: ClientSession;
  /** Names the transaction: its events' ids begin with it, and what else wants to be found with them notes it. Another at each attempt. */
  readonly id: string;
  /** The same for everything in the transaction. */
  readonly now: Date;
  /** The user who causes it, null for the system. */
  readonly actor: string | null;
  /** What has been emitted so far, in order. */
  readonly events: readonly OutboxEvent[];
  /**
   * Adds an event of the catalogue and answers with its id. It is written when the transaction ends.
   * @param cause where it has another than its transaction
   * @throws ZodError when the payload is not what the catalogue declares: a fault of the domain, not of the client
   */
  emit<Type extends EventType>(type: Type, data: EventInput<Type>, to: EventTo<Type>, cause?: Cause): string;
  /** Declares who may follow the feed of a thing that is made in this transaction, once for ever; see `FeedGrant`. */
  grant(feed: string, containers: string[]): Promise<void>;
  /** Notes in the audit log what the actor does here: both are committed, or neither. */
  audit(action: AuditAction): Promise<void>;
  /**
   * Shows, with what was noted last, what it was done to before and after; nothing where nothing was noted, as of what members do with their own.
   * Secrets are masked, and what is long is cut. Call it where the change is made, whoever made it.
   */
  auditChange(change: AuditChange): void;
  /** A durable job; prompt after the commit. */
  job(job: NewJob): Promise<void>;
  /**
   * Takes turns with this process's other transactions that will write the same, until the commit: they would only conflict. Call it before
   * the first read, where one can; the work may run again from the start. Another process's may conflict still, so it guards nothing.
   */
  turn(keys: readonly string[]): void;
}

export interface Committed<T> {
  result: T;
  events: readonly OutboxEvent[];
}

/** The one way to write. */
export interface UnitOfWork {
  /**
   * Runs `work` in a transaction, again when it conflicts with another, so it must not touch anything but the database.
   * @param options `cause`: what made it happen, where that is not only somebody's wish; kept with the events for the timeline. `origin`: where the
   *   actor's request came from, kept with what is audited
   * @throws Problem `unavailable` when it conflicts for longer than 5 s, or waits for its turn for longer than 15 s
   */
  run<T>(options: { actor: string | null; cause?: Cause; origin?: AuditOrigin }, work: (tx: Tx) => Promise<T>): Promise<Committed<T>>;
}

/**
 * @param options `deadlineMs`: how long a transaction is tried again while it conflicts; 5 s unless given. `maxWaitMs`: how long it waits for
 *   its turn; 15 s unless given, some hundred orders of one item
 */
export function createUnitOfWork(options: {
  mongo: Mongo;
  jobs: Pick<Jobs, 'add' | 'nudge'>;
  deadlineMs?: number;
  maxWaitMs?: number;
}): UnitOfWork {
  const { mongo, jobs, deadlineMs = 5_000, maxWaitMs = 15_000 } = options;
  const turnsOf = createLines({ maxWaitMs });
  const outbox = mongo.db.collection<OutboxEvent>(collections.outbox);
  const grants = mongo.db.collection<FeedGrant>(collections.grants);
  return {
    async run({ actor, cause, origin }, work) {
      const turns = turnsOf();
      const { result, events, added } = await inTransaction(
        mongo,
        async (session) => {
          const events: OutboxEvent[] = [];
          const added: NewJob[] = [];
          const audited: NewAuditEntry[] = [];
          const begun = new Set<string>();
          const now = new Date();
          const id = newId();
          const result = await work({
            session,
            id,
            now,
            actor,
            events,
            emit(type, data, to, own = cause) {
              const event = compose(eventIdIn(id, events.length), type, data, to, { actor, at: now, ...(own ? { cause: own } : {}) });
              events.push(event);
              return event._id;
            },
            async grant(feed, containers) {
              await grants.insertOne({ _id: feed, containers }, { session });
              begun.add(feed);
            },
            async audit(action) {
              audited.push({ ...action, actor, at: now, ...(origin ? { from: origin } : {}) });
            },
            auditChange(change) {
              const last = audited.at(-1);
              if (last && last.before === undefined && last.after === undefined) Object.assign(last, change);
            },
            async job(job) {
              await jobs.add(session, job);
              added.push(job);
            },
            turn: (keys) => turns.want(keys),
          });
          // Last and at once: a callback that ran before this attempt has left nothing behind, and the order is the order of emission.
          markBeginnings(events, begun);
          await writeAudit(mongo, audited, session);
          if (events.length > 0) await outbox.insertMany(events, { session, ordered: true });
          return { result, events, added };
        },
        { deadlineMs },
      ).finally(() => turns.leave());
      await jobs.nudge(added);
      return { result, events };
    },
  };
}

function compose(
  _id: string,
  type: EventType,
  data: unknown,
  to: unknown,
  origin: Pick<OutboxEvent, 'actor' | 'at' | 'cause'>,
): OutboxEvent {
  const definition = eventCatalogue[type] as unknown as {
    data: { parse(input: unknown): Record<string, unknown> };
    to: { parse(input: unknown): Record<string, unknown> };
    feeds(to: unknown): readonly FeedTarget[];
    notifies?(to: unknown, data: unknown, actor: string | null): readonly unknown[];
  };
  const parsed = definition.data.parse(data);
  const address = definition.to.parse(to);
  const notifies = (definition.notifies?.(address, parsed, origin.actor).length ?? 0) > 0;
  return {
    _id,
    type,
    data: parsed,
    to: address,
    feeds: [...definition.feeds(address)],
    ...origin,
    ...(notifies ? { pending: true as const } : {}),
  };
}

/** The first event of each new feed says that it begins it: the relay need not look for what stood there before. */
function markBeginnings(events: readonly OutboxEvent[], begun: Set<string>): void {
  for (const event of events) {
    const begins = event.feeds.flatMap((target) => {
      const feed = typeof target === 'string' ? target : target.feed;
      return begun.delete(feed) ? [feed] : [];
    });
    if (begins.length > 0) event.begins = begins;
  }
}

/** Indexes of the event path. Each service calls it at start; creating an index that exists does nothing. */
export async function ensureFeedIndexes(mongo: Mongo): Promise<void> {
  const { db } = mongo;
  // A change stream and a transaction need the collection to exist.
  const existing = new Set((await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name));
  for (const name of Object.values(collections)) {
    if (!existing.has(name)) await db.createCollection(name).catch(ignoreExisting);
  }
  await db.collection(collections.outbox).createIndexes([
    // Read page by page in this order when the position or Redis is lost: an index of the time alone would sort all that is left for each page.
    { key: { at: 1, _id: 1 }, name: 'order' },
    { key: { at: 1, _id: 1 }, name: 'pending', partialFilterExpression: { pending: true } },
  ]);
  await db.collection(collections.entries).createIndexes([
    { key: { eventId: 1, '_id.feed': 1 }, name: 'event', unique: true },
    { key: { expiresAt: 1 }, name: 'expiry', expireAfterSeconds: 0 },
  ]);
  // Newest first, by each thing that one may ask for.
  await db
    .collection(collections.audit)
    .createIndexes([
      { key: { at: -1, _id: -1 }, name: 'time' },
      ...(['actor', 'action', 'target'] as const).map((field) => ({ key: { [field]: 1, at: -1, _id: -1 }, name: field })),
    ]);
  // With its number as `_id`, an entry has one place and a place one entry.
  await db.collection(collections.auditSeals).createIndexes([{ key: { entryId: 1 }, name: 'entry', unique: true }]);
  await db.collection(collections.heads).createIndexes([{ key: { updatedAt: 1 }, name: 'updatedAt' }]);
}

function ignoreExisting(error: unknown): void {
  if ((error as { codeName?: string }).codeName !== 'NamespaceExists') throw error;
}
