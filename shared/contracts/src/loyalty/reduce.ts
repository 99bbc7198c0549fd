import type { AnyEvent } from '../events.js';
import { newest, newestFirst, upsert } from '../reduce.js';
import type { Program, Reward } from './programs.js';
import type { Card, Enrollment, PointsEntry, Redemption } from './schemas.js';
import type { FraudAlert, FraudAlertsQuery } from './fraud.js';
import type { LoyaltyCustomer, Scan } from './views.js';

/** What `GET /api/cards` then lists: every card of the user, newest first. */
export function reduceCards(state: readonly Card[], event: AnyEvent): readonly Card[] {
  return event.type === 'card-updated' ? upsert(state, event.data.card, newestFirst) : state;
}

export function reduceEnrollments(state: readonly Enrollment[], event: AnyEvent): readonly Enrollment[] {
  if (event.type !== 'enrollment-requested' && event.type !== 'enrollment-updated') return state;
  return upsert(state, event.data.enrollment, newestFirst);
}

/** What `GET /api/points` then lists. */
export function reducePoints(state: readonly PointsEntry[], event: AnyEvent): readonly PointsEntry[] {
  return event.type === 'points-updated' ? upsert(state, event.data.points, newestFirst) : state;
}

export function reduceRedemptions(state: readonly Redemption[], event: AnyEvent): readonly Redemption[] {
  return event.type === 'redemption-updated' ? upsert(state, event.data.redemption, newestFirst) : state;
}

export function reducePrograms(state: readonly Program[], event: AnyEvent): readonly Program[] {
  return event.type === 'program-updated' ? upsert(state, event.data.program, newestFirst) : state;
}

export function reduceRewards(state: readonly Reward[], event: AnyEvent): readonly Reward[] {
  return event.type === 'reward-updated' ? upsert(state, event.data.reward, newestFirst) : state;
}

/** Every line that the business was told of, by user; those who have left stay known, so that a repeated older event cannot bring them back. */
export type CustomerBook = ReadonlyMap<string, LoyaltyCustomer>;

export function reduceCustomerBook(state: CustomerBook, event: AnyEvent): CustomerBook {
  if (event.type !== 'loyalty-customer-updated') return state;
  const { customer } = event.data;
  const known = state.get(customer.userId);
  return newest(known, customer) === known ? state : new Map([...state, [customer.userId, customer]]);
}

/** What `GET /api/merchants/:id/customers` then lists: who is enrolled, the newest first. */
export function listedCustomers(book: CustomerBook): LoyaltyCustomer[] {
  const listed = [...book.values()].filter(({ status }) => status === 'active');
  return listed.toSorted((a, b) => newestFirst({ id: a.userId, createdAt: a.enrolledAt }, { id: b.userId, createdAt: b.enrolledAt }));
}

/** What happened once and never changes: the list with it, or the same one when it knew it. */
function noted<T extends { id: string; at: string }>(list: readonly T[], one: T): readonly T[] {
  if (list.some(({ id }) => id === one.id)) return list;
  return [...list, one].sort((a, b) => newestFirst({ id: a.id, createdAt: a.at }, { id: b.id, createdAt: b.at }));
}

/** What `GET /api/merchants/:id/scans` then lists; with `userId` of one customer. The customer's own feed has nothing for it. */
export function reduceScans(state: readonly Scan[], event: AnyEvent, { userId }: { userId?: string } = {}): readonly Scan[] {
  if (event.type !== 'qr-scanned' || !event.data.scan || (userId ?? event.data.userId) !== event.data.userId) return state;
  return noted(state, event.data.scan);
}

/** What `GET /api/admin/fraud-alerts` then lists with this filter. */
export function reduceFraudAlerts(
  state: readonly FraudAlert[],
  event: AnyEvent,
  { businessId, kind }: Pick<FraudAlertsQuery, 'businessId' | 'kind'> = {},
): readonly FraudAlert[] {
  if (event.type !== 'fraud-alert') return state;
  const { alert } = event.data;
  return (businessId ?? alert.businessId) === alert.businessId && (kind ?? alert.kind) === alert.kind ? noted(state, alert) : state;
}
