import type { NotificationHandlers } from './content.js';
import { money, reasonWords } from './words.js';

interface About {
  transactionId: string;
  orderId?: string | undefined;
  topUpId?: string | undefined;
  paymentRequestId?: string | undefined;
}

/** The order stands apart, because apps link to it from every notification that has one. */
const about = ({ transactionId, orderId, topUpId, paymentRequestId }: About) => ({
  ...(orderId ? { orderId } : {}),
  data: { transactionId, ...(topUpId ? { topUpId } : {}), ...(paymentRequestId ? { paymentRequestId } : {}) },
});

export const walletNotifications = {
  'payment-completed': (data) => {
    const amount = money(data.amount, data.currency);
    const balance = `Your balance is ${money(data.newBalance, data.currency)}.`;
    const isSpent = data.orderId !== undefined || data.paymentRequestId !== undefined;
    return {
      title: isSpent ? 'Payment completed' : 'Money added',
      message: isSpent ? `You paid ${amount}. ${balance}` : `${amount} was added to your wallet. ${balance}`,
      type: 'success',
      category: 'payment',
      ...about(data),
    };
  },
  'payment-failed': (data) => ({
    title: 'Payment failed',
    message: `Your payment of ${money(data.amount, data.currency)} did not go through: ${reasonWords(data.reason)}.`,
    type: 'error',
    category: 'payment',
    ...about(data),
  }),
  'payment-refunded': (data) => ({
    title: 'Payment refunded',
    message: `${money(data.amount, data.currency)} was refunded: ${reasonWords(data.reason)}.`,
    type: 'info',
    category: 'payment',
    ...about(data),
  }),
  'payment-refund-failed': (data) => ({
    title: 'Refund failed',
    message: `The refund of ${money(data.amount, data.currency)} did not arrive: ${reasonWords(data.reason)}. The amount is in your wallet again.`,
    type: 'warning',
    category: 'payment',
    ...about(data),
  }),
  'merchant-debt-grew': ({ merchantId, amount, owed, currency, orderId, paymentRequestId }) => ({
    title: 'Refund not covered',
    message: `A refund was ${money(amount, currency)} more than the balance of the merchant. The next sales pay ${money(owed, currency)} first.`,
    type: 'warning',
    category: 'payment',
    ...(orderId ? { orderId } : {}),
    data: { merchantId, ...(paymentRequestId ? { paymentRequestId } : {}) },
  }),
  'payment-disputed': (data) => {
    const amount = money(data.amount, data.currency);
    const frozen = money(data.frozen, data.currency);
    const told = {
      opened: {
        title: 'Payment disputed',
        message: `A bank disputes your top-up of ${amount}. ${frozen} of your balance is set aside until it is decided.`,
        type: 'warning',
      },
      won: { title: 'Dispute closed', message: `The dispute of ${amount} was decided for you: ${frozen} is yours again.`, type: 'success' },
      lost: {
        title: 'Dispute lost',
        message: `The dispute of ${amount} was decided against the payment: the bank has it back.`,
        type: 'error',
      },
    } as const;
    return { ...told[data.status], category: 'payment', ...about(data) };
  },
} satisfies NotificationHandlers;
