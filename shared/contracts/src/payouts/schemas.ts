import { z } from 'zod';
import { amountSchema, currencySchema, idSchema, listQuery, text, timeSchema, versionSchema } from '../common.js';

/** requested → paid or declined. The amount leaves the merchant's balance when it is requested, and comes back when it is declined. */
export const payoutStatusSchema = z.enum(['requested', 'paid', 'declined']);

export const payoutBody = z.strictObject({ amount: amountSchema, note: text(200).optional() });
export type PayoutInput = z.output<typeof payoutBody>;

export const payoutDecisionBody = z.strictObject({
  decision: z.enum(['accept', 'decline']),
  /** Of the bank transfer. */
  reference: text(120).optional(),
  /** Why it was declined; the owners read it. */
  reason: text(200).optional(),
});
export type PayoutDecision = z.output<typeof payoutDecisionBody>;

export const payoutSchema = z.strictObject({
  id: idSchema,
  merchantId: idSchema,
  amount: amountSchema,
  currency: currencySchema,
  status: payoutStatusSchema,
  requestedBy: idSchema,
  note: z.string().optional(),
  reference: z.string().optional(),
  reason: z.string().optional(),
  version: versionSchema,
  createdAt: timeSchema,
  updatedAt: timeSchema,
});
export type Payout = z.output<typeof payoutSchema>;

export const payoutsQuery = z.strictObject({ ...listQuery, status: payoutStatusSchema.optional() });
export const allPayoutsQuery = z.strictObject({ ...payoutsQuery.shape, merchantId: idSchema.optional() });
