import { z } from 'zod';
import { amountSchema, currencySchema, flagSchema, idSchema, listQuery, text, timeSchema, versionSchema } from '../common.js';

/** Percent of the principal over the whole duration, to two places (stored in basis points). */
export const roiSchema = z.number().min(0).max(1000).multipleOf(0.01);
/** Days of 24 hours. */
export const durationSchema = z.int().min(1).max(36_500);

/** What an administrator sets. Amounts are of one investment, `capacity` of all that are active together: minor units. */
export const planFields = {
  name: text(120),
  description: text(2_000).nullable(),
  roi: roiSchema,
  duration: durationSchema,
  minAmount: amountSchema,
  maxAmount: amountSchema.nullable(),
  currency: currencySchema,
  capacity: amountSchema.nullable(),
  /** Until then only administrators see it; null, or what is past: at once. */
  publishAt: timeSchema.nullable(),
};
const planFieldsSchema = z.strictObject(planFields);
export type PlanFields = z.output<typeof planFieldsSchema>;
export const planFieldNames = Object.keys(planFields) as (keyof typeof planFields)[];
const { name, description, roi, duration, minAmount, maxAmount, currency, capacity, publishAt } = planFields;

export const planBody = z.strictObject({
  name,
  description: description.optional(),
  roi,
  duration,
  minAmount,
  maxAmount: maxAmount.optional(),
  currency: currency.optional(),
  capacity: capacity.optional(),
  publishAt: publishAt.optional(),
});
export type PlanInput = z.output<typeof planBody>;

/** What is not sent stays as it is; null takes a limit or a text away. */
export const planChangeBody = planFieldsSchema.partial();
export type PlanChange = z.output<typeof planChangeBody>;

/** `merge`: of a stale edit, take over what does not overlap with what was changed since. */
export const planChangeQuery = z.strictObject({ merge: flagSchema.optional() });
export const restorePlanBody = z.strictObject({ version: versionSchema });

export const withdrawalModes = ['refuse', 'keep', 'refund', 'migrate'] as const;
/** What becomes of the active investments of a plan that is deleted; `to` is the plan that they follow from then on. */
export const deletePlanQuery = z
  .strictObject({ investments: z.enum(withdrawalModes).default('refuse'), to: idSchema.optional() })
  .refine(({ investments, to }) => (investments === 'migrate') === (to !== undefined), {
    path: ['to'],
    message: 'goes with investments=migrate, and only with it',
  });
export type PlanWithdrawal = z.output<typeof deletePlanQuery>;

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
  /** False while only administrators see it. */
  published: z.boolean(),
  version: versionSchema,
  createdAt: timeSchema,
  updatedAt: timeSchema,
});
export type Plan = z.output<typeof planSchema>;

/** `q`: how the name begins. `published`: of administrators; everybody else sees only what is. */
export const plansQuery = z.strictObject({
  ...listQuery,
  q: text(60)
    .regex(/^[\p{L}\p{M}\p{N} .,'’&/()+%_-]+$/u, 'must be of letters, digits and a few signs')
    .optional(),
  currency: currencySchema.optional(),
  published: flagSchema.optional(),
});
export type PlansQuery = z.output<typeof plansQuery>;

/** Field by field; values as `Plan` has them. */
export const fieldChangeSchema = z.strictObject({ field: z.string(), from: z.unknown(), to: z.unknown() });
export type FieldChange = z.output<typeof fieldChangeSchema>;

export const planActions = ['created', 'published', 'updated', 'restored', 'deleted'] as const;
/** One version of a plan: what was done, and what it became. */
export const planVersionSchema = z.strictObject({
  planId: idSchema,
  version: versionSchema,
  action: z.enum(planActions),
  at: timeSchema,
  /** For administrators; absent where the clock did it. */
  by: z.strictObject({ userId: idSchema, email: z.string() }).optional(),
  /** For administrators: the API key of a machine that did it, in the place of `by`. */
  keyId: idSchema.optional(),
  changes: z.array(fieldChangeSchema).max(50),
  /** The version that was restored. */
  restored: versionSchema.optional(),
  plan: planSchema,
});
export type PlanVersion = z.output<typeof planVersionSchema>;

export const planVersionsQuery = z.strictObject(listQuery);

export const followedPlanSchema = z.strictObject({ planId: idSchema, following: z.boolean() });
