import type { Notification, OrderStatus } from '@tidings/contracts';
import type { NotificationHandlers } from './content.js';
import { excerpt, money, reasonWords } from './words.js';

interface StatusWords {
  title: string;
  says: string;
  type: Notification['type'];
}

const statusWords: Record<OrderStatus, StatusWords> = {
  placed: { title: 'Order placed', says: 'was placed', type: 'info' },
  preparing: { title: 'Order in preparation', says: 'is being prepared', type: 'info' },
  ready: { title: 'Order ready', says: 'is ready', type: 'success' },
  completed: { title: 'Order completed', says: 'is completed. Enjoy!', type: 'success' },
  cancelled: { title: 'Order cancelled', says: 'was cancelled', type: 'warning' },
  rejected: { title: 'Order rejected', says: 'was rejected by the vendor', type: 'error' },
  expired: { title: 'Order expired', says: 'has expired', type: 'warning' },
};

export const orderNotifications = {
  'new-order': (data) => {
    const others = data.items.length - 1;
    return {
      title: `New order #${data.order.pickupNumber}`,
      message: `${data.customerName} ordered ${data.item}${others > 0 ? ` and ${others} more` : ''} for ${money(data.price, data.currency)}.`,
      type: 'info',
      category: 'order',
      orderId: data.orderId,
      data: { vendorId: data.vendorId },
    };
  },
  'order-status-changed': (data) => {
    const { title, says, type } = statusWords[data.status];
    const soon = data.status === 'preparing' && data.estimatedTime !== null ? `, ready in about ${data.estimatedTime} min` : '';
    const why = data.order.reason ? `: ${reasonWords(data.order.reason)}` : '';
    return {
      title,
      message: `Your order #${data.order.pickupNumber} (${data.itemName}) ${says}${soon}${why}${says.endsWith('!') ? '' : '.'}`,
      type,
      category: 'order',
      orderId: data.orderId,
      data: { vendorId: data.vendorId, status: data.status },
    };
  },
  // Of refunds by administrators alone.
  'order-updated': ({ order, orderId, vendorId }) => ({
    title: 'Order refunded',
    message: `An administrator gave money of order #${order.pickupNumber} back to ${order.customerName}: ${money(order.refunded, order.currency)} of ${money(order.price, order.currency)} in all.`,
    type: 'warning',
    category: 'order',
    orderId,
    data: { vendorId, refunded: order.refunded },
  }),
  'order-ready': (data) => ({
    title: 'Ready for pick-up',
    message: data.message,
    type: 'success',
    category: 'order',
    orderId: data.orderId,
    data: { vendorId: data.vendorId },
  }),
  'order-message': (data) => ({
    title: 'New message about an order',
    message: excerpt(data.text),
    type: 'info',
    category: 'message',
    orderId: data.orderId,
    data: { messageId: data.messageId, from: data.from },
  }),
} satisfies NotificationHandlers;
