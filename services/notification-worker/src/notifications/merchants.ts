import type { BulkAction, EventData, Notification } from '@tidings/contracts';
import type { NotificationHandlers } from './content.js';

const subscriptionWords: Record<EventData<'subscription-updated'>['status'], { says: string; type: Notification['type'] }> = {
  pending: { says: 'waits for its payment', type: 'info' },
  active: { says: 'is active', type: 'success' },
  expired: { says: 'has expired: open orders can be finished, new sales are paused', type: 'warning' },
  suspended: { says: 'is suspended: open orders can be finished, new sales are paused', type: 'error' },
  cancelled: { says: 'is cancelled', type: 'warning' },
};

const bulkWords: Record<BulkAction, { title: string; verb: string; type: Notification['type'] }> = {
  activate: { title: 'Active again', verb: 'activated', type: 'success' },
  suspend: { title: 'Suspended', verb: 'suspended', type: 'warning' },
  delete: { title: 'Merchant removed', verb: 'removed', type: 'warning' },
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
  'merchants-bulk-changed': ({ operationId, action, count, names, reason }) => {
    const { title, verb, type } = bulkWords[action];
    const rest = count > names.length ? ` and ${count - names.length} more` : '';
    return {
      title,
      message: `An administrator ${verb} ${names.join(', ')}${rest}.${reason === undefined ? '' : ` ${reason}`}`,
      type,
      category: 'merchant',
      data: { operationId, action, count },
    };
  },
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
