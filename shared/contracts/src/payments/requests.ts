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
import { orderRefundBody } from '../orders/schemas.js';
import { codeSchema } from './codes.js';

export const paymentRequestStatuses = ['requested', 'approved', 'captured', 'declined', 'cancelled', 'expired'] as const;
export const paymentRequestStatusSchema = z.enum(paymentRequestStatuses);
export type PaymentRequestStatus = z.output<typeof paymentRequestStatusSchema>;
/** A further step follows. */
export const openPaymentRequestStatuses: readonly PaymentRequestStatus[] = ['requested', 'approved'];
export const closedPaymentRequestStatuses: readonly PaymentRequestStatus[] = ['captured', 'declined', 'cancelled', 'expired'];

/** `automatic`: paid as soon as the customer has approved; `manual`: held then, until the merchant captures it or a part of it. */
export const captureModeSchema = z.enum(['automatic', 'manual']);

export const paymentRequestBody = z.strictObject({
  /** The customer's, as scanned; it serves once. */
  code: codeSchema,
  /** Minor units. */
  amount: amountSchema,
  /** Only checked against the merchant's (`currency-mismatch`). */
  currency: currencySchema.optional(),
  /** For the customer: what it is for. */
  note: text(200).optional(),
  capture: captureModeSchema.optional(),
});
export type PaymentRequestInput = z.output<typeof paymentRequestBody>;

export const paymentDecisionBody = z.strictObject({ decision: z.enum(['accept', 'decline']) });
export type PaymentDecision = z.output<typeof paymentDecisionBody>['decision'];

/** `amount`: minor units, all of it unless given; what is left goes back to the customer. The body may be left out. */
export const captureBody = z.strictObject({ amount: amountSchema.optional() }).default({});

/** Like an order's: a part of what was captured, or all of it. */
export const paymentRefundBody = orderRefundBody;
export type PaymentRefundInput = z.output<typeof paymentRefundBody>;

export const paymentRequestsQuery = z.strictObject({
  ...listQuery,
  open: flagSchema.optional(),
  /** Those of this merchant (for its members) in place of the own. */
  vendorId: idSchema.optional(),
});

export const paymentRequestSchema = z.strictObject({
  id: idSchema,
  userId: idSchema,
  customerName: z.string(),
  vendorId: idSchema,
  vendorName: z.string(),
  amount: amountSchema,
  currency: currencySchema,
  note: z.string().optional(),
  capture: captureModeSchema,
  status: paymentRequestStatusSchema,
  /** Minor units that were paid, once it is captured. */
  captured: amountSchema.optional(),
  /** What was given back of that so far, once there is something. */
  refunded: balanceSchema.optional(),
  /** Until when the customer may approve, and after that until when the merchant may capture. */
  expiresAt: timeSchema,
  version: versionSchema,
  createdAt: timeSchema,
  updatedAt: timeSchema,
});
export type PaymentRequest = z.output<typeof paymentRequestSchema>;
