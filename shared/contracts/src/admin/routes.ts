import { idParams, listOf } from '../common.js';
import { accountSchema } from '../identity/schemas.js';
import { defineRoute } from '../route.js';
import { auditEntrySchema, auditQuery, updateUserBody } from './schemas.js';

const tag = 'admin';
const access = ['admin', 'superadmin'] as const;

export const adminRoutes = {
  updateUser: defineRoute({
    name: 'updateUser',
    method: 'patch',
    path: '/api/admin/users/:id',
    summary: "Suspend a user, which ends the user's sessions and live connections, or lift it",
    tag,
    access,
    params: idParams,
    body: updateUserBody,
    status: 200,
    response: accountSchema,
    errors: ['not-found', 'version-mismatch'],
    write: true,
  }),
  audit: defineRoute({
    name: 'listAudit',
    method: 'get',
    path: '/api/admin/audit',
    summary: 'What administrators and the system did with power, newest first',
    tag,
    access,
    query: auditQuery,
    status: 200,
    response: listOf(auditEntrySchema),
  }),
};
