import { z } from 'zod';
import { idSchema } from '../common.js';
import { defineEvent, type FeedTarget } from '../event.js';
import { feeds } from '../feeds.js';
import { financeAccountSchema, financeGoalSchema, financeTransactionSchema, syncEntityTypeSchema } from './schemas.js';

const toUser = z.strictObject({ userId: idSchema });
const userFeed = (to: z.output<typeof toUser>): readonly FeedTarget[] => [feeds.user(to.userId)];

// The underscores are what existing apps listen to.
export const financeEvents = {
  'sync-changed': defineEvent({
    type: 'sync-changed',
    summary: 'Another device pushed changes: pull from the own cursor',
    data: z.strictObject({
      entityType: syncEntityTypeSchema,
      ids: z.array(idSchema).max(1000),
      cursor: z.string().max(256),
      deviceId: z.string().nullable(),
    }),
    to: toUser,
    feeds: userFeed,
  }),
  transaction_updated: defineEvent({
    type: 'transaction_updated',
    summary: 'An entry of the own book-keeping changed',
    data: z.strictObject({ transaction: financeTransactionSchema }),
    to: toUser,
    feeds: userFeed,
  }),
  account_updated: defineEvent({
    type: 'account_updated',
    summary: 'An account of the own book-keeping changed',
    data: z.strictObject({ account: financeAccountSchema }),
    to: toUser,
    feeds: userFeed,
  }),
  goal_updated: defineEvent({
    type: 'goal_updated',
    summary: 'A savings goal changed',
    data: z.strictObject({ goal: financeGoalSchema }),
    to: toUser,
    feeds: userFeed,
  }),
};
