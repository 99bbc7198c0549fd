import { idParams, listOf, listQuery } from '../common.js';
import { defineRoute } from '../route.js';
import { z } from 'zod';
import { customerParams, customersQuery, customerViewSchema, interactionSchema, loyaltyCustomerSchema, tagsBody } from './views.js';

const tag = 'loyalty';
const who = 'Members of the merchant and administrators.';

export const viewRoutes = {
  listCustomers: defineRoute({
    name: 'listCustomers',
    method: 'get',
    path: '/api/merchants/:id/customers',
    summary: "A business's enrolled customers: newest first unless sorted, those with a tag, or those whose name begins so",
    tag,
    access: 'user',
    who,
    params: idParams,
    query: customersQuery,
    status: 200,
    response: listOf(loyaltyCustomerSchema),
    errors: ['not-found'],
  }),
  getCustomer: defineRoute({
    name: 'getCustomer',
    method: 'get',
    path: '/api/merchants/:id/customers/:userId',
    summary: 'One enrolled customer as the business sees them: the line of the list, enrollments and active cards',
    tag,
    access: 'user',
    who,
    params: customerParams,
    status: 200,
    response: customerViewSchema,
    errors: ['not-found'],
  }),
  tagCustomer: defineRoute({
    name: 'tagCustomer',
    method: 'patch',
    path: '/api/merchants/:id/customers/:userId',
    summary: 'Set the tags of an enrolled customer; `If-Match` is the version of the line',
    tag,
    access: 'user',
    who,
    params: customerParams,
    body: tagsBody,
    status: 200,
    response: loyaltyCustomerSchema,
    errors: ['not-found', 'version-mismatch'],
    write: true,
  }),
  listInteractions: defineRoute({
    name: 'listInteractions',
    method: 'get',
    path: '/api/merchants/:id/customers/:userId/interactions',
    summary: 'What happened between the business and an enrolled customer, newest first',
    tag,
    access: 'user',
    who,
    params: customerParams,
    query: z.strictObject(listQuery),
    status: 200,
    response: listOf(interactionSchema),
    errors: ['not-found'],
  }),
};
