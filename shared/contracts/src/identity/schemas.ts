import { z } from 'zod';
import { deviceIdSchema, emailSchema, idSchema, text, timeSchema, versionSchema } from '../common.js';
import { roleSchema } from '../roles.js';

const passwordSchema = z.string().min(8).max(128);

export const registerBody = z.strictObject({
  name: text(100),
  email: emailSchema,
  password: passwordSchema,
  deviceId: deviceIdSchema.optional(),
});
export type RegisterInput = z.output<typeof registerBody>;

export const loginBody = z.strictObject({
  email: emailSchema,
  password: z.string().min(1).max(128),
  deviceId: deviceIdSchema.optional(),
});
export type LoginInput = z.output<typeof loginBody>;

export const refreshBody = z.strictObject({ refreshToken: z.string().min(1).max(512) });

export const userSchema = z.strictObject({ id: idSchema, name: z.string(), email: z.string(), roles: z.array(roleSchema) });
export type User = z.output<typeof userSchema>;

/** `expiresIn`: seconds until the access token expires. */
export const authAnswerSchema = z.strictObject({
  user: userSchema,
  accessToken: z.string(),
  refreshToken: z.string(),
  expiresIn: z.int().min(1),
});
export type AuthAnswer = z.output<typeof authAnswerSchema>;

export const memberRoleSchema = z.enum(['owner', 'staff']);
export type MemberRole = z.output<typeof memberRoleSchema>;
export const membershipSchema = z.strictObject({ merchantId: idSchema, role: memberRoleSchema });

export const userStatusSchema = z.enum(['active', 'suspended']);
export type UserStatus = z.output<typeof userStatusSchema>;

/** A user as the user and administrators see it. */
export const accountSchema = userSchema.extend({
  status: userStatusSchema,
  memberships: z.array(membershipSchema),
  /** An administrator vouches that the address is this user's; missing where nobody does. */
  emailVerified: z.literal(true).optional(),
  version: versionSchema,
  createdAt: timeSchema,
});
export type Account = z.output<typeof accountSchema>;

export const updateMeBody = z.strictObject({ name: text(100) });

/** One login on one device. `current`: the session that asks. */
export const sessionSchema = z.strictObject({
  id: idSchema,
  deviceId: z.string().nullable(),
  userAgent: z.string().nullable(),
  ip: z.string().nullable(),
  current: z.boolean(),
  createdAt: timeSchema,
  lastUsedAt: timeSchema,
  expiresAt: timeSchema,
});
export type Session = z.output<typeof sessionSchema>;

/** Why a session ended. */
export const revokeReasonSchema = z.enum(['logged-out', 'ended-by-user', 'replaced', 'refresh-token-reused', 'suspended']);
export type RevokeReason = z.output<typeof revokeReasonSchema>;
