import { z } from 'zod';
import { amountSchema, currencySchema, idSchema, timeSchema, versionSchema } from '../common.js';

/** Percent of the principal over the whole duration, to two places (stored in basis points). */
export const roiSchema = z.number().min(0).max(1000).multipleOf(0.01);
/** Days. */
export const durationSchema = z.int().min(1).max(36_500);
export const investmentStatusSchema = z.enum(['ACTIVE', 'MATURED', 'REFUNDED']);

export const planSchema = z.strictObject({
  id: idSchema,
  name: z.string(),
  description: z.string().optional(),
  roi: roiSchema,
  duration: durationSchema,
  minAmount: amountSchema,
  maxAmount: amountSchema.nullable(),
  currency: currencySchema,
  capacity: amountSchema.nullable(),
  publishAt: timeSchema.nullable(),
  version: versionSchema,
  createdAt: timeSchema,
  updatedAt: timeSchema,
});
export type Plan = z.output<typeof planSchema>;
