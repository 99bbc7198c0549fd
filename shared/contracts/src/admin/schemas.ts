import { z } from 'zod';
import { idSchema, listQuery, timeSchema, wordSchema } from '../common.js';
import { userStatusSchema } from '../identity/schemas.js';

export const updateUserBody = z.strictObject({ status: userStatusSchema });

const targetSchema = z.string().regex(/^[A-Za-z0-9_.:-]{1,200}$/, 'must name a target, as user:42');

/** What somebody with power did or looked at. `actor`: null for the system. */
export const auditEntrySchema = z.strictObject({
  id: idSchema,
  at: timeSchema,
  actor: idSchema.nullable(),
  action: wordSchema,
  target: targetSchema,
  details: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null(), z.array(z.string())])).optional(),
});
export type AuditEntry = z.output<typeof auditEntrySchema>;

/** `from` is included, `to` is not. */
export const periodQuery = { from: timeSchema.optional(), to: timeSchema.optional() };

export const auditQuery = z.strictObject({
  ...listQuery,
  ...periodQuery,
  actor: idSchema.optional(),
  action: wordSchema.optional(),
  target: targetSchema.optional(),
});
export type AuditQuery = z.output<typeof auditQuery>;
