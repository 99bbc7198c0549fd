import { z } from 'zod';
import { amountSchema, balanceSchema, currencySchema, idSchema, listQuery, timeSchema, versionSchema } from '../common.js';
import { durationSchema, roiSchema } from './schemas.js';

export const investmentStatusSchema = z.enum(['ACTIVE', 'MATURED', 'REFUNDED']);

/** Minor units of the plan's currency. A `currency` is only checked. */
export const investmentBody = z.strictObject({ amount: amountSchema, currency: currencySchema.optional() });
export type InvestmentInput = z.output<typeof investmentBody>;

export const investmentSchema = z.strictObject({
  id: idSchema,
  userId: idSchema,
  planId: idSchema,
  /** As the plan was called when the investment began to follow its terms. */
  planName: z.string(),
  amount: amountSchema,
  currency: currencySchema,
  roi: roiSchema,
  duration: durationSchema,
  /** What it brings beside the principal at its maturity: minor units, rounded down. */
  returns: balanceSchema,
  status: investmentStatusSchema,
  maturesAt: timeSchema,
  /** When it matured or was refunded. */
  endedAt: timeSchema.nullable(),
  version: versionSchema,
  createdAt: timeSchema,
  updatedAt: timeSchema,
});
export type Investment = z.output<typeof investmentSchema>;

export const investmentsQuery = z.strictObject({
  ...listQuery,
  planId: idSchema.optional(),
  status: investmentStatusSchema.optional(),
});
export const adminInvestmentsQuery = investmentsQuery.extend({ userId: idSchema.optional() });
export type InvestmentsQuery = z.output<typeof adminInvestmentsQuery>;
