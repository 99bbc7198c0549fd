import { idParams, listOf } from '../common.js';
import { defineRoute } from '../route.js';
import { allPayoutsQuery, payoutBody, payoutDecisionBody, payoutSchema, payoutsQuery } from './schemas.js';

const tag = 'payouts';

export const payoutRoutes = {
  request: defineRoute({
    name: 'requestPayout',
    method: 'post',
    path: '/api/merchants/:id/payouts',
    summary: "Ask for a part of the merchant's balance; it is set aside at once",
    tag,
    access: 'user',
    who: 'Owners of the merchant and administrators.',
    params: idParams,
    body: payoutBody,
    status: 201,
    response: payoutSchema,
    errors: ['not-found', 'insufficient-funds'],
    write: true,
  }),
  list: defineRoute({
    name: 'listPayouts',
    method: 'get',
    path: '/api/merchants/:id/payouts',
    summary: 'The payouts of a merchant, newest first',
    tag,
    access: 'user',
    who: 'Members of the merchant and administrators.',
    params: idParams,
    query: payoutsQuery,
    status: 200,
    response: listOf(payoutSchema),
    errors: ['not-found'],
  }),
  listAll: defineRoute({
    name: 'listAllPayouts',
    method: 'get',
    path: '/api/admin/payouts',
    summary: 'The payouts of all merchants, newest first',
    tag,
    access: ['admin', 'superadmin'],
    query: allPayoutsQuery,
    status: 200,
    response: listOf(payoutSchema),
  }),
  decide: defineRoute({
    name: 'decidePayout',
    method: 'post',
    path: '/api/admin/payouts/:id/decision',
    summary: 'Accept a payout, once the money is on its way, or decline it, which gives the merchant the amount back',
    tag,
    access: ['admin', 'superadmin'],
    who: 'Who asked for it, or is a member of the merchant, does not accept it; a superadmin who is the only administrator does.',
    params: idParams,
    body: payoutDecisionBody,
    status: 200,
    response: payoutSchema,
    errors: ['not-found', 'invalid-transition', 'version-mismatch'],
    write: true,
  }),
};
