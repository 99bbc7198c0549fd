import { z } from 'zod';
import { idParams, idSchema, listOf, listQuery } from '../common.js';
import { itemRoutes } from '../orders/routes.js';
import { defineRoute } from '../route.js';
import { memberBody, memberSchema, merchantBody, merchantSchema, merchantViewSchema, merchantsQuery } from './schemas.js';
import { sellingRoutes } from './selling-routes.js';

const tag = 'merchants';
const owners = 'Owners of the merchant and administrators.';

export const merchantRoutes = {
  create: defineRoute({
    name: 'createMerchant',
    method: 'post',
    path: '/api/admin/merchants',
    summary: 'Add a merchant',
    tag,
    access: ['admin', 'superadmin'],
    body: merchantBody,
    status: 201,
    response: merchantViewSchema,
    errors: ['already-exists'],
    write: true,
  }),
  list: defineRoute({
    name: 'listMerchants',
    method: 'get',
    path: '/api/merchants',
    summary: 'The merchants, public fields only',
    tag,
    access: 'user',
    query: merchantsQuery,
    status: 200,
    response: listOf(merchantSchema),
  }),
  get: defineRoute({
    name: 'getMerchant',
    method: 'get',
    path: '/api/merchants/:id',
    summary: 'One merchant; administrators also get the contacts',
    tag,
    access: 'user',
    params: idParams,
    status: 200,
    response: merchantViewSchema,
    errors: ['not-found'],
  }),
  listMembers: defineRoute({
    name: 'listMembers',
    method: 'get',
    path: '/api/merchants/:id/members',
    summary: 'Who acts for the merchant',
    tag,
    access: 'user',
    who: 'Members of the merchant and administrators.',
    params: idParams,
    query: z.strictObject(listQuery),
    status: 200,
    response: listOf(memberSchema),
    errors: ['not-found'],
  }),
  addMember: defineRoute({
    name: 'addMember',
    method: 'post',
    path: '/api/merchants/:id/members',
    summary: 'Let a user act for the merchant; the user follows its feed from then on',
    tag,
    access: 'user',
    who: owners,
    params: idParams,
    body: memberBody,
    status: 201,
    response: memberSchema,
    errors: ['not-found', 'already-exists'],
    write: true,
  }),
  removeMember: defineRoute({
    name: 'removeMember',
    method: 'delete',
    path: '/api/merchants/:id/members/:userId',
    summary: 'Take the right to act for the merchant; it ends on live connections too',
    tag,
    access: 'user',
    who: owners,
    params: z.strictObject({ id: idSchema, userId: idSchema }),
    status: 204,
    errors: ['not-found'],
    write: true,
  }),
  ...sellingRoutes,
  ...itemRoutes,
};
