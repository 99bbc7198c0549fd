import { z } from 'zod';
import { idSchema, timeSchema, versionSchema, wordSchema } from '../common.js';
import { defineEvent, type FeedTarget, type Recipient } from '../event.js';
import { feeds } from '../feeds.js';
import { durationSchema, investmentStatusSchema, planSchema, roiSchema } from './schemas.js';

const toPlan = z.strictObject({ planId: idSchema });
const planData = z.strictObject({
  planId: idSchema,
  planData: planSchema,
  version: versionSchema,
  /** Epoch milliseconds, as existing apps read it. */
  timestamp: z.int().min(0),
  adminEmail: z.string().optional(),
  /** Field by field, on an update. */
  changes: z
    .array(z.strictObject({ field: z.string(), from: z.unknown(), to: z.unknown() }))
    .max(50)
    .optional(),
});
const planFeeds = (to: z.output<typeof toPlan>): readonly FeedTarget[] => [
  { feed: feeds.plans, omit: ['adminEmail'] },
  { feed: feeds.plan(to.planId), omit: ['adminEmail'] },
  feeds.plansAdmin,
];
const followers = (to: z.output<typeof toPlan>): readonly Recipient[] => [{ followers: feeds.plan(to.planId) }];

export const planEvents = {
  'plan-created': defineEvent({
    type: 'plan-created',
    summary: 'An investment plan was published',
    data: planData,
    to: toPlan,
    feeds: planFeeds,
    notifies: followers,
  }),
  'plan-updated': defineEvent({
    type: 'plan-updated',
    summary: 'An investment plan changed',
    data: planData,
    to: toPlan,
    feeds: planFeeds,
    notifies: followers,
  }),
  'plan-deleted': defineEvent({
    type: 'plan-deleted',
    summary: 'An investment plan was withdrawn; `planData` is its last state',
    data: planData,
    to: toPlan,
    feeds: planFeeds,
    notifies: followers,
  }),
  'investment-updated': defineEvent({
    type: 'investment-updated',
    summary: "A user's investment was made, changed with its plan, matured, or was refunded",
    data: z.strictObject({
      investmentId: idSchema,
      userId: idSchema,
      planId: idSchema,
      roi: roiSchema,
      duration: durationSchema,
      status: investmentStatusSchema,
      maturesAt: timeSchema,
      reason: wordSchema,
      version: versionSchema,
    }),
    to: z.strictObject({ userId: idSchema }),
    feeds: (to) => [feeds.user(to.userId)],
    notifies: (to) => [{ user: to.userId }],
  }),
};
