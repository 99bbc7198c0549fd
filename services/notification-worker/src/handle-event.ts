import { eventDefinition, isEventType } from '@tidings/contracts';
import { collections, createUnitOfWork, type OutboxEvent } from '@tidings/feed';
import type { Metrics, Mongo } from '@tidings/platform';
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

export function createEventHandler({ mongo, registry, channels, metrics, batchSize = 200 }: EventHandlerOptions): EventHandler {
  const outbox = mongo.db.collection<OutboxEvent>(collections.outbox);
  const audience = createAudience(mongo);
  const unitOfWork = createUnitOfWork({
    mongo,
    deadlineMs: conflictMs,
    jobs: {
      add: () => Promise.reject(new Error('Channels of this worker add no jobs')),
      nudge: () => Promise.resolve(),
    },
  });
  const written = metrics.counter('notifications_total', 'Notifications written', ['channel', 'category']);
  const lag = metrics.histogram('notification_lag_seconds', 'From the emission of an event to its notifications');

  /**
   * One transaction. The last of an event takes `pending` from it, and whoever finds it gone writes nothing: two workers that handle one event
   * conflict on that document, and the one that loses looks again and sees it handled. Until then deterministic ids tell what is there.
   */
  const write = async (event: OutboxEvent, userIds: readonly string[], isLast: boolean): Promise<boolean> => {
    const deliveries = userIds.map((userId) => ({ userId, content: contentFor(event, userId) }));
    const { result } = await unitOfWork.run(
      { actor: null },
      async (tx): Promise<{ channel: string; done: readonly Delivery[] }[] | null> => {
        const pending = { _id: event._id, pending: true as const };
        const { session } = tx;
        const isOurs = isLast
          ? (await outbox.updateOne(pending, { $unset: { pending: '' } }, { session })).modifiedCount === 1
          : (await outbox.countDocuments(pending, { session })) === 1;
        if (!isOurs) return null;
        const results = [];
        for (const channel of channels) results.push({ channel: channel.name, done: await channel.write(tx, event, deliveries) });
        return results;
      },
    );
    for (const { channel, done } of result ?? []) {
      for (const { content } of done) written.inc({ channel, category: content.category });
    }
    return result !== null;
  };

  const contentFor = (event: OutboxEvent, userId: string) => {
    try {
      return registry.content(event, userId);
    } catch (error) {
      throw new UnfitEvent(event, error);
    }
  };

  return async (eventId) => {
    const event = await outbox.findOne({ _id: eventId, pending: true });
    if (!event) return;
    if (!isEventType(event.type)) throw new UnfitEvent(event, new Error('the catalogue of this version does not have it'));
    const recipients = eventDefinition(event.type).notifies?.(event.to, event.data, event.actor) ?? [];
    let batch = new Set<string>();
    for await (const userId of audience.users(recipients, event.at)) {
      // A full batch is written when somebody comes after it, so that the last one, with the mark, is never empty without need.
      if (batch.size === batchSize && !batch.has(userId)) {
        if (!(await write(event, [...batch], false))) return;
        batch = new Set();
      }
      batch.add(userId);
    }
    if (await write(event, [...batch], true)) lag.observe(Math.max(0, Date.now() - event.at.getTime()) / 1_000);
  };
}
