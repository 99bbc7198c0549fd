import { eventDefinition, isEventType, type Recipient } from '@tidings/contracts';
import { collections, createUnitOfWork, type OutboxEvent, type Tx } from '@tidings/feed';
import { gather, type Metrics, type Mongo } from '@tidings/platform';
import { createAudience } from './audience.js';
import type { Channel, Delivery } from './channels/channel.js';
import type { NotificationRegistry } from './notifications/registry.js';

/** The event itself cannot be handled by this version of the worker: trying again at once is of no use. */
export class UnfitEvent extends Error {
  constructor(event: Pick<OutboxEvent, '_id' | 'type'>, cause: unknown) {
    super(`${event.type} ${event._id}: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.name = 'UnfitEvent';
  }
}

/**
 * Writes the notifications of one event; does nothing for one that is handled already, is unknown, or is being handled elsewhere at the same time.
 * @throws UnfitEvent; Problem `unavailable` when another transaction holds the event; or an error of the database, after which it may be called again
 */
export type EventHandler = (eventId: string) => Promise<void>;

export interface EventHandlerOptions {
  mongo: Mongo;
  registry: NotificationRegistry;
  channels: readonly Channel[];
  metrics: Metrics;
  /** People per transaction. */
  batchSize?: number;
}

/** Whoever holds the event is either done in a moment, or killed: then MongoDB frees it after seconds, and others must not wait for that. */
const conflictMs = 100;
/** An event that tells more people than this is no company for others. */
const fewPeople = 20;

/**
 * Events that come while a transaction is under way share the next one, since what a notification costs is mostly the commit. One that tells
 * many people is handled alone; so is each of those whose company came to nothing: what is wrong with one of them fails alone.
 */
export function createEventHandler(options: EventHandlerOptions): EventHandler {
  const { mongo, registry, metrics, batchSize = 200 } = options;
  const outbox = mongo.db.collection<OutboxEvent>(collections.outbox);
  const audience = createAudience(mongo);
  const write = createWriter(options);
  const lag = metrics.histogram('notification_lag_seconds', 'From the emission of an event to its notifications');

  const deliveriesOf = (event: OutboxEvent, userIds: readonly string[]): Delivery[] => {
    try {
      return userIds.map((userId) => ({ event, userId, content: registry.content(event, userId) }));
    } catch (error) {
      throw new UnfitEvent(event, error);
    }
  };

  const recipientsOf = (event: OutboxEvent): readonly Recipient[] => {
    if (!isEventType(event.type)) throw new UnfitEvent(event, new Error('the catalogue of this version does not have it'));
    try {
      return eventDefinition(event.type).notifies?.(event.to, event.data, event.actor) ?? [];
    } catch (error) {
      throw new UnfitEvent(event, error);
    }
  };

  const usersOf = (event: OutboxEvent): AsyncGenerator<string> => audience.users(recipientsOf(event), event.at);

  const observe = (event: OutboxEvent): void => lag.observe(Math.max(0, Date.now() - event.at.getTime()) / 1_000);

  /** Null for one that has to be handled alone. */
  const few = async (event: OutboxEvent): Promise<Delivery[] | null> => {
    try {
      const userIds = new Set<string>();
      for await (const userId of usersOf(event)) {
        if (userIds.add(userId).size > Math.min(fewPeople, batchSize)) return null;
      }
      return deliveriesOf(event, [...userIds]);
    } catch {
      // Whatever it is, it comes again there, and is nobody else's.
      return null;
    }
  };

  /** Answers with the events that are still to be handled. */
  const handleTogether = async (eventIds: readonly string[]): Promise<ReadonlySet<string>> => {
    const events = await outbox.find({ _id: { $in: [...new Set(eventIds)] }, pending: true }).toArray();
    const found = await Promise.all(events.map(async (event) => ({ event, deliveries: await few(event) })));
    const alone = new Set(found.filter(({ deliveries }) => deliveries === null).map(({ event }) => event._id));
    const company = found.filter(({ event }) => !alone.has(event._id)).map(({ event }) => event);
    if (company.length === 0) return alone;
    try {
      const deliveries = found.flatMap(({ deliveries }) => deliveries ?? []);
      await write(company, deliveries, { isLast: true, isFirst: true });
      for (const event of company) observe(event);
      return alone;
    } catch {
      // Which of them is held, was handled meanwhile, has notifications of an earlier run, or cannot be told at all, is seen where each is alone.
      return new Set(events.map(({ _id }) => _id));
    }
  };

  const handleAlone = async (eventId: string): Promise<void> => {
    const event = await outbox.findOne({ _id: eventId, pending: true });
    if (!event) return;
    let batch = new Set<string>();
    for await (const userId of usersOf(event)) {
      // A full batch is written when somebody comes after it, so that the last one, with the mark, is never empty without need.
      if (batch.size === batchSize && !batch.has(userId)) {
        if (!(await write([event], deliveriesOf(event, [...batch]), { isLast: false, isFirst: false }))) return;
        batch = new Set();
      }
      batch.add(userId);
    }
    if (await write([event], deliveriesOf(event, [...batch]), { isLast: true, isFirst: false })) observe(event);
  };

  const together = gather(handleTogether);
  return async (eventId) => {
    if ((await together(eventId)).has(eventId)) await handleAlone(eventId);
  };
}

/** Some of a company of events were handled elsewhere since they were read. */
class HandledMeanwhile extends Error {
  override readonly name = 'HandledMeanwhile';
}

/** Of these events: whether all deliveries are written with these, and whether none were before. */
interface Part {
  isLast: boolean;
  isFirst: boolean;
}

/**
 * Writes deliveries in one transaction, and with the last of an event that it is handled. False when all were handled already.
 * @throws HandledMeanwhile when some were
 */
type Writer = (events: readonly OutboxEvent[], deliveries: readonly Delivery[], part: Part) => Promise<boolean>;

/**
 * The last transaction of an event takes `pending` from it, and whoever finds it gone writes nothing: two workers that handle one event
 * conflict on that document, and the one that loses looks again and sees it handled. Until then deterministic ids tell what is there.
 */
function createWriter({ mongo, channels, metrics }: EventHandlerOptions): Writer {
  const outbox = mongo.db.collection<OutboxEvent>(collections.outbox);
  const unitOfWork = createUnitOfWork({
    mongo,
    deadlineMs: conflictMs,
    jobs: {
      add: () => Promise.reject(new Error('Channels of this worker add no jobs')),
      nudge: () => Promise.resolve(),
    },
  });
  const written = metrics.counter('notifications_total', 'Notifications written', ['channel', 'category']);

  /** How many of them nobody has handled; from here on they are, where these are the last of their deliveries. */
  const claim = async ({ session }: Tx, events: readonly OutboxEvent[], isLast: boolean): Promise<number> => {
    const filter = { _id: { $in: events.map(({ _id }) => _id) }, pending: true as const };
    if (!isLast) return (await outbox.find(filter, { session, projection: { _id: 1 } }).toArray()).length;
    return (await outbox.updateMany(filter, { $unset: { pending: '' } }, { session })).modifiedCount;
  };

  return async (events, deliveries, { isLast, isFirst }) => {
    const { result } = await unitOfWork.run({ actor: null }, async (tx) => {
      const claimed = await claim(tx, events, isLast);
      if (claimed === 0) return null;
      if (claimed < events.length) throw new HandledMeanwhile();
      const results: { channel: string; done: readonly Delivery[] }[] = [];
      for (const channel of channels) results.push({ channel: channel.name, done: await channel.write(tx, deliveries, isFirst) });
      return results;
    });
    for (const { channel, done } of result ?? []) {
      for (const { content } of done) written.inc({ channel, category: content.category });
    }
    return result !== null;
  };
}
