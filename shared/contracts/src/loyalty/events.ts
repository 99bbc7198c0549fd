import { z } from 'zod';
import { balanceSchema, deltaSchema, idSchema, timeSchema, versionSchema } from '../common.js';
import { defineEvent, type FeedTarget } from '../event.js';
import { feeds } from '../feeds.js';
import { programSchema, rewardSchema } from './programs.js';
import {
  cardSchema,
  enrollmentSchema,
  enrollmentStatusSchema,
  pointsEntrySchema,
  pointsStatusSchema,
  redemptionSchema,
} from './schemas.js';
import { fraudAlertSchema, fraudKindSchema } from './fraud.js';
import { loyaltyCustomerSchema, scanSchema } from './views.js';

const toBoth = z.strictObject({ userId: idSchema, merchantId: idSchema });
const bothFeeds = (to: z.output<typeof toBoth>): readonly FeedTarget[] => [feeds.user(to.userId), feeds.merchant(to.merchantId)];
/**
 * `quiet`: the customer left or blocked, so the business hears nothing of it any more.
 */
const toParties = z.strictObject({ userId: idSchema, merchantId: idSchema, quiet: z.boolean().optional() });
const partyFeeds = (to: z.output<typeof toParties>): readonly FeedTarget[] =>
  to.quiet ? [feeds.user(to.userId)] : [feeds.user(to.userId), feeds.merchant(to.merchantId)];
const toMerchant = z.strictObject({ merchantId: idSchema });

export const loyaltyEvents = {
  'program-updated': defineEvent({
    type: 'program-updated',
    summary: 'A loyalty program was made or changed',
    data: z.strictObject({ programId: idSchema, businessId: idSchema, program: programSchema, version: versionSchema }),
    to: toMerchant,
    feeds: (to) => [feeds.menu(to.merchantId)],
  }),
  'reward-updated': defineEvent({
    type: 'reward-updated',
    summary: 'A reward was made or changed, or one was taken from its stock',
    data: z.strictObject({ rewardId: idSchema, businessId: idSchema, reward: rewardSchema, version: versionSchema }),
    to: toMerchant,
    feeds: (to) => [feeds.menu(to.merchantId)],
  }),
  'qr-scanned': defineEvent({
    type: 'qr-scanned',
    summary: "A merchant scanned the user's code",
    data: z.strictObject({
      scanId: idSchema,
      userId: idSchema,
      businessId: idSchema,
      businessName: z.string(),
      message: z.string(),
      /** As the log has it. The business's alone: who of it scanned is none of the customer's. */
      scan: scanSchema.optional(),
    }),
    to: toBoth,
    feeds: (to) => [{ feed: feeds.user(to.userId), omit: ['scan'] }, feeds.merchant(to.merchantId)],
    notifies: (to) => [{ user: to.userId }],
  }),
  'enrollment-requested': defineEvent({
    type: 'enrollment-requested',
    summary: 'Somebody asks for an enrollment; the other side decides',
    data: z.strictObject({
      enrollmentId: idSchema,
      userId: idSchema,
      businessId: idSchema,
      businessName: z.string(),
      programId: idSchema,
      programName: z.string(),
      customerName: z.string(),
      requestedBy: z.enum(['customer', 'merchant']),
      enrollment: enrollmentSchema,
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
      enrollment: enrollmentSchema,
    }),
    to: toParties,
    feeds: partyFeeds,
    // The system decides too (a request expires, a program enrolls by itself): then neither party did.
    notifies: (to, _data, actor) => [
      ...(actor === to.userId ? [] : [{ user: to.userId }]),
      ...(!to.quiet && (actor === to.userId || actor === null) ? [{ members: to.merchantId }] : []),
    ],
  }),
  'points-updated': defineEvent({
    type: 'points-updated',
    summary: 'Points were added, deducted, or wait for approval',
    data: z.strictObject({
      pointsId: idSchema,
      cardId: idSchema,
      userId: idSchema,
      businessId: idSchema,
      businessName: z.string(),
      delta: deltaSchema,
      /** Of the card. */
      balance: balanceSchema,
      reason: z.string().max(200),
      status: pointsStatusSchema,
      points: pointsEntrySchema,
      /** Of the card, as `balance` is: changes that move nothing tell the same one. How far the change itself has got is `points.version`. */
      version: versionSchema,
    }),
    to: toParties,
    feeds: partyFeeds,
    // A reward that is handed out tells so itself, and of what is reversed the change that does it tells.
    notifies: (to, { points, status }) => (points.source === 'redemption' || status === 'reversed' ? [] : [{ user: to.userId }]),
  }),
  'points-expiring': defineEvent({
    type: 'points-expiring',
    summary: 'Points of a card will be void soon',
    data: z.strictObject({
      cardId: idSchema,
      userId: idSchema,
      businessId: idSchema,
      businessName: z.string(),
      programId: idSchema,
      points: balanceSchema,
      expiresAt: timeSchema,
    }),
    to: z.strictObject({ userId: idSchema }),
    feeds: (to) => [feeds.user(to.userId)],
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
    to: toParties,
    feeds: partyFeeds,
  }),
  'loyalty-customer-updated': defineEvent({
    type: 'loyalty-customer-updated',
    summary: "A line of the business's list of customers, as it is now",
    data: z.strictObject({ userId: idSchema, businessId: idSchema, customer: loyaltyCustomerSchema, version: versionSchema }),
    to: toMerchant,
    feeds: (to) => [feeds.merchant(to.merchantId)],
  }),
  'redemption-updated': defineEvent({
    type: 'redemption-updated',
    summary: 'A reward was asked for, handed out, or not',
    data: z.strictObject({
      redemptionId: idSchema,
      cardId: idSchema,
      userId: idSchema,
      businessId: idSchema,
      redemption: redemptionSchema,
      version: versionSchema,
    }),
    to: toParties,
    feeds: partyFeeds,
    notifies: (to, data, actor) => (data.redemption.status === 'requested' || actor === to.userId ? [] : [{ user: to.userId }]),
  }),
  'analytics-updated': defineEvent({
    type: 'analytics-updated',
    summary: "A business's figures changed: fetch those that are on the screen",
    data: z.strictObject({ businessId: idSchema, dates: z.array(z.iso.date()).max(100), version: versionSchema }),
    to: toMerchant,
    feeds: (to) => [feeds.merchant(to.merchantId)],
  }),
  'fraud-alert': defineEvent({
    type: 'fraud-alert',
    summary: 'A business or a customer does something more often than people do; what went past the limit was refused',
    data: z.strictObject({
      alertId: idSchema,
      businessId: idSchema,
      businessName: z.string(),
      /** Where one customer is concerned. */
      userId: idSchema.optional(),
      kind: fraudKindSchema,
      limit: z.int().min(1),
      windowSeconds: z.int().min(1),
      alert: fraudAlertSchema,
    }),
    to: z.strictObject({}),
    feeds: () => [feeds.admin],
  }),
};
