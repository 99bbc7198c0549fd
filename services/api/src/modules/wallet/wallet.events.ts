import type { Tx } from '@tidings/feed';
import type { BalanceChange } from './ledger.js';
import { presentTransaction, shownVersion } from './wallet.presenter.js';

/** Why a balance moved, as `balance-updated` says it. */
export type BalanceReason = 'top-up' | 'top-up-refund' | 'order' | 'order-refund' | 'sales';

/** Emits `balance-updated` to whoever owns the account; accounts of the system have nobody to tell. */
export function announceBalance(tx: Tx, { account, amount, oldBalance, newBalance, posting }: BalanceChange, reason: BalanceReason): void {
  const { kind, ownerId, held, currency } = account;
  const change = { newBalance, oldBalance, amount, held, currency, reason, version: shownVersion(account) };
  if (kind === 'user') {
    const transaction = posting ? { transaction: presentTransaction(posting) } : {};
    tx.emit('balance-updated', { userId: ownerId, ...change, ...transaction }, { userId: ownerId });
  }
  if (kind === 'merchant') tx.emit('balance-updated', { merchantId: ownerId, ...change }, { merchantId: ownerId });
}
