import { idParams, listOf } from '../common.js';
import { defineRoute } from '../route.js';
import { refundBody, refundSchema, refundsQuery } from './schemas.js';

const tag = 'refunds';
const access = ['admin', 'superadmin'] as const;

export const refundRoutes = {
  create: defineRoute({
    name: 'createRefund',
    method: 'post',
    path: '/api/admin/refunds',
    summary:
      'Give a payment back, whole or in part: an order or a payment at the counter to the wallet at once, a top-up through its provider',
    tag,
    access,
    who: 'Above `REFUND_LIMIT`, over all refunds of the payment: superadmin alone.',
    body: refundBody,
    status: 201,
    response: refundSchema,
    errors: ['not-found', 'refund-exceeds-payment', 'insufficient-funds', 'payment-disputed', 'provider-unavailable'],
    write: true,
  }),
  list: defineRoute({
    name: 'listRefunds',
    method: 'get',
    path: '/api/admin/refunds',
    summary: 'Refunds by administrators, newest first',
    tag,
    access,
    query: refundsQuery,
    status: 200,
    response: listOf(refundSchema),
  }),
  get: defineRoute({
    name: 'getRefund',
    method: 'get',
    path: '/api/admin/refunds/:id',
    summary: 'One refund',
    tag,
    access,
    params: idParams,
    status: 200,
    response: refundSchema,
    errors: ['not-found'],
  }),
};
