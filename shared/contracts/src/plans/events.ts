import { z } from 'zod';
import { idSchema, timeSchema, versionSchema, wordSchema } from '../common.js';
import { defineEvent, type FeedTarget, type Recipient } from '../event.js';
import { feeds } from '../feeds.js';
import { investmentSchema, investmentStatusSchema } from './investments.js';
import { durationSchema, fieldChangeSchema, planSchema, roiSchema } from './schemas.js';

/** `draft`: of a plan that only administrators see yet. */
const toPlan = z.strictObject({ planId: idSchema, draft: z.literal(true).optional() });
const planData = z.strictObject({
  planId: idSchema,
  planData: planSchema,
  version: versionSchema,
  /** Epoch milliseconds, as existing apps read it. */
  timestamp: z.int().min(0),
  adminEmail: z.string().optional(),
  /** Field by field, on an update. */
  changes: z.array(fieldChangeSchema).max(50).optional(),
});
const planFeeds = ({ planId, draft }: z.output<typeof toPlan>): readonly FeedTarget[] =>
  draft
    ? [feeds.plansAdmin]
    : [{ feed: feeds.plans, omit: ['adminEmail'] }, { feed: feeds.plan(planId), omit: ['adminEmail'] }, feeds.plansAdmin];
const followers = ({ planId, draft }: z.output<typeof toPlan>): readonly Recipient[] => (draft ? [] : [{ followers: feeds.plan(planId) }]);

export const planEvents = {
  'plan-created': defineEvent({
    type: 'plan-created',
    summary: 'An investment plan was published; administrators are told of one that waits for its date, too',
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
    summary: "A user's investment was made, changed with its plan, matured, or was refunded: `reason` says which",
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
      investment: investmentSchema,
    }),
    to: z.strictObject({ userId: idSchema }),
    feeds: (to) => [feeds.user(to.userId)],
    notifies: (to) => [{ user: to.userId }],
  }),
};
