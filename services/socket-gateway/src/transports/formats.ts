import { feeds, type PlanMessage } from '@tidings/contracts';
import { payloadOf, type Entry } from '../entry.js';
import { entryFrame, messageFrame, sharedFrame, unnamedFrame } from './frames.js';
import type { Place } from './place.js';
import type { StreamFormat } from './sse.js';

/** Events by their names, for `addEventListener`: each `data` is what Socket.IO brings. */
export const namedEvents: StreamFormat = {
  transport: 'sse',
  entry(entry, place) {
    const id = place.text;
    return sharedFrame(entry, `named ${id}`, () => entryFrame(entry, id));
  },
  connected: (payload, place, retryMs) => messageFrame({ event: 'connected', data: payload, id: place.text, retryMs }),
  reset: (reset, place) => messageFrame({ event: 'feed-reset', data: reset, id: place.text }),
};

/** The same for `onmessage` alone: the name stands in `data`. What is in no feed has its name there, too. */
export const unnamedEvents: StreamFormat = {
  transport: 'sse',
  entry(entry, place) {
    const id = place.text;
    return sharedFrame(entry, `unnamed ${id}`, () => unnamedFrame(entry, id));
  },
  connected: (payload, place, retryMs) => messageFrame({ data: { type: 'connected', data: payload }, id: place.text, retryMs }),
  reset: (reset, place) => messageFrame({ data: { type: 'feed-reset', data: reset }, id: place.text }),
};

const planTypes: Readonly<Record<string, PlanMessage['type']>> = {
  'plan-created': 'CREATE',
  'plan-updated': 'UPDATE',
  'plan-deleted': 'DELETE',
};

/** Who follows `plans:admin` stands at other numbers than everybody: the name goes before them. */
export function planId(feed: string, place: Place): string | undefined {
  const id = place.text;
  return id === undefined || feed !== feeds.plansAdmin ? id : `${feed}@${id}`;
}

/** What existing apps read of plans: messages without names. @param plan the only one, where `feed` has others as well */
export function planMessages(feed: string, plan: string | undefined): StreamFormat {
  const about = plan === undefined ? {} : { planId: plan };
  return {
    transport: 'plans-sse',
    entry(entry, place) {
      const type = planTypes[entry.type];
      if (!type || (plan !== undefined && feed === feeds.plansAdmin && payloadOf(entry)['planId'] !== plan)) return undefined;
      const id = planId(feed, place);
      return sharedFrame(entry, `plan ${id}`, () => messageFrame({ data: planMessage(type, entry), id }));
    },
    connected: (_payload, place, retryMs) =>
      messageFrame({ data: { type: 'CONNECTED', ...about, timestamp: Date.now() }, id: planId(feed, place), retryMs }),
    // Those apps know no other word at which they fetch.
    reset: (_reset, place) =>
      messageFrame({ data: { type: 'UPDATE', planId: plan ?? '*', timestamp: Date.now() }, id: planId(feed, place) }),
  };
}

function planMessage(type: PlanMessage['type'], entry: Entry): unknown {
  const { planId: id, planData, timestamp, adminEmail } = payloadOf(entry);
  return { type, planId: id, planData, timestamp, adminEmail };
}
