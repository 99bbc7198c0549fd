import { z } from 'zod';
import { idParams, listOf } from '../common.js';
import { defineRoute } from '../route.js';
import { differenceSchema, differencesQuery, reconciliationBody, reconciliationSchema, reconciliationsQuery } from './schemas.js';

const tag = 'reconciliation';
const access = ['admin', 'superadmin'] as const;

export const reconciliationRoutes = {
  create: defineRoute({
    name: 'createReconciliation',
    method: 'post',
    path: '/api/admin/reconciliations',
    summary: "Compare providers' payments with our ledger now; it is done each day by itself too",
    tag,
    access,
    body: reconciliationBody,
    status: 202,
    response: z.strictObject({ items: z.array(reconciliationSchema) }),
    errors: ['provider-unavailable'],
    write: true,
  }),
  list: defineRoute({
    name: 'listReconciliations',
    method: 'get',
    path: '/api/admin/reconciliations',
    summary: 'Comparisons with providers, newest first',
    tag,
    access,
    query: reconciliationsQuery,
    status: 200,
    response: listOf(reconciliationSchema),
  }),
  get: defineRoute({
    name: 'getReconciliation',
    method: 'get',
    path: '/api/admin/reconciliations/:id',
    summary: 'One comparison',
    tag,
    access,
    params: idParams,
    status: 200,
    response: reconciliationSchema,
    errors: ['not-found'],
  }),
  listDifferences: defineRoute({
    name: 'listDifferences',
    method: 'get',
    path: '/api/admin/reconciliations/:id/differences',
    summary: 'What a comparison has found, each with both sides',
    tag,
    access,
    params: idParams,
    query: differencesQuery,
    status: 200,
    response: listOf(differenceSchema),
    errors: ['not-found'],
  }),
};
