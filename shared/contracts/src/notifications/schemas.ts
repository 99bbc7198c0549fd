import { z } from 'zod';
import { flagSchema, idSchema, listQuery, timeSchema, wordSchema } from '../common.js';

export const notificationTypeSchema = z.enum(['info', 'success', 'warning', 'error']);
/** What a button says to a question. */
export const answerSchema = z.enum(['accept', 'decline']);
export type Answer = z.output<typeof answerSchema>;
export const notificationActionSchema = z.strictObject({ action: wordSchema, label: z.string() });

const fields = {
  message: z.string(),
  title: z.string(),
  type: notificationTypeSchema,
  category: wordSchema,
  orderId: idSchema.optional(),
  /** Further ids of what it is about, for deep links. */
  data: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])).optional(),
  /** Buttons; pressing one is `POST /api/notifications/:id/actions/:action`. */
  actions: z.array(notificationActionSchema).max(5).optional(),
};

export const notificationSchema = z.strictObject({
  id: idSchema,
  ...fields,
  readAt: timeSchema.nullable(),
  /** What became of what its buttons ask, wherever it was decided: the action, or `withdraw`, `block`, `expire` and the like. */
  decision: wordSchema.optional(),
  createdAt: timeSchema,
});
export type Notification = z.output<typeof notificationSchema>;

export const newNotificationSchema = z.strictObject({ notificationId: idSchema, ...fields, timestamp: timeSchema });

export const notificationsQuery = z.strictObject({ ...listQuery, unread: flagSchema.optional() });

export const notificationActionParams = z.strictObject({ id: idSchema, action: wordSchema });

/** How many this call marked, and how many are left to mark by another. */
export const readAllSchema = z.strictObject({ read: z.int().min(0), unread: z.int().min(0) });
