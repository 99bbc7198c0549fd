import { idParams } from '../common.js';
import { accountSchema } from '../identity/schemas.js';
import { defineRoute } from '../route.js';
import { updateUserBody } from './schemas.js';

export const adminRoutes = {
  updateUser: defineRoute({
    name: 'updateUser',
    method: 'patch',
    path: '/api/admin/users/:id',
    summary: "Suspend a user, which ends the user's sessions and live connections, or lift it",
    tag: 'admin',
    access: ['admin', 'superadmin'],
    params: idParams,
    body: updateUserBody,
    status: 200,
    response: accountSchema,
    errors: ['not-found', 'version-mismatch'],
    write: true,
  }),
};
