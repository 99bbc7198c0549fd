import { z } from 'zod';
import { amountSchema, balanceSchema, currencySchema, idSchema, listQuery, timeSchema, versionSchema } from '../common.js';
import { topUpBody } from './schemas.js';

export const disputeStatuses = ['opened', 'won', 'lost'] as const;
export type DisputeStatus = (typeof disputeStatuses)[number];

/** The bank of a top-up's payer takes the money back, or has tried to. `id` is ours, `disputeId` the provider's. */
export const disputeSchema = z.strictObject({
  id: idSchema,
  status: z.enum(disputeStatuses),
  provider: topUpBody.shape.provider,
  disputeId: z.string().max(300),
  topUpId: idSchema,
  userId: idSchema,
  amount: amountSchema,
  /** What of the amount was set aside when it was opened; the balance did not cover the rest, which the user owes. */
  frozen: balanceSchema,
  currency: currencySchema,
  /** The bank's word for it. */
  reason: z.string().max(100).optional(),
  version: versionSchema,
  createdAt: timeSchema,
  closedAt: timeSchema.optional(),
});
export type Dispute = z.output<typeof disputeSchema>;

export const disputesQuery = z.strictObject({
  ...listQuery,
  status: z.enum(disputeStatuses).optional(),
  userId: idSchema.optional(),
  topUpId: idSchema.optional(),
});
export type DisputesQuery = z.output<typeof disputesQuery>;
