import type { NotificationHandlers } from './content.js';
import { money, reasonWords } from './words.js';

export const payoutNotifications = {
  'payout-updated': ({ payoutId, merchantId, merchantName, payout }) => {
    const amount = money(payout.amount, payout.currency);
    const common = { category: 'payout', data: { payoutId, merchantId, status: payout.status } };
    if (payout.status === 'requested')
      return { title: 'Payout requested', message: `${merchantName} asks for a payout of ${amount}.`, type: 'info', ...common };
    if (payout.status === 'paid') {
      const reference = payout.reference ? ` Reference: ${payout.reference}.` : '';
      return { title: 'Payout made', message: `${amount} was paid out to ${merchantName}.${reference}`, type: 'success', ...common };
    }
    const reason = payout.reason ? `: ${reasonWords(payout.reason)}` : '';
    return {
      title: 'Payout declined',
      message: `The payout of ${amount} to ${merchantName} was declined${reason}. The amount is in the balance again.`,
      type: 'warning',
      ...common,
    };
  },
} satisfies NotificationHandlers;
