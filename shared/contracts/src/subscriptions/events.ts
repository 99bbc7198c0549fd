import { z } from 'zod';
import { amountSchema, currencySchema, idSchema, paymentMethodSchema, timeSchema, versionSchema, wordSchema } from '../common.js';
import { defineEvent } from '../event.js';
import { feeds } from '../feeds.js';
import { invoiceSchema, subscriptionPlanSchema, subscriptionSchema, subscriptionStatusSchema } from './schemas.js';

const toMerchant = z.strictObject({ merchantId: idSchema });

export const subscriptionEvents = {
  'subscription-updated': defineEvent({
    type: 'subscription-updated',
    summary: "A merchant's subscription to the platform changed, or ends soon",
    data: z.strictObject({
      subscriptionId: idSchema,
      merchantId: idSchema,
      plan: subscriptionPlanSchema,
      status: subscriptionStatusSchema,
      startDate: timeSchema,
      endDate: timeSchema.nullable(),
      amount: amountSchema.or(z.literal(0)),
      currency: currencySchema,
      paymentMethod: paymentMethodSchema.nullable(),
      transactionId: idSchema.nullable(),
      notes: z.string().nullable(),
      reason: wordSchema,
      /** As GET returns it. */
      subscription: subscriptionSchema,
      /** Its merchant was: it is in no list any more. */
      deleted: z.literal(true).optional(),
      version: versionSchema,
    }),
    to: toMerchant,
    feeds: (to) => [feeds.merchant(to.merchantId), feeds.merchantsAdmin],
    // A bulk operation has a word of its own for everybody, once; a merchant that is deleted, too.
    notifies: (to, { reason, deleted }) => (deleted || reason === 'bulk' ? [] : [{ owners: to.merchantId }]),
  }),
  'invoice-issued': defineEvent({
    type: 'invoice-issued',
    summary: 'A payment for a subscription has its invoice',
    data: z.strictObject({ invoiceId: idSchema, merchantId: idSchema, number: z.string(), invoice: invoiceSchema, version: versionSchema }),
    to: toMerchant,
    feeds: (to) => [feeds.merchant(to.merchantId), feeds.merchantsAdmin],
  }),
};
