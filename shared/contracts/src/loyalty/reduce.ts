import type { AnyEvent } from '../events.js';
import { newest, newestFirst, upsert } from '../reduce.js';
import type { Program, Reward } from './programs.js';
import type { Card, Enrollment, PointsEntry, Redemption } from './schemas.js';
import type { LoyaltyCustomer } from './views.js';

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
