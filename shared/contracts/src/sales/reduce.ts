import type { AnyEvent } from '../events.js';
import { closedOrderStatuses, type Order } from '../orders/schemas.js';
import { newest, newestFirst, upsert } from '../reduce.js';
import type { MerchantBalance } from './schemas.js';

/** A kitchen's screen: also which orders have ended, so that a repeated older event cannot bring them back. */
export interface Queue {
  /** Oldest first. */
  orders: readonly Order[];
  ended: ReadonlySet<string>;
}

export const emptyQueue: Queue = { orders: [], ended: new Set() };

/** The open orders of a merchant after the event: `orders` is what `GET /api/merchants/:id/queue` then lists. */
export function reduceQueue(state: Queue, event: AnyEvent): Queue {
  if (event.type !== 'new-order' && event.type !== 'order-status-changed' && event.type !== 'order-updated') return state;
  const { order } = event.data;
  if (state.ended.has(order.id)) return state;
  if (closedOrderStatuses.includes(order.status)) {
    return { orders: state.orders.filter(({ id }) => id !== order.id), ended: new Set([...state.ended, order.id]) };
  }
  return { ...state, orders: upsert(state.orders, order, (a, b) => newestFirst(b, a)) };
}

/** What `GET /api/merchants/:id/balance` then returns. Other balances change nothing. */
export function reduceMerchantBalance(state: MerchantBalance | null, event: AnyEvent): MerchantBalance | null {
  if (event.type !== 'balance-updated' || event.data.merchantId === undefined) return state;
  const { merchantId, newBalance: balance, currency, version } = event.data;
  if (state && (state.merchantId !== merchantId || state.currency !== currency)) return state;
  return newest(state, { merchantId, balance, currency, version });
}
