import type { AnyEvent } from '../events.js';
import type { OrderThread, ReadMark } from './messages.js';

export const emptyThread = (orderId: string): OrderThread => ({ orderId, items: [], read: { customer: null, vendor: null } });

/** The messages after the event: what `GET /api/orders/:id/messages` then answers, newest first. Numbers settle what comes twice or late. */
export function reduceThread(state: OrderThread, event: AnyEvent): OrderThread {
  if (event.type === 'order-message' && event.data.orderId === state.orderId) {
    const { message } = event.data;
    if (state.items.some(({ number }) => number === message.number)) return state;
    return { ...state, items: [...state.items, message].sort((a, b) => b.number - a.number) };
  }
  if (event.type === 'order-messages-read' && event.data.orderId === state.orderId) {
    const { by, read } = event.data;
    const mark = further(state.read[by], read);
    return mark === state.read[by] ? state : { ...state, read: { ...state.read, [by]: mark } };
  }
  return state;
}

/** The threads of all orders of a feed; the one that was begun last stands last. */
export function reduceThreads(state: readonly OrderThread[], event: AnyEvent): readonly OrderThread[] {
  if (event.type !== 'order-message' && event.type !== 'order-messages-read') return state;
  const { orderId } = event.data;
  const index = state.findIndex((thread) => thread.orderId === orderId);
  const known = state[index];
  if (known === undefined) return [...state, reduceThread(emptyThread(orderId), event)];
  const next = reduceThread(known, event);
  return next === known ? state : state.with(index, next);
}

const further = (known: ReadMark | null, next: ReadMark): ReadMark => (known && known.number >= next.number ? known : next);
