import { z } from 'zod';
import { balanceSchema, currencySchema, idSchema, text, timeSchema, wordSchema } from '../common.js';
import { defineEvent, type FeedTarget, type Recipient } from '../event.js';
import { feeds } from '../feeds.js';
import { bulkFailureSchema, bulkOperationSchema } from '../merchants/bulk.js';
import { roleSchema } from '../roles.js';
import { noticeSchema, severitySchema, systemEventKindSchema } from './notices.js';
import { adjustmentAmountSchema } from './schemas.js';
import { adminTransactionSchema } from './transactions.js';

/** Without a role: everybody. */
const toRole = z.strictObject({ role: roleSchema.optional() });
const toAdmins = z.strictObject({});

const notice = {
  title: text(200),
  message: text(4000),
  severity: severitySchema,
  startsAt: timeSchema.optional(),
  endsAt: timeSchema.optional(),
  /** As `GET /api/announcements` shows it. */
  notice: noticeSchema.optional(),
};
/** Everybody is a customer, and follows `announcements`: a feed of that role for each connection to follow beside it would only cost. */
const noticeFeeds = ({ role }: z.output<typeof toRole>): readonly FeedTarget[] => {
  if (role === undefined) return [feeds.announcements];
  return role === 'customer' ? [feeds.announcementsFor(role), feeds.announcements] : [feeds.announcementsFor(role)];
};
const addressed = (to: z.output<typeof toRole>): readonly Recipient[] => [{ role: to.role ?? 'everyone' }];

const bulk = z.strictObject({
  operationId: idSchema,
  action: wordSchema,
  total: z.int().min(0),
  succeeded: z.int().min(0),
  /** The first of them. */
  failed: z.array(bulkFailureSchema).max(100),
  /** As `GET /api/admin/merchants/bulk/:id` shows it. */
  operation: bulkOperationSchema,
});

export const adminEvents = {
  announcement: defineEvent({
    type: 'announcement',
    summary: 'A word from the administrators, to everybody or to a role',
    data: z.strictObject({ ...notice, kind: systemEventKindSchema.optional() }),
    to: toRole,
    feeds: noticeFeeds,
    notifies: addressed,
  }),
  'system-event': defineEvent({
    type: 'system-event',
    summary: 'Maintenance or an update: told when it is planned, again when it starts and ends, or is called off',
    data: z.strictObject({
      ...notice,
      kind: systemEventKindSchema,
      phase: z.enum(['announced', 'started', 'ended', 'cancelled']).optional(),
    }),
    to: toRole,
    feeds: noticeFeeds,
    // Whoever was told of the plan needs no second notification at its start and its end; screens do.
    notifies: (to, { phase }) => (phase === 'started' || phase === 'ended' ? [] : addressed(to)),
  }),
  'transactions-recorded': defineEvent({
    type: 'transactions-recorded',
    summary: 'Transfers of the ledger, some at once: what `GET /api/admin/transactions` now begins with',
    data: z.strictObject({ transactions: z.array(adminTransactionSchema).min(1).max(100) }),
    to: toAdmins,
    feeds: () => [feeds.admin],
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
    summary: 'A bulk operation got on, was cancelled or goes on again; told twice a second at most, `failed` names the first that failed',
    data: bulk,
    to: toAdmins,
    feeds: () => [feeds.admin],
  }),
  'bulk-completed': defineEvent({
    type: 'bulk-completed',
    summary: 'A bulk operation ended: nothing of it waits any more',
    data: bulk,
    to: toAdmins,
    feeds: () => [feeds.admin],
  }),
};
