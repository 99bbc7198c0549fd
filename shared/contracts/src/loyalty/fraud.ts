import { z } from 'zod';
import { idSchema, listQuery, timeSchema } from '../common.js';

export const fraudKindSchema = z.enum(['scans-of-customer', 'scans-of-business', 'points-of-business']);

/** Something went past a limit, and was refused: one for each window of the limit. It never changes. */
export const fraudAlertSchema = z.strictObject({
  id: idSchema,
  kind: fraudKindSchema,
  businessId: idSchema,
  businessName: z.string(),
  /** Where one customer is concerned. */
  userId: idSchema.nullable(),
  limit: z.int().min(1),
  windowSeconds: z.int().min(1),
  at: timeSchema,
});
export type FraudAlert = z.output<typeof fraudAlertSchema>;

export const fraudAlertsQuery = z.strictObject({ ...listQuery, businessId: idSchema.optional(), kind: fraudKindSchema.optional() });
export type FraudAlertsQuery = z.output<typeof fraudAlertsQuery>;
