import { defineRoute } from '../route.js';
import { rehearsalBody, rehearsalSchema } from './schemas.js';

export const rehearsalRoutes = {
  create: defineRoute({
    name: 'createRehearsal',
    method: 'post',
    path: '/api/admin/rehearsals',
    summary: "Play a provider's events, disturbed, against a copy of an account, and see what each changed and what was refused",
    tag: 'rehearsals',
    access: ['admin', 'superadmin'],
    body: rehearsalBody,
    status: 201,
    response: rehearsalSchema,
    errors: ['not-found'],
    write: true,
  }),
};
