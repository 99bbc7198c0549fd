import { z } from 'zod';
import { amountSchema, balanceSchema, currencySchema, deltaSchema, idSchema, timeSchema, versionSchema } from '../common.js';

export const syncEntityTypeSchema = z.enum(['transactions', 'accounts', 'goals']);

const synced = { version: versionSchema, updatedAt: timeSchema, deletedAt: timeSchema.nullable() };

/** A user's own book-keeping, apart from the wallet. Money in minor units. */
export const financeTransactionSchema = z.strictObject({
  id: idSchema,
  accountId: idSchema,
  type: z.enum(['income', 'expense', 'transfer']),
  amount: amountSchema,
  currency: currencySchema,
  category: z.string(),
  description: z.string(),
  date: timeSchema,
  ...synced,
});

export const financeAccountSchema = z.strictObject({
  id: idSchema,
  name: z.string(),
  type: z.string(),
  balance: deltaSchema,
  currency: currencySchema,
  ...synced,
});

export const financeGoalSchema = z.strictObject({
  id: idSchema,
  name: z.string(),
  targetAmount: amountSchema,
  savedAmount: balanceSchema,
  currency: currencySchema,
  targetDate: timeSchema.nullable(),
  ...synced,
});
