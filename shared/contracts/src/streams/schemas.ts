import { z } from 'zod';
import { flagSchema, idSchema, timeSchema } from '../common.js';
import { feedNameSchema, feedResetSchema } from '../connection.js';
import { planSchema } from '../plans/schemas.js';
import { maxStreamFeeds, parsePosition, positionPattern } from './position.js';

const feedName = '[a-z]+(?::[A-Za-z0-9_-]{1,64}(?::[a-z]+)?)?';
/** Names separated by commas. */
const feedListSchema = z
  .string()
  .max(5_000)
  .regex(new RegExp(`^${feedName}(?:,${feedName}){0,${maxStreamFeeds - 1}}$`), `must be 1 to ${maxStreamFeeds} feeds, separated by commas`)
  .transform((text) => text.split(','))
  .refine((names) => names.every((name) => name.length <= 100), 'must be feeds');
const positionSchema = z
  .string()
  .regex(positionPattern, 'must be a cursor for each feed: epoch.1,2,…')
  .refine((text) => text !== '', 'must not be empty')
  .transform(parsePosition);
/** Whole seconds. */
const waitSchema = z
  .string()
  .regex(/^(?:[0-9]|[1-5][0-9]|60)$/, 'must be 0 to 60 seconds')
  .transform(Number);
const ticketSchema = z.string().regex(/^tkt_[A-Za-z0-9_-]{43}$/, 'must be a ticket');

export const streamQuery = z.strictObject({
  feeds: feedListSchema,
  cursors: positionSchema.optional(),
  /** For clients that cannot send the header `Last-Event-ID`, which goes before it. Both go before `cursors`. */
  lastEventId: positionSchema.optional(),
  ticket: ticketSchema.optional(),
  /** Without `event:` lines, so that `onmessage` gets everything: `data` is `{ type, data }` then. */
  unnamed: flagSchema.optional(),
});
export type StreamQuery = z.output<typeof streamQuery>;

export const pollQuery = z.strictObject({ feeds: feedListSchema, cursors: positionSchema.optional(), wait: waitSchema.optional() });
export type PollQuery = z.output<typeof pollQuery>;

/** An event of a feed where its name does not stand beside it: `data` is what Socket.IO brings, with `meta`. */
export const typedEventSchema = z.strictObject({ type: z.string(), data: z.looseObject({}) });

export const pollAnswerSchema = z.strictObject({
  entries: z.array(typedEventSchema),
  /** For the next request. */
  cursors: z.string(),
  /** Feeds whose cursor could not be continued: fetch their state anew; `cursors` goes on from their heads. */
  resets: z.array(feedResetSchema).optional(),
});
export type PollAnswer = z.output<typeof pollAnswerSchema>;

export const ticketBody = z.strictObject({
  /** All that it opens; everything that its owner may follow unless given. */
  feeds: z.array(feedNameSchema).min(1).max(maxStreamFeeds).optional(),
});
export const ticketAnswerSchema = z.strictObject({
  /** In the URL of an EventSource. It is told once. */
  ticket: z.string(),
  /** As the access token: from then on it opens nothing, and what it has opened ends. */
  expiresAt: timeSchema,
});

/** Where a plan stream stands. One of `plans:admin` names the feed: its numbers are others. */
export const planPositionSchema = z
  .string()
  .max(200)
  .regex(/^(?:[a-z]+:[A-Za-z0-9_-]{1,64}@)?[A-Za-z0-9_-]{1,64}\.[0-9]{1,15}$/, 'must be the id of a message');
export const planStreamQuery = z.strictObject({
  planId: idSchema.optional(),
  lastEventId: planPositionSchema.optional(),
  ticket: ticketSchema.optional(),
});
export type PlanStreamQuery = z.output<typeof planStreamQuery>;

/** One message of the plan stream, as existing apps read it. */
export const planMessageSchema = z.strictObject({
  type: z.enum(['CONNECTED', 'CREATE', 'UPDATE', 'DELETE']),
  /** `*` on an update: any plan may have changed while nobody knows what was missed; fetch them. */
  planId: z.union([idSchema, z.literal('*')]).optional(),
  planData: planSchema.optional(),
  /** Epoch milliseconds. */
  timestamp: z.int().min(0),
  /** For administrators. */
  adminEmail: z.string().optional(),
});
export type PlanMessage = z.output<typeof planMessageSchema>;

export const planSubscribersSchema = z.strictObject({ count: z.int().min(0) });
