import type { AnyEvent } from '../events.js';
import { newestFirst, upsert } from '../reduce.js';
import type { Notice } from './notices.js';
import type { AdminTransaction, TransactionFilter } from './transactions.js';

/** Whether the list with this filter holds it: the same as the query of `GET /api/admin/transactions`. */
export function isTransactionShown(transaction: AdminTransaction, filter: TransactionFilter): boolean {
  const { from, to, min = 0, max = Infinity, ...equal } = filter;
  const at = Date.parse(transaction.createdAt);
  return (
    transaction.amount >= min &&
    transaction.amount <= max &&
    (from === undefined || at >= Date.parse(from)) &&
    (to === undefined || at < Date.parse(to)) &&
    Object.entries(equal).every(([field, value]) => value === undefined || transaction[field as keyof AdminTransaction] === value)
  );
}

/** The list, with this filter, after the event: what `GET /api/admin/transactions` then shows. A transfer never changes, so a known one is dropped. */
export function reduceAdminTransactions(
  state: readonly AdminTransaction[],
  event: AnyEvent,
  filter: TransactionFilter = {},
): readonly AdminTransaction[] {
  if (event.type !== 'transactions-recorded') return state;
  const known = new Set(state.map(({ id }) => id));
  const added = event.data.transactions.filter((transaction) => !known.has(transaction.id) && isTransactionShown(transaction, filter));
  return added.length === 0 ? state : [...state, ...added].sort(newestFirst);
}

/** The notices after the event, those that are over included: what is shown of them is `shownNotices`. */
export function reduceNotices(state: readonly Notice[], event: AnyEvent): readonly Notice[] {
  if (event.type !== 'announcement' && event.type !== 'system-event') return state;
  const { notice } = event.data;
  return notice ? upsert(state, notice, latestFirst) : state;
}

/** What `GET /api/announcements` lists at that time: current ones, and system events to come. */
export function shownNotices(state: readonly Notice[], at: Date): readonly Notice[] {
  return state.filter(
    ({ kind, status, endsAt }) =>
      (status === 'current' || (status === 'scheduled' && kind !== 'announcement')) &&
      (endsAt === null || Date.parse(endsAt) > at.getTime()),
  );
}

function latestFirst(a: Notice, b: Notice): number {
  return Date.parse(b.startsAt) - Date.parse(a.startsAt) || (a.id < b.id ? 1 : -1);
}
