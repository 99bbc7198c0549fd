import { z } from 'zod';
import { amountSchema, balanceSchema, currencySchema, idSchema, wordSchema } from '../common.js';

const share = z.number().min(0).max(1);
export const rehearsedKinds = ['succeeded', 'failed', 'refunded', 'disputed', 'dispute-won', 'dispute-lost'] as const;

/** Either one that was captured, or one made up: events with the same `payment` of one provider are of one top-up, which is made for
 * them, of the first one's amount. A refund's amount is what was given back in all. */
export const rehearsedEventSchema = z
  .strictObject({
    deliveryId: z
      .string()
      .regex(/^[A-Za-z0-9_.:-]{1,160}$/, 'must be the id of a delivery')
      .optional(),
    kind: z.enum(rehearsedKinds).optional(),
    /** In whose form it is made up; Stripe's unless given. */
    provider: z.enum(['stripe', 'razorpay']).optional(),
    payment: wordSchema.optional(),
    amount: amountSchema.optional(),
    currency: currencySchema.optional(),
  })
  .refine(
    ({ deliveryId, kind, amount, provider }) =>
      deliveryId === undefined ? kind !== undefined && amount !== undefined : kind === undefined && provider === undefined,
    'either deliveryId, or kind and amount',
  );
export type RehearsedEvent = z.output<typeof rehearsedEventSchema>;

/** Shares of the events, 0 to 1. The same seed makes the same run. */
export const rehearsalBody = z.strictObject({
  userId: idSchema,
  events: z.array(rehearsedEventSchema).min(1).max(100),
  shuffle: z
    .strictObject({
      duplicate: share.optional(),
      /** Comes when its signature is too old, and again at the end. */
      late: share.optional(),
      /** A copy whose body was changed after it was signed comes before the genuine one. */
      tamper: share.optional(),
      reorder: z.boolean().optional(),
      seed: z.int().min(0).max(2_147_483_647).optional(),
    })
    .default({}),
});
export type RehearsalInput = z.output<typeof rehearsalBody>;

const moneySchema = z.strictObject({ balance: balanceSchema, held: balanceSchema, currency: currencySchema });
const sumsSchema = z.strictObject({ byCurrency: z.record(z.string(), z.int()), sound: z.boolean() });

export const rehearsalSchema = z.strictObject({
  id: idSchema,
  userId: idSchema,
  seed: z.int(),
  before: moneySchema,
  after: moneySchema,
  steps: z.array(
    z.strictObject({
      event: z.string(),
      type: z.string(),
      how: z.enum(['genuine', 'duplicate', 'stale', 'late', 'tampered']),
      /** Its first 2,000 characters. */
      body: z.string(),
      /** What our webhook answered: accepted, or the code with which it refused. */
      answer: z.string(),
      /** What became of the delivery by then, and why. */
      state: z.string().optional(),
      reason: z.string().optional(),
      before: moneySchema,
      after: moneySchema,
      /** The event's own, and whichever else changed. */
      topUps: z.array(z.strictObject({ id: idSchema, status: z.string(), refunded: balanceSchema })),
      postings: z.array(z.strictObject({ account: z.string(), amount: z.int(), type: z.string() })),
      events: z.array(z.string()),
    }),
  ),
  sums: sumsSchema,
  /** Whether the genuine events alone, in order, come to the same. */
  sameAsPlain: z.boolean(),
});
export type Rehearsal = z.output<typeof rehearsalSchema>;
