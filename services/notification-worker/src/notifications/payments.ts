import type { Notification, PaymentRequestStatus } from '@tidings/contracts';
import type { NotificationHandlers } from './content.js';
import { money } from './words.js';

interface StatusWords {
  title: string;
  type: Notification['type'];
  /** What the customer reads, and what the members of the merchant do. */
  customer: (amount: string, vendor: string) => string;
  member: (amount: string, customer: string) => string;
}

const statusWords: Record<PaymentRequestStatus, StatusWords> = {
  requested: {
    title: 'Payment requested',
    type: 'warning',
    customer: (amount, vendor) => `${vendor} asks for ${amount}.`,
    member: (amount, customer) => `${customer} was asked for ${amount}.`,
  },
  approved: {
    title: 'Payment approved',
    type: 'success',
    customer: (amount, vendor) => `${amount} are set aside for ${vendor}.`,
    member: (amount, customer) => `${customer} approved ${amount}.`,
  },
  captured: {
    title: 'Payment received',
    type: 'success',
    customer: (amount, vendor) => `You paid ${amount} to ${vendor}.`,
    member: (amount, customer) => `${customer} paid ${amount}.`,
  },
  declined: {
    title: 'Payment declined',
    type: 'error',
    customer: (amount, vendor) => `You declined to pay ${amount} to ${vendor}.`,
    member: (amount, customer) => `${customer} declined to pay ${amount}.`,
  },
  cancelled: {
    title: 'Payment request taken back',
    type: 'info',
    customer: (amount, vendor) => `${vendor} no longer asks for ${amount}.`,
    member: (amount, customer) => `${customer} is no longer asked for ${amount}.`,
  },
  expired: {
    title: 'Payment request expired',
    type: 'warning',
    customer: (amount, vendor) => `The payment of ${amount} to ${vendor} did not come about in time.`,
    member: (amount, customer) => `The payment of ${amount} by ${customer} did not come about in time.`,
  },
};

export const paymentNotifications = {
  'payment-request-updated': ({ paymentRequest, paymentRequestId, userId, status, currency }, { recipient, to }) => {
    const { vendorName, customerName, captured, amount, vendorId, refunded = 0 } = paymentRequest;
    if (to.byAdmin) {
      return {
        title: 'Payment refunded',
        message: `An administrator gave money of a payment back to ${customerName}: ${money(refunded, currency)} of ${money(captured ?? amount, currency)} in all.`,
        type: 'warning',
        category: 'payment',
        data: { paymentRequestId, vendorId, refunded },
      };
    }
    const words = statusWords[status];
    const sum = money(captured ?? amount, currency);
    const isCustomer = recipient === userId;
    const note = status === 'requested' && paymentRequest.note ? ` ${paymentRequest.note}` : '';
    return {
      title: words.title,
      message: `${isCustomer ? words.customer(sum, vendorName) : words.member(sum, customerName)}${note}`,
      type: words.type,
      category: 'payment',
      data: { paymentRequestId, vendorId, status },
    };
  },
} satisfies NotificationHandlers;
