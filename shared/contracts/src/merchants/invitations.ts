import { z } from 'zod';
import { emailSchema, idSchema, listQuery, timeSchema, versionSchema } from '../common.js';
import { memberRoleSchema } from '../identity/schemas.js';

export const invitationStatusSchema = z.enum(['pending', 'accepted', 'declined', 'revoked', 'expired']);
export type InvitationStatus = z.output<typeof invitationStatusSchema>;

/** For somebody who need not have an account yet. */
export const invitationBody = z.strictObject({ email: emailSchema, role: memberRoleSchema });
export type InvitationInput = z.output<typeof invitationBody>;

export const invitationSchema = z.strictObject({
  id: idSchema,
  merchantId: idSchema,
  merchantName: z.string(),
  email: z.string(),
  role: memberRoleSchema,
  status: invitationStatusSchema,
  /** How often it was given out, at most five times. */
  sends: z.int().min(1),
  invitedBy: idSchema,
  expiresAt: timeSchema,
  version: versionSchema,
  createdAt: timeSchema,
});
export type Invitation = z.output<typeof invitationSchema>;

/** `token` is told this once: whoever has it, and the address, may answer. */
export const sentInvitationSchema = z.strictObject({ invitation: invitationSchema, token: z.string() });

export const invitationTokenSchema = z.string().regex(/^[A-Za-z0-9_-]{1,64}\.[A-Za-z0-9_-]{43}$/, 'must be the token of an invitation');
/** By the token, or by the id where the invited account itself was told. */
export const invitationDecisionBody = z
  .strictObject({ token: invitationTokenSchema.optional(), invitationId: idSchema.optional(), decision: z.enum(['accept', 'decline']) })
  .refine((body) => (body.token === undefined) !== (body.invitationId === undefined), 'either token or invitationId');
export type InvitationDecision = z.output<typeof invitationDecisionBody>;

export const invitationsQuery = z.strictObject({ ...listQuery, status: invitationStatusSchema.optional() });
