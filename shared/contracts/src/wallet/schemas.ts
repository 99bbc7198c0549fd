import { z } from 'zod';
import {
  amountSchema,
  balanceSchema,
  currencySchema,
  deltaSchema,
  idSchema,
  listQuery,
  paymentMethodSchema,
  timeSchema,
  versionSchema,
} from '../common.js';

/** Minor units. `held` is what payments that wait for approval have set aside; it is not part of `balance`. */
export const walletSchema = z.strictObject({
  userId: idSchema,
  balance: balanceSchema,
  held: balanceSchema,
  currency: currencySchema,
  version: versionSchema,
});
export type Wallet = z.output<typeof walletSchema>;

export const walletTransactionTypes = [
  'top-up',
  'payment',
  'refund',
  'hold',
  'release',
  'adjustment',
  'dispute',
  'debt',
  'payout',
  'investment',
  'maturity',
  'subscription',
] as const;

/** `amount` is signed minor units: what it did to the balance, which it left at `balanceAfter`. */
export const walletTransactionSchema = z.strictObject({
  id: idSchema,
  type: z.enum(walletTransactionTypes),
  amount: deltaSchema,
  currency: currencySchema,
  balanceAfter: balanceSchema,
  description: z.string(),
  orderId: idSchema.optional(),
  topUpId: idSchema.optional(),
  paymentRequestId: idSchema.optional(),
  investmentId: idSchema.optional(),
  paymentMethod: paymentMethodSchema,
  createdAt: timeSchema,
});
export type WalletTransaction = z.output<typeof walletTransactionSchema>;

export const walletQuery = z.strictObject({ currency: currencySchema.optional() });
export const walletTransactionsQuery = z.strictObject({
  ...listQuery,
  currency: currencySchema.optional(),
  type: z.enum(walletTransactionTypes).optional(),
});

export const topUpBody = z.strictObject({
  amount: amountSchema,
  currency: currencySchema.optional(),
  provider: z.enum(['stripe', 'razorpay', 'zeffy', 'sandbox']),
});
export type TopUpInput = z.output<typeof topUpBody>;

export const topUpSchema = z.strictObject({
  id: idSchema,
  status: z.enum(['pending', 'succeeded', 'failed']),
  amount: amountSchema,
  currency: currencySchema,
  provider: topUpBody.shape.provider,
  clientSecret: z.string().optional(),
  /** Where the customer pays; it names the top-up. */
  checkoutUrl: z.string().optional(),
  /** What Razorpay's checkout is opened with: its `order_id` and `key`. */
  razorpay: z.strictObject({ orderId: z.string(), keyId: z.string() }).optional(),
  createdAt: timeSchema,
});
export type TopUp = z.output<typeof topUpSchema>;

export const unmatchedStates = ['open', 'assigned'] as const;

/** A payment that came and named nobody, until an administrator says whose it is. `id` becomes the id of its top-up. */
export const unmatchedPaymentSchema = z.strictObject({
  id: idSchema,
  provider: topUpBody.shape.provider,
  /** The provider's own id of the payment. */
  paymentId: z.string(),
  amount: amountSchema,
  currency: currencySchema,
  email: z.string().optional(),
  reference: z.string().optional(),
  state: z.enum(unmatchedStates),
  userId: idSchema.optional(),
  topUpId: idSchema.optional(),
  receivedAt: timeSchema,
  assignedAt: timeSchema.optional(),
});
export type UnmatchedPayment = z.output<typeof unmatchedPaymentSchema>;

export const unmatchedPaymentsQuery = z.strictObject({ ...listQuery, state: z.enum(unmatchedStates).optional() });
export type UnmatchedPaymentsQuery = z.output<typeof unmatchedPaymentsQuery>;
export const assignPaymentBody = z.strictObject({ userId: idSchema });
