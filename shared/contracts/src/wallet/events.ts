import { z } from 'zod';
import {
  amountSchema,
  balanceSchema,
  currencySchema,
  deltaSchema,
  idSchema,
  paymentMethodSchema,
  versionSchema,
  wordSchema,
} from '../common.js';
import { defineEvent } from '../event.js';
import { feeds } from '../feeds.js';
import { disputeSchema, disputeStatuses } from './disputes.js';
import { walletTransactionSchema } from './schemas.js';

const toUser = z.strictObject({ userId: idSchema });
const toUserOrMerchant = z.union([toUser, z.strictObject({ merchantId: idSchema })]);

const failure = z.strictObject({
  userId: idSchema,
  amount: amountSchema,
  currency: currencySchema,
  paymentMethod: paymentMethodSchema,
  transactionId: idSchema,
  reason: z.string().max(500),
  orderId: idSchema.optional(),
  topUpId: idSchema.optional(),
  paymentRequestId: idSchema.optional(),
});

export const walletEvents = {
  'balance-updated': defineEvent({
    type: 'balance-updated',
    summary: 'A balance changed, by `amount` (signed), or was asked for (`reason: "refresh"`, `amount: 0`)',
    data: z
      .strictObject({
        userId: idSchema.optional(),
        merchantId: idSchema.optional(),
        newBalance: balanceSchema,
        oldBalance: balanceSchema,
        amount: deltaSchema,
        held: balanceSchema,
        currency: currencySchema,
        reason: wordSchema,
        version: versionSchema,
        /** What `GET /api/wallet/transactions` now begins with; a refresh and a merchant's roll-up have none. */
        transaction: walletTransactionSchema.optional(),
      })
      .refine((data) => (data.userId === undefined) !== (data.merchantId === undefined), 'either userId or merchantId'),
    to: toUserOrMerchant,
    feeds: (to) => ['userId' in to ? feeds.user(to.userId) : feeds.merchant(to.merchantId)],
  }),
  'payment-completed': defineEvent({
    type: 'payment-completed',
    summary: 'Money arrived in the wallet, or was paid from it',
    data: z.strictObject({
      userId: idSchema,
      amount: amountSchema,
      currency: currencySchema,
      newBalance: balanceSchema,
      paymentMethod: paymentMethodSchema,
      transactionId: idSchema,
      orderId: idSchema.optional(),
      topUpId: idSchema.optional(),
      paymentRequestId: idSchema.optional(),
    }),
    to: toUser,
    feeds: (to) => [feeds.user(to.userId), feeds.admin],
    notifies: (to) => [{ user: to.userId }],
  }),
  'payment-failed': defineEvent({
    type: 'payment-failed',
    summary: 'A payment did not come about',
    data: failure,
    to: toUser,
    feeds: (to) => [feeds.user(to.userId), feeds.admin],
    notifies: (to) => [{ user: to.userId }],
  }),
  'payment-refunded': defineEvent({
    type: 'payment-refunded',
    summary: 'A payment was given back',
    data: failure,
    to: toUser,
    feeds: (to) => [feeds.user(to.userId), feeds.admin],
    notifies: (to) => [{ user: to.userId }],
  }),
  'payment-refund-failed': defineEvent({
    type: 'payment-refund-failed',
    summary:
      'A top-up was not given back after all (its provider refused, or a bank sent the money back): the amount is in the wallet again',
    data: failure,
    to: toUser,
    feeds: (to) => [feeds.user(to.userId), feeds.admin],
    notifies: (to) => [{ user: to.userId }],
  }),
  'merchant-debt-grew': defineEvent({
    type: 'merchant-debt-grew',
    summary:
      "A refund that must not wait was paid for a merchant whose balance did not cover it: the merchant's next sales pay `owed` first",
    data: z.strictObject({
      merchantId: idSchema,
      /** What of the refund was not covered. */
      amount: amountSchema,
      /** In all, with this. */
      owed: amountSchema,
      currency: currencySchema,
      orderId: idSchema.optional(),
      paymentRequestId: idSchema.optional(),
    }),
    to: z.strictObject({ merchantId: idSchema }),
    feeds: (to) => [feeds.merchant(to.merchantId), feeds.admin],
    notifies: (to) => [{ owners: to.merchantId }, { role: 'admin' }],
  }),
  'payment-disputed': defineEvent({
    type: 'payment-disputed',
    summary: "The bank of a top-up's payer takes it back (`opened`, which freezes what is there of it), or has decided",
    data: z.strictObject({
      userId: idSchema,
      amount: amountSchema,
      /** What of the amount was set aside; the balance did not cover the rest. */
      frozen: balanceSchema,
      currency: currencySchema,
      paymentMethod: paymentMethodSchema,
      transactionId: idSchema,
      topUpId: idSchema,
      status: z.enum(disputeStatuses),
      reason: z.string().max(100).optional(),
      dispute: disputeSchema,
    }),
    to: toUser,
    feeds: (to) => [feeds.user(to.userId), feeds.admin],
    notifies: (to) => [{ user: to.userId }],
  }),
};
