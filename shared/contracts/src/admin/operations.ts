import { z } from 'zod';
import { idSchema, listQuery, timeSchema } from '../common.js';
import { roleSchema, userTypes } from '../roles.js';

const count = z.int().min(0);

/** Connections; `users` are different people at one gateway, so that somebody at two counts twice in the totals. */
export const connectionCountsSchema = z.strictObject({
  connections: count,
  users: count,
  byUserType: z.partialRecord(z.enum(userTypes), count),
  /** Who has two roles counts in both. */
  byRole: z.partialRecord(roleSchema, count),
  byTransport: z.record(z.string(), count),
});
export type ConnectionCounts = z.output<typeof connectionCountsSchema>;

/** What a gateway says of itself every few seconds. */
export const gatewayReportSchema = connectionCountsSchema.extend({ id: z.string(), startedAt: timeSchema, at: timeSchema });
export type GatewayReport = z.output<typeof gatewayReportSchema>;

export const connectionsQuery = z.strictObject({ userId: idSchema.optional() });

/** `degraded`: Redis does not answer, so nothing is known; clients may be connected all the same. */
export const connectionsSchema = z.strictObject({
  degraded: z.boolean(),
  gateways: z.array(gatewayReportSchema),
  totals: connectionCountsSchema,
  /** Where that user is connected, if one was asked for. */
  user: z
    .strictObject({
      userId: idSchema,
      connected: z.boolean(),
      gateways: z.array(z.strictObject({ id: z.string(), connections: z.int().min(1) })),
    })
    .optional(),
});
export type Connections = z.output<typeof connectionsSchema>;

export const jobStateSchema = z.enum(['due', 'done', 'failed']);
/** A durable job, without its data. */
export const jobSchema = z.strictObject({
  key: z.string(),
  kind: z.string(),
  state: jobStateSchema,
  dueAt: timeSchema,
  attempts: count,
  lastError: z.string().optional(),
  createdAt: timeSchema,
});
export type ShownJob = z.output<typeof jobSchema>;

export const jobParams = z.strictObject({ key: z.string().regex(/^[\x21-\x7e]{1,300}$/, 'must be a key of a job') });
export const jobsQuery = z.strictObject({ ...listQuery, state: z.enum(['due', 'failed']).default('failed') });
export type JobsQuery = z.output<typeof jobsQuery>;

export const queuesSchema = z.strictObject({
  /** Redis does not answer: `queues` are not known. Work goes on without it, from the durable records below. */
  degraded: z.boolean(),
  queues: z.array(
    z.strictObject({
      name: z.string(),
      waiting: count,
      active: count,
      delayed: count,
      failed: count,
      oldestWaitingAt: timeSchema.nullable(),
    }),
  ),
  /** `due`: their time has come. `failed`: given up, see the list. */
  jobs: z.strictObject({ due: count, scheduled: count, failed: count, oldestDueAt: timeSchema.nullable() }),
  /** Events whose notifications are not written yet. */
  events: z.strictObject({ pending: count, oldestPendingAt: timeSchema.nullable() }),
});
export type Queues = z.output<typeof queuesSchema>;
