import { z } from 'zod';
import { idSchema, listQuery, text, timeSchema, versionSchema, wordSchema } from '../common.js';
import { subscriptionPlanSchema } from '../subscriptions/schemas.js';
import { categorySchema, searchSchema } from './schemas.js';

export const bulkActions = ['activate', 'suspend', 'delete', 'plan'] as const;
export const bulkActionSchema = z.enum(bulkActions);
export type BulkAction = z.output<typeof bulkActionSchema>;

/** `collecting`: the filter is being turned into the list of merchants, which stays as it is from then on. */
export const bulkStatusSchema = z.enum(['collecting', 'running', 'cancelled', 'completed']);
export type BulkStatus = z.output<typeof bulkStatusSchema>;

/** As of the directory; at least one, so that nobody means everything by leaving something out. */
export const bulkFilterSchema = z
  .strictObject({ q: searchSchema.optional(), category: categorySchema.optional(), isActive: z.boolean().optional() })
  .refine((filter) => Object.values(filter).some((value) => value !== undefined), 'at least one field');
export type BulkFilter = z.output<typeof bulkFilterSchema>;

/** The merchants by their ids, or by what they have in common. */
export const bulkBody = z
  .strictObject({
    action: bulkActionSchema,
    /** Which, for `plan`: their subscriptions have it from now on, without a payment. */
    plan: subscriptionPlanSchema.optional(),
    ids: z.array(idSchema).min(1).max(1000).optional(),
    filter: bulkFilterSchema.optional(),
    /** For the members, who are told. */
    reason: text(300).optional(),
  })
  .refine((body) => (body.ids === undefined) !== (body.filter === undefined), 'either ids or filter')
  .refine((body) => (body.action === 'plan') === (body.plan !== undefined), { path: ['plan'], message: 'belongs to the action plan' });
export type BulkInput = z.output<typeof bulkBody>;

export const bulkFailureSchema = z.strictObject({ id: idSchema, code: wordSchema, message: z.string().optional() });

/** How far a bulk operation has got. `failures`: the first of them, `GET …/results` has all. */
export const bulkOperationSchema = z.strictObject({
  operationId: idSchema,
  action: bulkActionSchema,
  status: bulkStatusSchema,
  plan: subscriptionPlanSchema.optional(),
  reason: z.string().optional(),
  /** Merchants; it grows while they are collected. */
  total: z.int().min(0),
  succeeded: z.int().min(0),
  failed: z.int().min(0),
  failures: z.array(bulkFailureSchema).max(100),
  createdBy: idSchema,
  version: versionSchema,
  createdAt: timeSchema,
  updatedAt: timeSchema,
  completedAt: timeSchema.nullable(),
});
export type BulkOperation = z.output<typeof bulkOperationSchema>;

export const bulkResultStateSchema = z.enum(['waiting', 'succeeded', 'failed']);
/** What became of one merchant. `changed`: false where there was nothing to do any more. */
export const bulkResultSchema = z.strictObject({
  merchantId: idSchema,
  state: bulkResultStateSchema,
  changed: z.boolean().optional(),
  code: wordSchema.optional(),
  message: z.string().optional(),
  at: timeSchema.nullable(),
});
export type BulkResult = z.output<typeof bulkResultSchema>;

export const bulkOperationsQuery = z.strictObject(listQuery);
export const bulkResultsQuery = z.strictObject({ ...listQuery, state: bulkResultStateSchema.optional() });
