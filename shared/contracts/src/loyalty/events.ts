import { z } from 'zod';
import { balanceSchema, deltaSchema, idSchema, versionSchema } from '../common.js';
import { defineEvent, type FeedTarget } from '../event.js';
import { feeds } from '../feeds.js';
import { cardSchema, enrollmentStatusSchema, pointsStatusSchema } from './schemas.js';

const toBoth = z.strictObject({ userId: idSchema, merchantId: idSchema });
const bothFeeds = (to: z.output<typeof toBoth>): readonly FeedTarget[] => [feeds.user(to.userId), feeds.merchant(to.merchantId)];

export const loyaltyEvents = {
  'qr-scanned': defineEvent({
    type: 'qr-scanned',
    summary: "A merchant scanned the user's code",
    data: z.strictObject({ scanId: idSchema, userId: idSchema, businessId: idSchema, businessName: z.string(), message: z.string() }),
    to: toBoth,
    feeds: bothFeeds,
    notifies: (to) => [{ user: to.userId }],
  }),
  'enrollment-requested': defineEvent({
    type: 'enrollment-requested',
    summary: 'Somebody asks for an enrollment; the other side decides',
    data: z.strictObject({
      enrollmentId: idSchema,
      userId: idSchema,
      businessId: idSchema,
      programId: idSchema,
      programName: z.string(),
      customerName: z.string(),
      requestedBy: z.enum(['customer', 'merchant']),
    }),
    to: toBoth,
    feeds: bothFeeds,
    notifies: (to, data) => [data.requestedBy === 'customer' ? { members: to.merchantId } : { user: to.userId }],
  }),
  'enrollment-updated': defineEvent({
    type: 'enrollment-updated',
    summary: 'An enrollment was decided, withdrawn, or expired',
    data: z.strictObject({
      enrollmentId: idSchema,
      status: enrollmentStatusSchema,
      userId: idSchema,
      businessId: idSchema,
      programId: idSchema,
      cardId: idSchema.optional(),
    }),
    to: toBoth,
    feeds: bothFeeds,
    // The system decides too (a request expires, a program enrolls by itself): then neither party did.
    notifies: (to, _data, actor) => [
      ...(actor === to.userId ? [] : [{ user: to.userId }]),
      ...(actor === to.userId || actor === null ? [{ members: to.merchantId }] : []),
    ],
  }),
  'points-updated': defineEvent({
    type: 'points-updated',
    summary: 'Points were added, deducted, or wait for approval',
    data: z.strictObject({
      cardId: idSchema,
      userId: idSchema,
      businessId: idSchema,
      businessName: z.string().optional(),
      delta: deltaSchema,
      balance: balanceSchema,
      reason: z.string().max(200),
      status: pointsStatusSchema,
      version: versionSchema,
    }),
    to: toBoth,
    feeds: bothFeeds,
    notifies: (to) => [{ user: to.userId }],
  }),
  'card-updated': defineEvent({
    type: 'card-updated',
    summary: 'A card changed; `card` as it is now',
    data: z.strictObject({
      cardId: idSchema,
      userId: idSchema,
      businessId: idSchema,
      programId: idSchema,
      balance: balanceSchema,
      tier: z.string().nullable(),
      card: cardSchema,
      version: versionSchema,
    }),
    to: toBoth,
    feeds: bothFeeds,
  }),
};
