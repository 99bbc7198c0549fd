import { idParams } from '../common.js';
import { defineRoute } from '../route.js';
import { merchantBalanceSchema, queueQuery, queueSchema, salesQuery, salesSchema } from './schemas.js';

const tag = 'sales';
const who = 'Members of the merchant and administrators.';

export const salesRoutes = {
  getQueue: defineRoute({
    name: 'getQueue',
    method: 'get',
    path: '/api/merchants/:id/queue',
    summary: 'The open orders of a merchant, the oldest first',
    tag,
    access: 'user',
    who,
    params: idParams,
    query: queueQuery,
    status: 200,
    response: queueSchema,
    errors: ['not-found'],
  }),
  getSales: defineRoute({
    name: 'getSales',
    method: 'get',
    path: '/api/merchants/:id/sales',
    summary: 'What a merchant sold and earned, per day or per item, over at most 92 days',
    tag,
    access: 'user',
    scope: 'reports:read',
    who,
    params: idParams,
    query: salesQuery,
    status: 200,
    response: salesSchema,
    errors: ['not-found'],
  }),
  getBalance: defineRoute({
    name: 'getMerchantBalance',
    method: 'get',
    path: '/api/merchants/:id/balance',
    summary: 'What a merchant has earned and not been paid out',
    tag,
    access: 'user',
    who,
    params: idParams,
    status: 200,
    response: merchantBalanceSchema,
    errors: ['not-found'],
  }),
};
