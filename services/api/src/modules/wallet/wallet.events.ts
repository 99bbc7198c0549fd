import type { Tx } from '@tidings/feed';
import { subjectOf, type Charge } from './charge.js';
import type { BalanceChange } from './ledger.js';
import { presentTransaction, shownVersion } from './wallet.presenter.js';

/** Why a balance moved, as `balance-updated` says it. */
export type BalanceReason =
  | 'top-up'
  | 'top-up-refund'
  | 'top-up-refund-failed'
  | 'order'
  | 'order-refund'
  | 'payment-request'
  | 'payment-request-refund'
  | 'sales'
  | 'hold'
  | 'release'
  | 'adjustment'
  | 'dispute'
  | 'debt'
  | 'investment'
  | 'maturity'
  | 'investment-refund'
  | 'payout'
  | 'subscription';

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

/** Emits `payment-completed` for a payment from the wallet, and `balance-updated` to everyone whose balance it moved. */
export function announcePayment(tx: Tx, charge: Charge, changes: readonly BalanceChange[]): void {
  const { userId, amount, currency } = charge;
  const own = changes.find(({ account }) => account.kind === 'user' && account.ownerId === userId);
  if (own?.posting) {
    const { newBalance, posting } = own;
    const payment = { userId, amount, currency, newBalance, paymentMethod: 'wallet' as const, transactionId: posting._id };
    tx.emit('payment-completed', { ...payment, ...subjectOf(charge) }, { userId });
  }
  for (const change of changes) announceBalance(tx, change, 'orderId' in charge ? 'order' : 'payment-request');
}
