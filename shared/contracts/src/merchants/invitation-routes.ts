import { z } from 'zod';
import { idParams, idSchema, listOf, listQuery } from '../common.js';
import { defineRoute } from '../route.js';
import { invitationBody, invitationDecisionBody, invitationSchema, invitationsQuery, sentInvitationSchema } from './invitations.js';

const tag = 'merchants';
const who = 'Owners of the merchant and administrators.';
const params = z.strictObject({ id: idSchema, invitationId: idSchema });

export const invitationRoutes = {
  // Their answers hold a token, which is stored nowhere: so they take no Idempotency-Key.
  invite: defineRoute({
    name: 'inviteMember',
    method: 'post',
    path: '/api/merchants/:id/invitations',
    summary: 'Invite somebody by their e-mail address to act for the merchant; the token is good for seven days and told this once',
    tag,
    access: 'user',
    who,
    params: idParams,
    body: invitationBody,
    status: 201,
    response: sentInvitationSchema,
    errors: ['not-found', 'already-exists'],
  }),
  resendInvitation: defineRoute({
    name: 'resendInvitation',
    method: 'post',
    path: '/api/merchants/:id/invitations/:invitationId/resend',
    summary: 'A new token in the place of the old one, good for seven days from now; at most five in all, one a minute',
    tag,
    access: 'user',
    who,
    params,
    status: 200,
    response: sentInvitationSchema,
    errors: ['not-found', 'invalid-transition'],
  }),
  listInvitations: defineRoute({
    name: 'listInvitations',
    method: 'get',
    path: '/api/merchants/:id/invitations',
    summary: 'Who was invited, newest first',
    tag,
    access: 'user',
    who,
    params: idParams,
    query: invitationsQuery,
    status: 200,
    response: listOf(invitationSchema),
    errors: ['not-found'],
  }),
  revokeInvitation: defineRoute({
    name: 'revokeInvitation',
    method: 'delete',
    path: '/api/merchants/:id/invitations/:invitationId',
    summary: 'Take an invitation back',
    tag,
    access: 'user',
    who,
    params,
    status: 204,
    errors: ['not-found', 'invalid-transition'],
    write: true,
  }),
  listMyInvitations: defineRoute({
    name: 'listMyInvitations',
    method: 'get',
    path: '/api/me/invitations',
    summary: 'The invitations that wait for an answer of yours',
    tag,
    access: 'user',
    query: z.strictObject(listQuery),
    status: 200,
    response: listOf(invitationSchema),
  }),
  decideInvitation: defineRoute({
    name: 'decideInvitation',
    method: 'post',
    path: '/api/invitations/decision',
    summary: 'Accept or decline an invitation; who accepts follows the merchant at once',
    tag,
    access: 'user',
    who: 'Whoever was invited: by the address of the account, and the token or the account that was told.',
    body: invitationDecisionBody,
    status: 200,
    response: invitationSchema,
    errors: ['not-found', 'already-exists', 'invalid-transition', 'plan-limit'],
    write: true,
  }),
};
