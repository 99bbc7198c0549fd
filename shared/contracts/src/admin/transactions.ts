import { z } from 'zod';
import { currencySchema, idSchema, listQuery, paymentMethodSchema, timeSchema } from '../common.js';
import type { AnyEvent } from '../events.js';
import { newestFirst } from '../reduce.js';
import { walletTransactionTypes } from '../wallet/schemas.js';
import { periodQuery } from './schemas.js';

/** One transfer of the ledger: what moved, between whom. Minor units, never negative: `type` says which way. */
export const adminTransactionSchema = z.strictObject({
  /** The transfer's own name, as `order:42`. */
  id: z.string().min(1).max(300),
  type: z.enum(walletTransactionTypes),
  userId: idSchema.optional(),
  merchantId: idSchema.optional(),
  amount: z.int().min(1),
  currency: currencySchema,
  paymentMethod: paymentMethodSchema,
  description: z.string(),
  orderId: idSchema.optional(),
  topUpId: idSchema.optional(),
  createdAt: timeSchema,
});
export type AdminTransaction = z.output<typeof adminTransactionSchema>;

const minorUnits = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);

/** `min` and `max` are minor units and included. */
export const transactionFilter = {
  ...periodQuery,
  type: z.enum(walletTransactionTypes).optional(),
  userId: idSchema.optional(),
  merchantId: idSchema.optional(),
  paymentMethod: paymentMethodSchema.optional(),
  min: minorUnits.optional(),
  max: minorUnits.optional(),
};
export const adminTransactionsQuery = z.strictObject({ ...listQuery, ...transactionFilter });
export type AdminTransactionsQuery = z.output<typeof adminTransactionsQuery>;
export type TransactionFilter = Omit<AdminTransactionsQuery, 'limit' | 'cursor'>;

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
