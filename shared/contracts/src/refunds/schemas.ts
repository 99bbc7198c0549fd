import { z } from 'zod';
import { amountSchema, currencySchema, idSchema, listQuery, paymentMethodSchema, text, timeSchema, versionSchema } from '../common.js';

/** Of a payment: a top-up goes back through its provider, an order or a payment request back to the customer's wallet. All that is left, unless `amount` says less. */
export const refundBody = z
  .strictObject({
    topUpId: idSchema.optional(),
    orderId: idSchema.optional(),
    paymentRequestId: idSchema.optional(),
    amount: amountSchema.optional(),
    reason: text(200),
  })
  .refine(
    ({ topUpId, orderId, paymentRequestId }) => [topUpId, orderId, paymentRequestId].filter((id) => id !== undefined).length === 1,
    'one of topUpId, orderId and paymentRequestId',
  );
export type RefundInput = z.output<typeof refundBody>;

export const refundStatuses = ['pending', 'succeeded', 'failed'] as const;
export type RefundStatus = (typeof refundStatuses)[number];

/** While it is pending, `amount` is set aside in the customer's wallet. `paymentMethod` is where the money goes. */
export const refundSchema = z.strictObject({
  id: idSchema,
  status: z.enum(refundStatuses),
  userId: idSchema,
  topUpId: idSchema.optional(),
  orderId: idSchema.optional(),
  paymentRequestId: idSchema.optional(),
  amount: amountSchema,
  currency: currencySchema,
  paymentMethod: paymentMethodSchema,
  /** For the customer. */
  reason: text(200),
  /** For administrators: why it failed. */
  failure: z.string().max(500).optional(),
  requestedBy: idSchema,
  version: versionSchema,
  createdAt: timeSchema,
});
export type Refund = z.output<typeof refundSchema>;

export const refundsQuery = z.strictObject({
  ...listQuery,
  status: z.enum(refundStatuses).optional(),
  userId: idSchema.optional(),
  topUpId: idSchema.optional(),
  orderId: idSchema.optional(),
  paymentRequestId: idSchema.optional(),
});
