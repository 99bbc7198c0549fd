import { z } from 'zod';
import { balanceSchema, idSchema, timeSchema, versionSchema } from '../common.js';

export const enrollmentStatusSchema = z.enum(['requested', 'approved', 'declined', 'withdrawn', 'blocked', 'expired']);
export const pointsStatusSchema = z.enum(['posted', 'pending', 'denied', 'reversed']);

/** A customer's card in one program. `balance` in points. */
export const cardSchema = z.strictObject({
  id: idSchema,
  userId: idSchema,
  businessId: idSchema,
  programId: idSchema,
  balance: balanceSchema,
  tier: z.string().nullable(),
  version: versionSchema,
  createdAt: timeSchema,
  updatedAt: timeSchema,
});
export type Card = z.output<typeof cardSchema>;
