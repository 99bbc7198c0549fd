import type { Tx } from '@tidings/feed';
import type { BalanceChange } from './ledger.js';

/** Why a balance moved, as `balance-updated` says it. */
export type BalanceReason = 'top-up' | 'top-up-refund' | 'order' | 'order-refund' | 'sales';

/** Emits `balance-updated` to whoever owns the account; accounts of the system have nobody to tell. */
export function announceBalance(tx: Tx, { account, amount, oldBalance, newBalance }: BalanceChange, reason: BalanceReason): void {
  const { ownerId, currency, version } = account;
  const change = { newBalance, oldBalance, amount, currency, reason, version };
  if (account.kind === 'user') tx.emit('balance-updated', { userId: ownerId, ...change }, { userId: ownerId });
  if (account.kind === 'merchant') tx.emit('balance-updated', { merchantId: ownerId, ...change }, { merchantId: ownerId });
}
