import { z } from 'zod';
import { amountSchema, currencySchema, idSchema, versionSchema } from '../common.js';
import { defineEvent, type Recipient } from '../event.js';
import { feeds } from '../feeds.js';
import { paymentRequestSchema, paymentRequestStatusSchema } from './requests.js';

/** `byAdmin`: an administrator gave money back, so the merchant's members are told. */
const toParties = z.strictObject({
  paymentRequestId: idSchema,
  userId: idSchema,
  merchantId: idSchema,
  byAdmin: z.literal(true).optional(),
});

export const paymentEvents = {
  'payment-request-updated': defineEvent({
    type: 'payment-request-updated',
    summary: 'A merchant asks a customer for a payment, or such a request moved on',
    data: z.strictObject({
      paymentRequestId: idSchema,
      userId: idSchema,
      vendorId: idSchema,
      amount: amountSchema,
      currency: currencySchema,
      status: paymentRequestStatusSchema,
      paymentRequest: paymentRequestSchema,
      version: versionSchema,
    }),
    to: toParties,
    feeds: (to) => [feeds.user(to.userId), feeds.merchant(to.merchantId), feeds.payment(to.paymentRequestId)],
    // The party that did not act; of what the clock did, both.
    notifies: (to, { status, paymentRequest: { capture } }, actor): readonly Recipient[] => {
      const user: Recipient = { user: to.userId };
      const members: Recipient = { members: to.merchantId };
      switch (status) {
        case 'requested':
        case 'cancelled':
          return [user];
        case 'declined':
          return [members];
        case 'approved':
          // Paid in the next moment, which says more.
          return capture === 'manual' ? [members] : [];
        case 'captured':
          // `payment-completed` or `payment-refunded`, emitted beside it, tells the user.
          return actor === null || to.byAdmin ? [members] : [];
        case 'expired':
          return [user, members];
      }
    },
  }),
};
