import { ownFeeds, type Principal } from '@tidings/contracts';
import type { FeedLog, OutboxEvent } from '@tidings/feed';
import type { EventRef } from './idempotency.js';

const mostEvents = 20;
const epochKeptMs = 5_000;

/** `Tidings-Cursor`: from where to follow the feeds of what is about to be read. */
export function createCursorHeader(feedLog: FeedLog): (feeds: readonly string[]) => Promise<string> {
  let epoch: Promise<string> | undefined;
  let readAt = -Infinity;
  return async (feeds) => {
    const now = performance.now();
    if (!epoch || now - readAt > epochKeptMs) {
      readAt = now;
      epoch = feedLog.epoch();
      // A failure is reported to this request, and must not stay for the next.
      epoch.catch(() => (epoch = undefined));
    }
    const [name, heads] = await Promise.all([epoch, feedLog.heads(feeds)]);
    return `epoch=${name}; ${[...heads].map(([feed, seq]) => `${feed}=${seq}`).join(', ')}`;
  };
}

/** The events that the caller's own connection will show, each once, in the order of emission, at most 20. */
export function eventRefs(caller: Principal | null, events: readonly OutboxEvent[]): EventRef[] {
  // A key follows no feeds.
  if (!caller || caller.keyId !== undefined) return [];
  const own = new Set(ownFeeds(caller));
  const refs: EventRef[] = [];
  for (const event of events) {
    const feed = event.feeds.map((target) => (typeof target === 'string' ? target : target.feed)).find((name) => own.has(name));
    if (feed !== undefined) refs.push({ id: event._id, feed });
  }
  // The last ones: within a feed, whoever has seen them has seen those before.
  return refs.slice(-mostEvents);
}

export function eventsHeader(refs: readonly EventRef[]): string {
  return refs.map(({ id, feed }) => `${id}@${feed}`).join(', ');
}
