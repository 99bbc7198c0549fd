import { z } from 'zod';
import { idSchema, text } from '../common.js';
import { defineEvent } from '../event.js';
import { feeds } from '../feeds.js';
import { orderMessageSchema, orderPartySchema, readMarkSchema } from './messages.js';

const toOrder = z.strictObject({ orderId: idSchema, userId: idSchema, merchantId: idSchema });
type ToOrder = z.output<typeof toOrder>;
const parties = (to: ToOrder): string[] => [feeds.user(to.userId), feeds.merchant(to.merchantId), feeds.order(to.orderId)];

export const orderMessageEvents = {
  'order-message': defineEvent({
    type: 'order-message',
    summary: 'Customer and merchant write to each other; `from` is the id of the writer',
    data: z.strictObject({ orderId: idSchema, messageId: idSchema, from: idSchema, text: text(4000), message: orderMessageSchema }),
    to: toOrder,
    feeds: parties,
    notifies: (to, data) => [data.from === to.userId ? { members: to.merchantId } : { user: to.userId }],
  }),
  'order-messages-read': defineEvent({
    type: 'order-messages-read',
    summary: 'One party has read all messages up to `upTo`; `by` says which',
    data: z.strictObject({ orderId: idSchema, by: orderPartySchema, userId: idSchema, upTo: idSchema, read: readMarkSchema }),
    to: toOrder,
    feeds: parties,
  }),
};
