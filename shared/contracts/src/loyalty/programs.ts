import { z } from 'zod';
import { amountSchema, flagSchema, idSchema, listQuery, text, timeSchema, versionSchema } from '../common.js';
import { openIntervalSchema, weekdays } from '../merchants/selling.js';

/** Whole points. */
export const pointsSchema = z.int().min(1).max(1_000_000_000);

/**
 * What earns points. `visit`: each scan; `amount`: for each full `per` minor units of a scan's amount or of a paid order; `item`: each piece
 * of it in a paid order.
 */
export const earnRuleSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('visit'), points: pointsSchema }),
  z.strictObject({ kind: z.literal('amount'), points: pointsSchema, per: amountSchema }),
  z.strictObject({ kind: z.literal('item'), points: pointsSchema, itemId: idSchema }),
]);
export type EarnRule = z.output<typeof earnRuleSchema>;

/** Hours, by the merchant's clock, in which rules earn `percent` of their points, rounded down; where two overlap, the better one. */
export const bonusHoursSchema = z.strictObject({
  days: z.array(z.enum(weekdays)).min(1).max(7),
  hours: openIntervalSchema,
  percent: z.int().min(101).max(1_000),
});
export type BonusHours = z.output<typeof bonusHoursSchema>;

/** A level that a card has from so many points on; points that were spent or have expired count, reversed ones do not. */
export const tierSchema = z.strictObject({ name: text(40), threshold: z.int().min(0).max(1_000_000_000) });
export type Tier = z.output<typeof tierSchema>;

/** Points are void so many days after they were earned; the customer is told `warnDays` before. */
export const expirySchema = z
  .strictObject({ days: z.int().min(1).max(1_095), warnDays: z.int().min(0).max(90).default(14) })
  .refine(({ days, warnDays }) => warnDays < days, { path: ['warnDays'], message: 'must be less than days' });
export type Expiry = z.output<typeof expirySchema>;

/** Which changes by the business wait for the customer's word; `above`: only those of more points than that. */
export const approvalSchema = z.strictObject({
  mode: z.enum(['none', 'deductions', 'all']),
  above: z.int().min(0).max(1_000_000_000).default(0),
});
export type Approval = z.output<typeof approvalSchema>;

const unique = (values: readonly unknown[]): boolean => new Set(values).size === values.length;

const settings = {
  name: text(120),
  description: text(2_000).nullable(),
  /** `approval`: the other side decides about each enrollment; `automatic`: a scan or the customer's wish enrolls at once. */
  enrollment: z.enum(['approval', 'automatic']),
  rules: z.array(earnRuleSchema).max(50),
  bonus: z.array(bonusHoursSchema).max(20),
  /** What rules give one customer on one day of the merchant's calendar at most; null: no end. */
  capPerDay: pointsSchema.nullable(),
  tiers: z
    .array(tierSchema)
    .max(10)
    .refine(
      (tiers) => unique(tiers.map(({ threshold }) => threshold)) && unique(tiers.map(({ name }) => name)),
      'each name and threshold once',
    ),
  /** null: points stay. */
  expiry: expirySchema.nullable(),
  approval: approvalSchema,
  isActive: z.boolean(),
};

export const programBody = z.strictObject({
  ...settings,
  description: settings.description.default(null),
  enrollment: settings.enrollment.default('approval'),
  rules: settings.rules.default([]),
  bonus: settings.bonus.default([]),
  capPerDay: settings.capPerDay.default(null),
  tiers: settings.tiers.default([]),
  expiry: settings.expiry.default(null),
  approval: approvalSchema.default({ mode: 'none', above: 0 }),
  isActive: settings.isActive.default(true),
});
export type ProgramInput = z.output<typeof programBody>;

/** What is missing stays. New rules hold from then on; points that were given keep their end. */
export const programPatch = z
  .strictObject(settings)
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, 'nothing to change');
export type ProgramPatch = z.output<typeof programPatch>;

export const programSchema = z.strictObject({
  id: idSchema,
  businessId: idSchema,
  businessName: z.string(),
  ...settings,
  version: versionSchema,
  createdAt: timeSchema,
  updatedAt: timeSchema,
});
export type Program = z.output<typeof programSchema>;

export const programParams = z.strictObject({ id: idSchema, programId: idSchema });
export const programsQuery = z.strictObject({ ...listQuery, active: flagSchema.optional() });

/** What points buy. */
const reward = {
  name: text(120),
  description: text(2_000).nullable(),
  cost: pointsSchema,
  /** How many are left; null: nobody counts. */
  stock: z.int().min(0).max(1_000_000).nullable(),
  isActive: z.boolean(),
};

export const rewardBody = z.strictObject({
  ...reward,
  programId: idSchema,
  description: reward.description.default(null),
  stock: reward.stock.default(null),
  isActive: reward.isActive.default(true),
});
export type RewardInput = z.output<typeof rewardBody>;

export const rewardPatch = z
  .strictObject(reward)
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, 'nothing to change');
export type RewardPatch = z.output<typeof rewardPatch>;

export const rewardSchema = z.strictObject({
  id: idSchema,
  businessId: idSchema,
  programId: idSchema,
  ...reward,
  /** What comes back to the shelf may be more than one can type in. */
  stock: z.int().min(0).nullable(),
  version: versionSchema,
  createdAt: timeSchema,
  updatedAt: timeSchema,
});
export type Reward = z.output<typeof rewardSchema>;

export const rewardParams = z.strictObject({ id: idSchema, rewardId: idSchema });
export const rewardsQuery = z.strictObject({ ...listQuery, programId: idSchema.optional(), active: flagSchema.optional() });
