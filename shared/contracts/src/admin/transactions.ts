import { z } from 'zod';
import { currencySchema, idSchema, inOrder, listQuery, paymentMethodSchema, timeSchema } from '../common.js';
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
  paymentRequestId: idSchema.optional(),
  investmentId: idSchema.optional(),
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
export const adminTransactionsQuery = inOrder(z.strictObject({ ...listQuery, ...transactionFilter }), ['from', 'to'], ['min', 'max']);
export type AdminTransactionsQuery = z.output<typeof adminTransactionsQuery>;
export type TransactionFilter = Omit<AdminTransactionsQuery, 'limit' | 'cursor'>;
