import { z } from 'zod';
import {
  amountSchema,
  balanceSchema,
  currencySchema,
  flagSchema,
  idSchema,
  listQuery,
  text,
  timeSchema,
  versionSchema,
} from '../common.js';

export const orderStatuses = ['placed', 'preparing', 'ready', 'completed', 'cancelled', 'rejected', 'expired'] as const;
export const orderStatusSchema = z.enum(orderStatuses);
export type OrderStatus = z.output<typeof orderStatusSchema>;
/** No further step follows. */
export const closedOrderStatuses: readonly OrderStatus[] = ['completed', 'cancelled', 'rejected', 'expired'];
export const openOrderStatuses: readonly OrderStatus[] = orderStatuses.filter((status) => !closedOrderStatuses.includes(status));

/** Whole minutes. */
export const estimatedTimeSchema = z.int().min(0).max(1440);
/** What the customer chose among an item's options, e.g. `{ name: 'Size', choice: 'Large' }`. */
export const chosenOptionSchema = z.strictObject({ name: text(60), choice: text(60) });

export const orderLineInput = z.strictObject({
  /** The item's id; older apps send its name, which is looked up at this merchant. */
  itemId: text(120),
  quantity: z.int().min(1).max(1000),
  options: z.array(chosenOptionSchema).max(20).optional(),
});

export const orderBody = z.strictObject({
  vendorId: idSchema,
  items: z.array(orderLineInput).min(1).max(50),
  note: text(500).optional(),
  /** The total that the customer saw, in minor units: only checked (`price-changed`). */
  price: balanceSchema.optional(),
});
export type OrderInput = z.output<typeof orderBody>;

export const orderStatusBody = z.strictObject({
  status: z.enum(['preparing', 'ready', 'completed', 'cancelled', 'rejected']),
  estimatedTime: estimatedTimeSchema.optional(),
  reason: text(200).optional(),
});
export type OrderStatusInput = z.output<typeof orderStatusBody>;

/** The body may be left out. */
export const cancelOrderBody = z.strictObject({ reason: text(200).optional() }).default({});

/** `amount` in minor units: at most what is left of the price. `reason` is for the customer. */
export const orderRefundBody = z.strictObject({ amount: amountSchema, reason: text(200) });
export type OrderRefundInput = z.output<typeof orderRefundBody>;

export const ordersQuery = z.strictObject({
  ...listQuery,
  /** Only those that are not finished. */
  open: flagSchema.optional(),
  status: orderStatusSchema.optional(),
  /** The orders of this merchant (for its members) in place of the own. */
  vendorId: idSchema.optional(),
});

/** `price` of a line is for one piece, options included. */
export const orderLineSchema = z.strictObject({
  itemId: idSchema,
  name: z.string(),
  quantity: z.int().min(1),
  price: balanceSchema,
  options: z.array(chosenOptionSchema).optional(),
});

export const orderSchema = z.strictObject({
  id: idSchema,
  userId: idSchema,
  customerName: z.string(),
  vendorId: idSchema,
  status: orderStatusSchema,
  items: z.array(orderLineSchema).min(1),
  /** The total, in minor units. */
  price: balanceSchema,
  /** What was given back of it so far, in minor units. */
  refunded: balanceSchema,
  currency: currencySchema,
  estimatedTime: estimatedTimeSchema.nullable(),
  /** Called out at the counter; counts up per merchant and day. */
  pickupNumber: z.int().min(1),
  note: z.string().optional(),
  /** When it expires if nobody picks it up; once it is ready, where the merchant has a rule for that. */
  claimBy: timeSchema.optional(),
  /** Why it was cancelled or rejected. */
  reason: z.string().optional(),
  version: versionSchema,
  createdAt: timeSchema,
  updatedAt: timeSchema,
});
export type Order = z.output<typeof orderSchema>;

const itemOptionSchema = z.strictObject({
  name: text(60),
  required: z.boolean().optional(),
  /** `price`: what the choice adds, in minor units. */
  choices: z
    .array(z.strictObject({ name: text(60), price: balanceSchema.optional() }))
    .min(1)
    .max(30),
});

const itemFields = {
  name: text(120),
  price: amountSchema,
  currency: currencySchema.optional(),
  stock: z.int().min(0).max(1_000_000).nullable().optional(),
  options: z.array(itemOptionSchema).max(20).optional(),
  note: text(500).optional(),
  available: z.boolean().optional(),
};

/** `stock`: null or absent where nobody counts. */
export const itemBody = z.strictObject(itemFields);
export type ItemInput = z.output<typeof itemBody>;
export const itemPatchBody = z
  .strictObject(itemFields)
  .partial()
  .refine((patch) => Object.keys(patch).length > 0, 'nothing to change');
export type ItemPatch = z.output<typeof itemPatchBody>;

export const itemSchema = z.strictObject({
  id: idSchema,
  vendorId: idSchema,
  name: z.string(),
  price: amountSchema,
  currency: currencySchema,
  stock: z.int().min(0).nullable(),
  options: z.array(itemOptionSchema),
  note: z.string().optional(),
  available: z.boolean(),
  version: versionSchema,
  createdAt: timeSchema,
  updatedAt: timeSchema,
});
export type Item = z.output<typeof itemSchema>;
