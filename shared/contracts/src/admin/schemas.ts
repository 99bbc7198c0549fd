import { z } from 'zod';
import { balanceSchema, currencySchema, idSchema, inOrder, listQuery, text, timeSchema, wordSchema } from '../common.js';
import { accountSchema, sessionSchema, userStatusSchema } from '../identity/schemas.js';
import { roles, roleSchema } from '../roles.js';
import { walletSchema } from '../wallet/schemas.js';

export const updateUserBody = z.strictObject({ status: userStatusSchema });
export const verifyEmailBody = z.strictObject({ verified: z.boolean() });

/** `q`: the beginning of the name or of the e-mail address, whatever its case. */
export const usersQuery = z.strictObject({
  ...listQuery,
  q: text(100)
    .regex(/^[\p{L}\p{M}\p{N} .,'’@+_-]+$/u, 'must be of letters, digits and what else names and addresses have')
    .optional(),
  role: roleSchema.optional(),
  status: userStatusSchema.optional(),
});
export type UsersQuery = z.output<typeof usersQuery>;

/** A user with all that an administrator sees; the sessions are the newest live ones. */
export const userDetailSchema = accountSchema.extend({ wallets: z.array(walletSchema), sessions: z.array(sessionSchema) });
export type UserDetail = z.output<typeof userDetailSchema>;

/** `customer` is everybody's and `merchant` follows from memberships: both stay as they are, whether they are named or not. */
export const rolesBody = z.strictObject({ roles: z.array(roleSchema).max(roles.length) });

/** Signed minor units: what is given to the user, or taken. */
export const adjustmentAmountSchema = z
  .int()
  .min(-100_000_000_000)
  .max(100_000_000_000)
  .refine((amount) => amount !== 0, 'must not be zero');

export const adjustmentBody = z.strictObject({
  amount: adjustmentAmountSchema,
  currency: currencySchema.optional(),
  /** The user reads it, too. */
  reason: text(500),
});
export type AdjustmentInput = z.output<typeof adjustmentBody>;

export const adjustmentSchema = z.strictObject({
  id: idSchema,
  userId: idSchema,
  amount: adjustmentAmountSchema,
  currency: currencySchema,
  newBalance: balanceSchema,
  reason: z.string(),
  /** In the user's wallet history. */
  transactionId: idSchema,
  createdAt: timeSchema,
});
export type Adjustment = z.output<typeof adjustmentSchema>;

const targetSchema = z.string().regex(/^[a-z][a-z-]{0,20}(?::[\x21-\x7e]{1,300})?$/, 'must name a target, as user:42');

/**
 * Where an administrator's request came from, as far as the trusted proxies tell: an address, what the client says it is, and the session, or a
 * machine's API key.
 */
export const auditOriginSchema = z.strictObject({
  ip: z.string().optional(),
  userAgent: z.string().optional(),
  sessionId: idSchema.optional(),
  keyId: idSchema.optional(),
});
export type AuditOrigin = z.output<typeof auditOriginSchema>;

const digestSchema = z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256');
const shownSchema = z.record(z.string(), z.unknown());

/**
 * What somebody with power did or looked at. `actor`: null for the system. `before`, `after`: what was changed, without secrets and cut to a
 * size; `before` is null of what was made, `after` of what was taken away. `seq`, `previousHash`, `hash`: its place in the chain, null for
 * the second until it has one.
 */
export const auditEntrySchema = z.strictObject({
  id: idSchema,
  at: timeSchema,
  actor: idSchema.nullable(),
  action: wordSchema,
  target: targetSchema,
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())])).optional(),
  from: auditOriginSchema.optional(),
  before: shownSchema.nullable().optional(),
  after: shownSchema.nullable().optional(),
  seq: z.int().positive().nullable(),
  previousHash: digestSchema.nullable(),
  hash: digestSchema.nullable(),
});
export type AuditEntry = z.output<typeof auditEntrySchema>;

/** `from` is included, `to` is not; see `inOrder`. */
export const periodQuery = { from: timeSchema.optional(), to: timeSchema.optional() };

export const auditQuery = inOrder(
  z.strictObject({
    ...listQuery,
    ...periodQuery,
    actor: idSchema.optional(),
    action: wordSchema.optional(),
    target: targetSchema.optional(),
  }),
  ['from', 'to'],
);
export type AuditQuery = z.output<typeof auditQuery>;
