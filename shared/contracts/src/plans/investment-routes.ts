import { idParams, listOf } from '../common.js';
import { defineRoute } from '../route.js';
import { adminInvestmentsQuery, investmentBody, investmentSchema, investmentsQuery } from './investments.js';

const tag = 'plans';

export const investmentRoutes = {
  create: defineRoute({
    name: 'createInvestment',
    method: 'post',
    path: '/api/plans/:id/investments',
    summary: 'Invest in a plan from the wallet',
    tag,
    access: 'user',
    params: idParams,
    body: investmentBody,
    status: 201,
    response: investmentSchema,
    errors: ['not-found', 'insufficient-funds', 'currency-mismatch', 'capacity-exceeded'],
    write: true,
  }),
  list: defineRoute({
    name: 'listInvestments',
    method: 'get',
    path: '/api/investments',
    summary: 'The investments of the caller, newest first',
    tag,
    access: 'user',
    query: investmentsQuery,
    status: 200,
    response: listOf(investmentSchema),
  }),
  get: defineRoute({
    name: 'getInvestment',
    method: 'get',
    path: '/api/investments/:id',
    summary: 'One investment of the caller',
    tag,
    access: 'user',
    params: idParams,
    status: 200,
    response: investmentSchema,
    errors: ['not-found'],
  }),
  listAll: defineRoute({
    name: 'listAllInvestments',
    method: 'get',
    path: '/api/admin/investments',
    summary: 'The investments of all users, newest first',
    tag,
    access: ['admin', 'superadmin'],
    query: adminInvestmentsQuery,
    status: 200,
    response: listOf(investmentSchema),
  }),
};
