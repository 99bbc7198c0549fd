import type { BulkAction, Notification } from '@tidings/contracts';
import type { NotificationHandlers } from './content.js';

const bulkWords: Record<BulkAction, { title: string; verb: string; type: Notification['type'] }> = {
  activate: { title: 'Active again', verb: 'activated', type: 'success' },
  suspend: { title: 'Suspended', verb: 'suspended', type: 'warning' },
  delete: { title: 'Merchant removed', verb: 'removed', type: 'warning' },
  plan: { title: 'Plan changed', verb: 'changed the plan of', type: 'info' },
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
  'invitation-updated': ({ invitationId, merchantId, invitation }) => {
    const { merchantName, email, role, status } = invitation;
    const data = { invitationId, merchantId };
    if (status === 'pending')
      return { title: 'Invitation', message: `${merchantName} invites you as ${role}.`, type: 'info', category: 'merchant', data };
    return {
      title: `Invitation ${status}`,
      message: `${email} has ${status} the invitation to ${merchantName}.`,
      type: status === 'accepted' ? 'success' : 'info',
      category: 'merchant',
      data,
    };
  },
  'merchants-bulk-changed': ({ operationId, action, plan, count, names, reason }) => {
    const { title, verb, type } = bulkWords[action];
    const rest = count > names.length ? ` and ${count - names.length} more` : '';
    const to = plan === undefined ? '' : ` to ${plan}`;
    return {
      title,
      message: `An administrator ${verb} ${names.join(', ')}${rest}${to}.${reason === undefined ? '' : ` ${reason}`}`,
      type,
      category: 'merchant',
      data: { operationId, action, count },
    };
  },
} satisfies NotificationHandlers;
