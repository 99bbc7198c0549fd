import { z } from 'zod';
import { balanceSchema, currencySchema, deltaSchema, idSchema, inOrder, listQuery, timeSchema, versionSchema } from '../common.js';
import { orderSchema } from '../orders/schemas.js';

const openStatusSchema = z.enum(['placed', 'preparing', 'ready']);
export type OpenOrderStatus = z.output<typeof openStatusSchema>;

export const queueQuery = z.strictObject({ ...listQuery, status: openStatusSchema.optional() });

/** `ageSeconds`: since it was placed, at `asOf`. */
export const queueEntrySchema = z.strictObject({ ...orderSchema.shape, ageSeconds: z.int().min(0) });
export type QueueEntry = z.output<typeof queueEntrySchema>;

export const queueSchema = z.strictObject({
  items: z.array(queueEntrySchema),
  nextCursor: z.string().nullable(),
  /** Of all open orders, whatever page and status were asked for. */
  counts: z.strictObject({ placed: z.int().min(0), preparing: z.int().min(0), ready: z.int().min(0) }),
  asOf: timeSchema,
});

/** Minor units: what has been earned and not paid out. What customers pay is in it within a second. */
export const merchantBalanceSchema = z.strictObject({
  merchantId: idSchema,
  balance: balanceSchema,
  currency: currencySchema,
  version: versionSchema,
});
export type MerchantBalance = z.output<typeof merchantBalanceSchema>;

/** The longest range of one answer, in days. */
export const longestSalesRange = 92;

/** Days of the merchant's time zone, both included; today unless given. */
export const salesQuery = inOrder(
  z.strictObject({
    from: z.iso.date().optional(),
    to: z.iso.date().optional(),
    by: z.enum(['day', 'item']).default('day'),
  }),
  ['from', 'to'],
);
export type SalesQuery = z.output<typeof salesQuery>;

/** Minor units, by the time of the payment and of the refund; `net` is `gross` less `refunds`, and below zero where more was given back. */
const sums = { gross: balanceSchema, refunds: balanceSchema, net: deltaSchema };
const sumsSchema = z.strictObject(sums);
const orderSums = { orders: z.int().min(0), ...sums };
export type SalesSums = z.output<typeof sumsSchema>;

export const salesDaySchema = z.strictObject({ date: z.iso.date(), ...orderSums });
export type SalesDay = z.output<typeof salesDaySchema>;

/** `quantity`: pieces of orders that stand; `cancelled`: of those that were cancelled or rejected. `name` as in the latest order. */
export const salesItemSchema = z.strictObject({
  itemId: idSchema,
  name: z.string(),
  quantity: z.int().min(0),
  cancelled: z.int().min(0),
  ...sums,
});
export type SalesItem = z.output<typeof salesItemSchema>;

export const salesSchema = z.strictObject({
  merchantId: idSchema,
  currency: currencySchema,
  timeZone: z.string(),
  from: z.iso.date(),
  to: z.iso.date(),
  total: z.strictObject(orderSums),
  /** By day: each day of the range. */
  days: z.array(salesDaySchema).optional(),
  /** By item: what brought most first, at most 1,000. */
  items: z.array(salesItemSchema).optional(),
  /** By item: what is in `total` and in none of the items, as payments without an order. */
  other: sumsSchema.optional(),
});
export type Sales = z.output<typeof salesSchema>;
