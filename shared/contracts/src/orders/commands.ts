import { z } from 'zod';
import { defineCommand } from '../command.js';
import { balanceSchema, idempotencyKeySchema, idSchema, listOf } from '../common.js';
import { feedNameSchema } from '../connection.js';
import { orderMessageCommands } from './message-commands.js';
import { orderBody, orderLineInput, orderSchema, orderStatusBody } from './schemas.js';

const orderCreated = z
  .strictObject({
    orderId: idSchema.optional(),
    vendorId: idSchema.optional(),
    /** The id or the name of one item: older apps. */
    item: orderLineInput.shape.itemId.optional(),
    items: orderBody.shape.items.optional(),
    note: orderBody.shape.note,
    price: balanceSchema.optional(),
    idempotencyKey: idempotencyKeySchema.optional(),
  })
  .refine((order) => order.orderId !== undefined || order.vendorId !== undefined, {
    path: ['vendorId'],
    message: 'required without an orderId',
  })
  .refine((order) => order.orderId !== undefined || (order.item === undefined) !== (order.items === undefined), {
    path: ['items'],
    message: 'either items or item, without an orderId',
  });

export const orderCommands = {
  ...orderMessageCommands,
  'order-created': defineCommand({
    name: 'order-created',
    summary: 'Place an order; with an `orderId`, check that it exists (older apps)',
    payload: orderCreated,
    ack: orderSchema,
    forward: ({ orderId, vendorId, item, items, note, price }) =>
      orderId === undefined
        ? { method: 'POST', path: '/api/orders', body: { vendorId, items: items ?? [{ itemId: item, quantity: 1 }], note, price } }
        : { method: 'GET', path: `/api/orders/${orderId}` },
  }),
  'update-order-status': defineCommand({
    name: 'update-order-status',
    summary: 'Move an order on (members of the merchant)',
    payload: orderStatusBody.extend({ orderId: idSchema, idempotencyKey: idempotencyKeySchema.optional() }),
    ack: orderSchema,
    forward: ({ orderId, status, estimatedTime, reason }) => ({
      method: 'PATCH',
      path: `/api/orders/${orderId}/status`,
      body: { status, estimatedTime, reason },
    }),
  }),
  'track-my-orders': defineCommand({
    name: 'track-my-orders',
    summary: 'Follow all open orders of the user; the ack lists them, and how each is followed',
    payload: z.strictObject({}),
    ack: listOf(orderSchema).extend({
      feeds: z.array(z.strictObject({ feed: feedNameSchema, via: feedNameSchema.optional() })).optional(),
    }),
    forward: () => ({ method: 'GET', path: '/api/orders?open=true&limit=100' }),
  }),
};
