import { z } from 'zod';
import { idSchema, timeSchema } from '../common.js';

const seq = z.int().min(1);
const id = z.string();

/** When it was, and how long after the step before and after the first one, in milliseconds by the clocks of those who did it. */
const when = { at: timeSchema, sincePreviousMs: z.int().min(0), sinceStartMs: z.int().min(0) };

const providerEvent = z.strictObject({
  ...when,
  kind: z.literal('provider-event'),
  /** `{provider}:{the provider's event id}`. */
  id,
  type: z.string(),
  state: z.string(),
  processedAt: timeSchema.nullable(),
});
/** `id` is in the access log and in `X-Request-Id`. */
const request = z.strictObject({ ...when, kind: z.literal('request'), id });
const job = z.strictObject({ ...when, kind: z.literal('job'), id, type: z.string(), state: z.string(), attempts: z.int().min(0) });
/** It was emitted: its transaction began then. */
const event = z.strictObject({ ...when, kind: z.literal('event'), id, type: z.string() });
const transfer = z.strictObject({
  ...when,
  kind: z.literal('transfer'),
  id,
  type: z.string(),
  currency: z.string(),
  /** Signed minor units, by account. */
  postings: z.array(z.strictObject({ account: z.string(), amount: z.int() })),
});
/** It was appended: gateways deliver it from then on. */
const feedEntry = z.strictObject({ ...when, kind: z.literal('feed-entry'), eventId: id, type: z.string(), feed: z.string(), seq });
/** At that time, at the latest, it had left the gateway for this device, which had been sent the feed up to `sentUpTo`. */
const delivery = z.strictObject({
  ...when,
  kind: z.literal('delivery'),
  eventId: id,
  feed: z.string(),
  seq,
  sentUpTo: seq,
  userId: z.string(),
  sessionId: z.string(),
  deviceId: z.string().nullable(),
  connection: z.string(),
  gateway: z.string(),
  connectedAt: timeSchema,
  disconnectedAt: timeSchema.nullable(),
});
const notification = z.strictObject({
  ...when,
  kind: z.literal('notification'),
  id,
  eventId: id,
  userId: z.string(),
  title: z.string(),
  channel: z.literal('in-app'),
  attempts: z.array(z.strictObject({ at: timeSchema, outcome: z.literal('written') })),
  readAt: timeSchema.nullable(),
});

export const timelineStepSchema = z.discriminatedUnion('kind', [
  providerEvent,
  request,
  job,
  event,
  transfer,
  feedEntry,
  delivery,
  notification,
]);
export type TimelineStep = z.output<typeof timelineStepSchema>;

/** From what caused the event to the devices, oldest step first. `truncated`: more people or devices than are shown. */
export const timelineSchema = z.strictObject({
  eventId: idSchema,
  type: z.string(),
  steps: z.array(timelineStepSchema),
  truncated: z.boolean(),
});
export type Timeline = z.output<typeof timelineSchema>;
