import { z } from 'zod';
import { idSchema, inOrder, listQuery, text, timeSchema, versionSchema } from '../common.js';
import { roleSchema } from '../roles.js';

export const severitySchema = z.enum(['info', 'warning', 'critical']);
export const systemEventKindSchema = z.enum(['maintenance', 'update']);
export const noticeStatusSchema = z.enum(['scheduled', 'current', 'ended', 'cancelled']);

/**
 * An announcement, or a system event. A system event is shown as soon as it is planned (`scheduled`), an announcement once its time has come
 * (`current`); either until `endsAt`.
 */
export const noticeSchema = z.strictObject({
  id: idSchema,
  kind: z.enum(['announcement', ...systemEventKindSchema.options]),
  title: z.string(),
  message: z.string(),
  severity: severitySchema,
  /** Whom it is for; null: everybody. */
  role: roleSchema.nullable(),
  status: noticeStatusSchema,
  startsAt: timeSchema,
  /** null: until somebody ends it. */
  endsAt: timeSchema.nullable(),
  version: versionSchema,
  createdAt: timeSchema,
});
export type Notice = z.output<typeof noticeSchema>;

const words = { title: text(200), message: text(4000), severity: severitySchema.optional() };

/** Without `startsAt`: now. */
export const announcementBody = z.strictObject({ ...words, role: roleSchema.optional(), startsAt: timeSchema.optional() });
export type AnnouncementInput = z.output<typeof announcementBody>;

export const systemEventBody = inOrder(
  z.strictObject({
    ...words,
    kind: systemEventKindSchema,
    startsAt: timeSchema.optional(),
    endsAt: timeSchema.optional(),
  }),
  ['startsAt', 'endsAt'],
);
export type SystemEventInput = z.output<typeof systemEventBody>;

export const noticesQuery = z.strictObject(listQuery);
export const adminNoticesQuery = z.strictObject({ ...listQuery, status: noticeStatusSchema.optional() });
export type AdminNoticesQuery = z.output<typeof adminNoticesQuery>;
