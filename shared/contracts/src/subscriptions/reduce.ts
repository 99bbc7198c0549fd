import type { AnyEvent } from '../events.js';
import { newest, newestFirst, upsert } from '../reduce.js';
import type { Invoice, Subscription } from './schemas.js';

/** What `GET /api/merchants/:id/subscription` then returns; null when the merchant is gone. Another merchant's changes nothing. */
export function reduceSubscription(state: Subscription | null, event: AnyEvent): Subscription | null {
  if (event.type !== 'subscription-updated' || (state && state.merchantId !== event.data.merchantId)) return state;
  return event.data.deleted ? null : newest(state, event.data.subscription);
}

/** What `GET /api/admin/subscriptions` then lists: what ends first comes first, and each change may move one. */
export function reduceSubscriptions(state: readonly Subscription[], event: AnyEvent): readonly Subscription[] {
  if (event.type !== 'subscription-updated') return state;
  if (event.data.deleted) return state.filter(({ merchantId }) => merchantId !== event.data.merchantId);
  const changed = upsert(state, event.data.subscription, endsFirst);
  return changed === state ? state : [...changed].sort(endsFirst);
}

/** What `GET /api/merchants/:id/invoices` then lists, newest first. */
export function reduceInvoices(state: readonly Invoice[], event: AnyEvent): readonly Invoice[] {
  return event.type === 'invoice-issued' ? upsert(state, event.data.invoice, newestFirst) : state;
}

function endsFirst(a: Subscription, b: Subscription): number {
  return Date.parse(a.endDate) - Date.parse(b.endDate) || (a.id < b.id ? -1 : 1);
}
