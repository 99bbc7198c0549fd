import type { EventData, Notification } from '@tidings/contracts';
import type { NotificationHandlers } from './content.js';

type Updated = EventData<'subscription-updated'>;
type Words = Pick<Notification, 'title' | 'type'> & { says: string };

const closed = 'open orders can be finished, new sales are paused';
const ended: Record<Updated['status'], Words> = {
  pending: { title: 'Subscription', says: 'waits for its payment', type: 'info' },
  active: { title: 'Subscription', says: 'is active', type: 'success' },
  expired: { title: 'Subscription expired', says: `has expired: ${closed}`, type: 'warning' },
  suspended: { title: 'Subscription suspended', says: `is suspended: ${closed}`, type: 'error' },
  cancelled: { title: 'Subscription cancelled', says: 'is cancelled', type: 'warning' },
};

const dayOf = (time: string | null): string => (time ? ` on ${time.slice(0, 10)}` : '');

/** What the reason says more of than the status does. */
const ofReason: Readonly<Record<string, (data: Updated) => Words>> = {
  trial: (data) => ({ title: 'Trial', says: `has begun; it ends${dayOf(data.endDate)}`, type: 'info' }),
  renewed: (data) => ({ title: 'Subscription renewed', says: `is paid, and ends${dayOf(data.endDate)}`, type: 'success' }),
  'plan-scheduled': (data) => ({ title: 'Plan', says: `changes its plan${dayOf(data.endDate)}`, type: 'info' }),
  'payment-failed': () => ({
    title: 'Payment failed',
    says: 'could not be renewed: there is not enough in the wallet that pays it. It is tried again for some days',
    type: 'error',
  }),
};

function wordsFor(data: Updated): Words {
  const { reason, status, endDate } = data;
  if (reason.startsWith('reminder-')) {
    const days = reason.slice('reminder-'.length);
    const says = `ends in ${days === '1' ? 'a day' : `${days} days`}${dayOf(endDate)}`;
    return { title: 'Subscription', says, type: days === '7' ? 'info' : 'warning' };
  }
  // A period may have ended, or an administrator have stopped it: then the status says what matters.
  return (status === 'active' || status === 'pending' ? ofReason[reason]?.(data) : undefined) ?? ended[status];
}

export const subscriptionNotifications = {
  'subscription-updated': (data) => {
    const { title, says, type } = wordsFor(data);
    const until = says === 'is active' && data.endDate ? ` until ${data.endDate.slice(0, 10)}` : '';
    const untilEnd = data.status === 'cancelled' && data.endDate ? `; it goes on to ${data.endDate.slice(0, 10)}` : '';
    return {
      title,
      message: `Your ${data.plan} subscription ${says}${until}${untilEnd}.`,
      type,
      category: 'subscription',
      data: { merchantId: data.merchantId, subscriptionId: data.subscriptionId, status: data.status },
    };
  },
} satisfies NotificationHandlers;
