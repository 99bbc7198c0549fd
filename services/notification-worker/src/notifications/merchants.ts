import type { EventData, Notification } from '@tidings/contracts';
import type { NotificationHandlers } from './content.js';

const subscriptionWords: Record<EventData<'subscription-updated'>['status'], { says: string; type: Notification['type'] }> = {
  pending: { says: 'waits for its payment', type: 'info' },
  active: { says: 'is active', type: 'success' },
  expired: { says: 'has expired: open orders can be finished, new sales are paused', type: 'warning' },
  suspended: { says: 'is suspended: open orders can be finished, new sales are paused', type: 'error' },
  cancelled: { says: 'is cancelled', type: 'warning' },
};

export const merchantNotifications = {
  'merchant-created': ({ merchantId, merchant }) => ({
    title: 'Merchant added',
    message: `${merchant.name} was set up. You can add items and take orders now.`,
    type: 'success',
    category: 'merchant',
    data: { merchantId },
  }),
  'merchant-updated': ({ merchantId, merchant }) => ({
    title: 'Merchant changed',
    message: `An administrator changed the details of ${merchant.name}.`,
    type: 'info',
    category: 'merchant',
    data: { merchantId },
  }),
  'merchant-deleted': ({ merchantId, merchant }) => ({
    title: 'Merchant removed',
    message: `An administrator removed ${merchant.name}.`,
    type: 'warning',
    category: 'merchant',
    data: { merchantId },
  }),
  'subscription-updated': (data) => {
    const { says, type } = subscriptionWords[data.status];
    const until = data.status === 'active' && data.endDate ? ` until ${data.endDate.slice(0, 10)}` : '';
    return {
      title: 'Subscription',
      message: `Your ${data.plan} subscription ${says}${until}.`,
      type,
      category: 'subscription',
      data: { merchantId: data.merchantId, subscriptionId: data.subscriptionId, status: data.status },
    };
  },
} satisfies NotificationHandlers;
