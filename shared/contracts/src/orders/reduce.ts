import type { AnyEvent } from '../events.js';
import { newestFirst, upsert } from '../reduce.js';
import type { Item, Order } from './schemas.js';

/** The orders after the event: what `GET /api/orders` then lists, newest first. */
export function reduceOrders(state: readonly Order[], event: AnyEvent): readonly Order[] {
  if (event.type !== 'new-order' && event.type !== 'order-status-changed' && event.type !== 'order-updated') return state;
  return upsert(state, event.data.order, newestFirst);
}

/** A merchant's menu as clients keep it: also what was taken off, so that a repeated older event cannot bring it back. */
export interface Menu {
  items: readonly Item[];
  removed: ReadonlySet<string>;
}

export const emptyMenu: Menu = { items: [], removed: new Set() };

/** The menu after the event: `items` is what `GET /api/merchants/:id/items` then lists, newest first. */
export function reduceMenu(state: Menu, event: AnyEvent): Menu {
  if (event.type !== 'item-updated') return state;
  const { item, deleted } = event.data;
  if (deleted) {
    return { items: state.items.filter(({ id }) => id !== item.id), removed: new Set([...state.removed, item.id]) };
  }
  if (state.removed.has(item.id)) return state;
  return { ...state, items: upsert(state.items, item, newestFirst) };
}
