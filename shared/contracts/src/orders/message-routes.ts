import { idParams } from '../common.js';
import { defineRoute } from '../route.js';
import { messageBody, messagesQuery, orderMessageSchema, orderMessagesSchema, readMarksSchema, readMessagesBody } from './messages.js';

const tag = 'orders';
const parties = 'The customer and members of the merchant.';

export const orderMessageRoutes = {
  listMessages: defineRoute({
    name: 'listOrderMessages',
    method: 'get',
    path: '/api/orders/:id/messages',
    summary: 'What customer and merchant wrote about the order, newest first, and how far each has read',
    tag,
    access: 'user',
    who: 'The customer, members of the merchant, and administrators.',
    params: idParams,
    query: messagesQuery,
    status: 200,
    response: orderMessagesSchema,
    errors: ['not-found'],
  }),
  sendMessage: defineRoute({
    name: 'sendOrderMessage',
    method: 'post',
    path: '/api/orders/:id/messages',
    summary: 'Write to the other party',
    tag,
    access: 'user',
    who: parties,
    params: idParams,
    body: messageBody,
    status: 201,
    response: orderMessageSchema,
    errors: ['not-found'],
    write: true,
  }),
  readMessages: defineRoute({
    name: 'readOrderMessages',
    method: 'post',
    path: '/api/orders/:id/messages/read',
    summary: 'Say that all messages up to this one were read; an older one changes nothing',
    tag,
    access: 'user',
    who: parties,
    params: idParams,
    body: readMessagesBody,
    status: 200,
    response: readMarksSchema,
    errors: ['not-found'],
    write: true,
  }),
};
