import { z } from 'zod';
import { balanceSchema, currencySchema, idSchema, timeSchema } from '../common.js';
import { defineEvent } from '../event.js';
import { feeds } from '../feeds.js';
import { sellingSchema } from '../merchants/selling.js';
import { orderMessageEvents } from './message-events.js';
import { estimatedTimeSchema, itemSchema, orderLineSchema, orderSchema, orderStatusSchema } from './schemas.js';

const toOrder = z.strictObject({ orderId: idSchema, userId: idSchema, merchantId: idSchema });
/** `byAdmin`: an administrator made the change, so the merchant's members are told. */
const toChangedOrder = toOrder.extend({ byAdmin: z.literal(true).optional() });
const toMenu = z.strictObject({ merchantId: idSchema });

export const orderEvents = {
  'new-order': defineEvent({
    type: 'new-order',
    summary: 'An order was placed and paid. `item` is the name of its first item and `price` the total',
    data: z.strictObject({
      orderId: idSchema,
      userId: idSchema,
      customerName: z.string(),
      item: z.string(),
      items: z.array(orderLineSchema),
      price: balanceSchema,
      currency: currencySchema,
      vendorId: idSchema,
      order: orderSchema,
    }),
    to: toOrder,
    feeds: (to) => [feeds.merchant(to.merchantId), feeds.user(to.userId), feeds.order(to.orderId), feeds.admin],
    notifies: (to) => [{ members: to.merchantId }],
  }),
  'order-status-changed': defineEvent({
    type: 'order-status-changed',
    summary: 'An order moved on. `itemName` is the name of its first item',
    data: z.strictObject({
      orderId: idSchema,
      status: orderStatusSchema,
      estimatedTime: estimatedTimeSchema.nullable(),
      itemName: z.string(),
      vendorId: idSchema,
      userId: idSchema,
      order: orderSchema,
    }),
    to: toOrder,
    feeds: (to) => [feeds.user(to.userId), feeds.merchant(to.merchantId), feeds.order(to.orderId), feeds.admin],
    // `order-ready`, emitted beside it, tells of that step.
    notifies: (to, data) => (data.status === 'ready' ? [] : [{ user: to.userId }]),
  }),
  'order-updated': defineEvent({
    type: 'order-updated',
    summary: 'Something else about an order changed than its status; `reason` says what',
    data: z.strictObject({
      orderId: idSchema,
      vendorId: idSchema,
      userId: idSchema,
      reason: z.enum(['refund']),
      order: orderSchema,
    }),
    to: toChangedOrder,
    feeds: (to) => [feeds.user(to.userId), feeds.merchant(to.merchantId), feeds.order(to.orderId), feeds.admin],
    // `payment-refunded`, emitted beside it, tells the user.
    notifies: (to) => (to.byAdmin ? [{ members: to.merchantId }] : []),
  }),
  'order-ready': defineEvent({
    type: 'order-ready',
    summary: 'An order can be picked up',
    data: z.strictObject({ orderId: idSchema, itemName: z.string(), vendorId: idSchema, message: z.string() }),
    to: toOrder,
    feeds: (to) => [feeds.user(to.userId), feeds.order(to.orderId)],
    notifies: (to) => [{ user: to.userId }],
  }),
  ...orderMessageEvents,
  'item-updated': defineEvent({
    type: 'item-updated',
    summary: 'An item was added, changed, or (`deleted`) taken off the menu',
    data: z.strictObject({ vendorId: idSchema, item: itemSchema, deleted: z.literal(true).optional() }),
    to: toMenu,
    feeds: (to) => [feeds.menu(to.merchantId)],
  }),
  'merchant-status': defineEvent({
    type: 'merchant-status',
    summary: 'A merchant opened, closed, paused, or changed its hours',
    data: z.strictObject({ vendorId: idSchema, open: z.boolean(), pausedUntil: timeSchema.nullable(), selling: sellingSchema }),
    to: toMenu,
    feeds: (to) => [feeds.menu(to.merchantId)],
  }),
};
