import { z } from 'zod';
import {
  amountSchema,
  balanceSchema,
  currencySchema,
  deltaSchema,
  idSchema,
  listQuery,
  paymentMethodSchema,
  text,
  timeSchema,
  versionSchema,
} from '../common.js';
import { topUpSchema } from '../wallet/schemas.js';

/** From the smallest to the largest: a change to a later one is an upgrade. */
export const subscriptionPlans = ['freeTrial', 'basic', 'premium', 'enterprise'] as const;
export type SubscriptionPlan = (typeof subscriptionPlans)[number];
export const subscriptionPlanSchema = z.enum(subscriptionPlans);
/** Those that one can pay for. */
const paidPlanSchema = subscriptionPlanSchema.exclude(['freeTrial']);
export type PaidPlan = z.output<typeof paidPlanSchema>;

/** Of a merchant's subscription to the platform. Expired and suspended: open orders are finished and refunded, nothing new is sold or scanned. */
export const subscriptionStatuses = ['pending', 'active', 'expired', 'suspended', 'cancelled'] as const;
export type SubscriptionStatus = (typeof subscriptionStatuses)[number];
export const subscriptionStatusSchema = z.enum(subscriptionStatuses);

/** What a plan allows in all; null: as many as one likes. */
export const planLimits = ['items', 'programs', 'staff'] as const;
export type PlanLimit = (typeof planLimits)[number];
const limitSchema = z.int().min(0).nullable();

/** What is offered: minor units for so many calendar months. */
export const offeredPlanSchema = z.strictObject({
  plan: subscriptionPlanSchema,
  price: balanceSchema,
  currency: currencySchema,
  months: z.int().min(1),
  limits: z.strictObject({ items: limitSchema, programs: limitSchema, staff: limitSchema }),
});
export type OfferedPlan = z.output<typeof offeredPlanSchema>;

export const subscriptionSchema = z.strictObject({
  id: idSchema,
  merchantId: idSchema,
  plan: subscriptionPlanSchema,
  status: subscriptionStatusSchema,
  /** Of the period that is paid for, or on trial. */
  startDate: timeSchema,
  endDate: timeSchema,
  /** Minor units: what a period of the plan cost when it began. */
  amount: balanceSchema,
  currency: currencySchema,
  /** Of the last payment; null before the first one. */
  paymentMethod: paymentMethodSchema.nullable(),
  transactionId: idSchema.nullable(),
  /** By administrators, for the merchant to read. */
  notes: z.string().nullable(),
  /** Whether the next period is paid from the wallet of the owner who said so. */
  autoRenew: z.boolean(),
  /** What it becomes when the period ends, where that is another plan. */
  nextPlan: subscriptionPlanSchema.nullable(),
  /** While a payment is due: when the last attempt is made. */
  graceEndsAt: timeSchema.nullable(),
  version: versionSchema,
  createdAt: timeSchema,
  updatedAt: timeSchema,
});
export type Subscription = z.output<typeof subscriptionSchema>;

/** How much of the plan is used; more than the limit after a change to a smaller plan. */
const usedSchema = z.strictObject({ limit: limitSchema, used: z.int().min(0) });
export const subscriptionUsageSchema = z.strictObject({
  plan: subscriptionPlanSchema,
  items: usedSchema,
  programs: usedSchema,
  staff: usedSchema,
});
export type SubscriptionUsage = z.output<typeof subscriptionUsageSchema>;

/** `wallet`: the caller's, at once. A provider: the answer holds a top-up; when it is paid, the subscription is renewed with it. */
export const renewalBody = z
  .strictObject({
    plan: paidPlanSchema.optional(),
    paymentMethod: paymentMethodSchema.default('wallet'),
    autoRenew: z.boolean().default(true),
  })
  .default({ paymentMethod: 'wallet', autoRenew: true });
export type RenewalInput = z.output<typeof renewalBody>;

export const renewalSchema = z.strictObject({ subscription: subscriptionSchema, topUp: topUpSchema.nullable() });
export const subscriptionPlanBody = z.strictObject({ plan: paidPlanSchema });

export const subscriptionUpdateBody = z
  .strictObject({
    plan: subscriptionPlanSchema.optional(),
    status: subscriptionStatusSchema.optional(),
    endDate: timeSchema.optional(),
    notes: text(1000).nullable().optional(),
  })
  .refine((body) => Object.values(body).some((value) => value !== undefined), 'must change something');
export type SubscriptionUpdate = z.output<typeof subscriptionUpdateBody>;

export const subscriptionsQuery = z.strictObject({
  ...listQuery,
  status: subscriptionStatusSchema.optional(),
  plan: subscriptionPlanSchema.optional(),
  /** Those whose period ends before this. */
  endsBefore: timeSchema.optional(),
});
export type SubscriptionsQuery = z.output<typeof subscriptionsQuery>;

/** Once issued it never changes. `total` is the sum of the lines; no tax is charged. */
export const invoiceSchema = z.strictObject({
  id: idSchema,
  /** Counts up within the year (UTC), without gaps. */
  number: z.string(),
  merchantId: idSchema,
  subscriptionId: idSchema,
  plan: subscriptionPlanSchema,
  lines: z.array(z.strictObject({ description: z.string(), amount: deltaSchema })).max(10),
  total: amountSchema,
  currency: currencySchema,
  from: timeSchema,
  to: timeSchema,
  paymentMethod: paymentMethodSchema,
  transactionId: idSchema,
  billedTo: z.strictObject({ name: z.string(), ownerName: z.string(), email: z.string(), address: z.string().optional() }),
  version: versionSchema,
  createdAt: timeSchema,
});
export type Invoice = z.output<typeof invoiceSchema>;
