import { Problem, type Principal, type Timeline, type TimelineStep } from '@tidings/contracts';
import { auditRead, eventsIn, transactionOf } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';
import { createTimelineSources, mostRows, type KnownEvent, type Step } from './timeline-sources.js';

export interface Timelines {
  /**
   * From what caused an event to whom it reached. The look is audited.
   * @throws Problem `not-found` for an event that never was, or of which nothing is kept
   */
  show(by: Principal, eventId: string): Promise<Timeline>;
}

/** An event that an event caused, and so on: more than this is a fault. */
const longestChain = 10;

/** Of steps in the same millisecond, causes first. */
const order: readonly TimelineStep['kind'][] = [
  'provider-event',
  'request',
  'job',
  'event',
  'transfer',
  'feed-entry',
  'notification',
  'delivery',
];

export function createTimelines(mongo: Mongo): Timelines {
  const sources = createTimelineSources(mongo);

  /** What the event came of, the last cause first. */
  const causesOf = async (event: KnownEvent): Promise<KnownEvent[]> => {
    const causes: KnownEvent[] = [];
    let { cause } = event;
    while (cause?.kind === 'event' && causes.length < longestChain) {
      const [before] = await sources.events(cause.id);
      if (!before) break;
      causes.push(before);
      ({ cause } = before);
    }
    return causes;
  };

  /** The other facts of its transaction. One that notifies of many events at once holds more than this story. */
  const familyOf = async (event: KnownEvent): Promise<KnownEvent[]> => {
    const all = await sources.events(eventsIn(transactionOf(event.id)));
    return all.filter(({ id, cause }) => id === event.id || (cause?.kind === event.cause?.kind && cause?.id === event.cause?.id));
  };

  return {
    async show(by, eventId) {
      const [event] = await sources.events(eventId);
      if (!event) throw new Problem('not-found', 'There is no such event, or nothing of it is kept');
      await auditRead(mongo, by, { action: 'event.timeline', target: `event:${eventId}` });
      const [causes, family] = await Promise.all([causesOf(event), familyOf(event)]);
      const root = causes.at(-1) ?? event;
      const ids = new Set(family.map(({ id }) => id));
      const [origin, transfers, notifications] = await Promise.all([
        root.cause ? sources.origin(root.cause, root.at) : [],
        sources.transfers([...new Set([event, ...causes].map(({ id }) => transactionOf(id)))]),
        sources.notifications(transactionOf(event.id)),
      ]);
      const told = notifications.filter((notification) => ids.has(notification.eventId));
      const telling = await sources.events({ $in: told.flatMap(({ toldBy }) => toldBy ?? []) });
      const events = [...causes, ...family, ...telling];
      const entries = events.flatMap((one) => one.entries);
      const deliveries = await sources.deliveries([...family, ...telling].flatMap((one) => one.entries));
      const steps: Step[] = [
        ...origin,
        ...transfers,
        ...events.map(({ id, type, at }): Step => ({ kind: 'event', id, type, at })),
        ...entries.map(({ _id, eventId: of, type, at }): Step => ({ kind: 'feed-entry', eventId: of, type, ..._id, at })),
        ...told.map((one): Step => ({
          kind: 'notification',
          id: one._id,
          eventId: one.eventId,
          userId: one.userId,
          title: one.title,
          channel: 'in-app',
          attempts: [{ at: one.createdAt.toISOString(), outcome: 'written' }],
          readAt: one.readAt?.toISOString() ?? null,
          at: one.createdAt,
        })),
        ...deliveries.slice(0, mostRows),
      ];
      const truncated = [entries, notifications, deliveries, transfers].some(({ length }) => length >= mostRows);
      return { eventId, type: event.type, steps: inTime(steps), truncated };
    },
  };
}

function inTime(steps: readonly Step[]): TimelineStep[] {
  const sorted = steps.toSorted((a, b) => a.at.getTime() - b.at.getTime() || order.indexOf(a.kind) - order.indexOf(b.kind));
  const start = sorted[0]?.at.getTime() ?? 0;
  return sorted.map((step, index): TimelineStep => {
    const at = step.at.getTime();
    const before = sorted[index - 1]?.at.getTime() ?? at;
    return { ...step, at: step.at.toISOString(), sincePreviousMs: at - before, sinceStartMs: at - start };
  });
}
