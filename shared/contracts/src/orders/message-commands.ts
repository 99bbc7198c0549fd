import { z } from 'zod';
import { defineCommand } from '../command.js';
import { idempotencyKeySchema, idSchema } from '../common.js';
import { messageBody, orderMessageSchema } from './messages.js';

const place = { orderId: idSchema.optional(), conversationId: idSchema.optional() };
const oneOf = ({ orderId, conversationId }: { orderId?: string | undefined; conversationId?: string | undefined }): boolean =>
  (orderId === undefined) !== (conversationId === undefined);
const either = { path: ['orderId'], message: 'either orderId or conversationId' };

export const orderMessageCommands = {
  'send-message': defineCommand({
    name: 'send-message',
    summary: 'Write to the other party of an order or of a conversation',
    payload: messageBody.extend({ ...place, idempotencyKey: idempotencyKeySchema.optional() }).refine(oneOf, either),
    ack: orderMessageSchema,
    forward: ({ orderId, conversationId, text }) => ({
      method: 'POST',
      path: orderId === undefined ? `/api/conversations/${conversationId ?? ''}/messages` : `/api/orders/${orderId}/messages`,
      body: { text },
    }),
  }),
  typing: defineCommand({
    name: 'typing',
    summary: 'Tell the other party of an order or of a conversation that one is writing; nobody keeps it',
    payload: z.strictObject(place).refine(oneOf, either),
    ack: z.strictObject({}),
  }),
};
