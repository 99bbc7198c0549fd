import { z } from 'zod';
import { balanceSchema, currencySchema, idSchema, text, timeSchema, wordSchema } from '../common.js';
import { defineEvent, type FeedTarget, type Recipient } from '../event.js';
import { feeds } from '../feeds.js';
import { roleSchema } from '../roles.js';
import { adjustmentAmountSchema } from './schemas.js';

/** Without a role: everybody. */
const toRole = z.strictObject({ role: roleSchema.optional() });
const toAdmins = z.strictObject({});

const severity = z.enum(['info', 'warning', 'critical']);
const notice = { title: text(200), message: text(4000), severity, startsAt: timeSchema.optional(), endsAt: timeSchema.optional() };
const noticeFeeds = (to: z.output<typeof toRole>): readonly FeedTarget[] => [
  to.role ? feeds.announcementsFor(to.role) : feeds.announcements,
];
const addressed = (to: z.output<typeof toRole>): readonly Recipient[] => [{ role: to.role ?? 'everyone' }];

const bulk = z.strictObject({
  operationId: idSchema,
  action: wordSchema,
  total: z.int().min(0),
  succeeded: z.int().min(0),
  failed: z.array(z.strictObject({ id: idSchema, code: wordSchema, message: z.string().optional() })).max(1000),
});

export const adminEvents = {
  announcement: defineEvent({
    type: 'announcement',
    summary: 'A word from the administrators, to everybody or to a role',
    data: z.strictObject({ ...notice, kind: z.enum(['maintenance', 'update']).optional() }),
    to: toRole,
    feeds: noticeFeeds,
    notifies: addressed,
  }),
  'system-event': defineEvent({
    type: 'system-event',
    summary: 'Maintenance or an update, to everybody or to a role',
    data: z.strictObject({ ...notice, kind: z.enum(['maintenance', 'update']) }),
    to: toRole,
    feeds: noticeFeeds,
    notifies: addressed,
  }),
  'balance-adjusted': defineEvent({
    type: 'balance-adjusted',
    summary: 'An administrator gave money to a user, or took it (`amount` is signed)',
    data: z.strictObject({
      userId: idSchema,
      amount: adjustmentAmountSchema,
      currency: currencySchema,
      newBalance: balanceSchema,
      reason: z.string().max(500),
      transactionId: idSchema,
    }),
    to: z.strictObject({ userId: idSchema }),
    feeds: (to) => [feeds.user(to.userId), feeds.admin],
    notifies: (to) => [{ user: to.userId }],
  }),
  'bulk-progress': defineEvent({
    type: 'bulk-progress',
    summary: 'A bulk operation got on; `failed` names those that failed so far',
    data: bulk,
    to: toAdmins,
    feeds: () => [feeds.admin],
  }),
  'bulk-completed': defineEvent({
    type: 'bulk-completed',
    summary: 'A bulk operation ended',
    data: bulk,
    to: toAdmins,
    feeds: () => [feeds.admin],
  }),
};
