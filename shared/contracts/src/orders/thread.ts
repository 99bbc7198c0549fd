import type { AnyEvent } from '../events.js';
import type { OrderMessage, ReadMark, ReadMarks } from './messages.js';

/** The messages of one order as clients keep them. */
export interface OrderThread {
  orderId: string;
  items: readonly OrderMessage[];
  read: ReadMarks;
}

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
    return { ...state, read: { ...state.read, [by]: further(state.read[by], read) } };
  }
  return state;
}

const further = (known: ReadMark | null, next: ReadMark): ReadMark => (known && known.number >= next.number ? known : next);
