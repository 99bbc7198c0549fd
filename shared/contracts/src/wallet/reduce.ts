import type { AnyEvent } from '../events.js';
import { newest, newestFirst, upsert } from '../reduce.js';
import type { Dispute } from './disputes.js';
import type { Wallet, WalletTransaction } from './schemas.js';

/** The wallet after the event: what `GET /api/wallet` of its owner then returns. Another's or another currency's changes nothing. */
export function reduceWallet(state: Wallet | null, event: AnyEvent): Wallet | null {
  if (event.type !== 'balance-updated' || event.data.userId === undefined) return state;
  const { userId, newBalance: balance, held, currency, version } = event.data;
  if (state && (state.userId !== userId || state.currency !== currency)) return state;
  return newest(state, { userId, balance, held, currency, version });
}

/** What `GET /api/wallet/transactions` then lists. A transaction never changes, so a known id is dropped. */
export function reduceTransactions(state: readonly WalletTransaction[], event: AnyEvent): readonly WalletTransaction[] {
  const transaction = event.type === 'balance-updated' ? event.data.transaction : undefined;
  if (!transaction || state.some(({ id }) => id === transaction.id)) return state;
  return [transaction, ...state].sort(newestFirst);
}

/** The disputes after the event: what `GET /api/admin/disputes` then lists, newest first. */
export function reduceDisputes(state: readonly Dispute[], event: AnyEvent): readonly Dispute[] {
  return event.type === 'payment-disputed' ? upsert(state, event.data.dispute, newestFirst) : state;
}
