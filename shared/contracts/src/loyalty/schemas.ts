import { z } from 'zod';
import { balanceSchema, deltaSchema, idSchema, listQuery, text, timeSchema, versionSchema } from '../common.js';
import { codeSchema } from '../payments/codes.js';

export const enrollmentStatuses = ['requested', 'approved', 'declined', 'withdrawn', 'blocked', 'expired'] as const;
export const enrollmentStatusSchema = z.enum(enrollmentStatuses);
export type EnrollmentStatus = z.output<typeof enrollmentStatusSchema>;

const partySchema = z.enum(['customer', 'merchant']);
export type Party = z.output<typeof partySchema>;

/** A customer's place in a program, from the request on. */
export const enrollmentSchema = z.strictObject({
  id: idSchema,
  userId: idSchema,
  customerName: z.string(),
  businessId: idSchema,
  businessName: z.string(),
  programId: idSchema,
  programName: z.string(),
  status: enrollmentStatusSchema,
  requestedBy: partySchema,
  /** Who declined, withdrew or blocked; null: nobody, or the clock. */
  endedBy: partySchema.nullable(),
  /** Until when a request can be decided. */
  expiresAt: timeSchema.nullable(),
  /** Of the card that accepting makes. */
  cardId: idSchema.nullable(),
  version: versionSchema,
  createdAt: timeSchema,
  updatedAt: timeSchema,
});
export type Enrollment = z.output<typeof enrollmentSchema>;

/** `userId`: by a member of the business, for that customer; without it the caller wants to join. */
export const enrollmentBody = z.strictObject({ programId: idSchema, userId: idSchema.optional() });
export type EnrollmentInput = z.output<typeof enrollmentBody>;

/**
 * `accept`, `decline`: by the side that did not ask. `withdraw`: by the side that asked, or by the customer who leaves. `block`: by either side, `unblock` by
 * the one that blocked.
 */
export const enrollmentDecisionBody = z.strictObject({ decision: z.enum(['accept', 'decline', 'withdraw', 'block', 'unblock']) });
export type EnrollmentDecision = z.output<typeof enrollmentDecisionBody>['decision'];

/** The caller's own; with `businessId` those of a business. */
export const enrollmentsQuery = z.strictObject({
  ...listQuery,
  businessId: idSchema.optional(),
  programId: idSchema.optional(),
  status: enrollmentStatusSchema.optional(),
});

/** A customer's card in one program. Points. */
export const cardSchema = z.strictObject({
  id: idSchema,
  userId: idSchema,
  customerName: z.string(),
  businessId: idSchema,
  businessName: z.string(),
  programId: idSchema,
  programName: z.string(),
  /** `closed`: the customer left or a side blocked; nothing moves until the customer joins again. */
  status: z.enum(['active', 'closed']),
  balance: balanceSchema,
  /** Set aside for rewards that are being handed out; not in `balance`. */
  held: balanceSchema,
  /** Earned in all; spending and expiry take nothing away. */
  lifetime: balanceSchema,
  tier: z.string().nullable(),
  visits: z.int().min(0),
  lastVisitAt: timeSchema.nullable(),
  /** The points that are void next. */
  expiring: z.strictObject({ points: balanceSchema, at: timeSchema }).nullable(),
  version: versionSchema,
  createdAt: timeSchema,
  updatedAt: timeSchema,
});
export type Card = z.output<typeof cardSchema>;

export const pointsStatusSchema = z.enum(['posted', 'pending', 'denied', 'reversed']);
export const pointsSourceSchema = z.enum(['visit', 'order', 'manual', 'redemption', 'expiry', 'reversal']);
export type PointsSource = z.output<typeof pointsSourceSchema>;

/** One change of a card's points. */
export const pointsEntrySchema = z.strictObject({
  id: idSchema,
  cardId: idSchema,
  userId: idSchema,
  businessId: idSchema,
  businessName: z.string(),
  programId: idSchema,
  programName: z.string(),
  delta: deltaSchema,
  reason: z.string().max(200),
  source: pointsSourceSchema,
  /** `pending`: waits for the customer, nothing moved; `reversed`: posted, and taken back by another entry since. */
  status: pointsStatusSchema,
  /** The card's balance right after; null while nothing moved. */
  balance: balanceSchema.nullable(),
  orderId: idSchema.nullable(),
  scanId: idSchema.nullable(),
  redemptionId: idSchema.nullable(),
  reversalOf: idSchema.nullable(),
  version: versionSchema,
  createdAt: timeSchema,
  updatedAt: timeSchema,
});
export type PointsEntry = z.output<typeof pointsEntrySchema>;

export const pointsBody = z.strictObject({
  delta: z
    .int()
    .min(-1_000_000_000)
    .max(1_000_000_000)
    .refine((delta) => delta !== 0, 'must not be zero'),
  reason: text(200),
});
export type PointsInput = z.output<typeof pointsBody>;

/** `id`: of the change; `card` as it is now. */
export const pointsAnswerSchema = z.strictObject({ id: idSchema, status: pointsStatusSchema, points: pointsEntrySchema, card: cardSchema });

export const pointsDecisionBody = z.strictObject({ decision: z.enum(['accept', 'decline']) });
export const reversalBody = z.strictObject({ reason: text(200) });

/** Newest first; `cardId` or `status` narrows. */
export const pointsQuery = z.strictObject({ ...listQuery, cardId: idSchema.optional(), status: pointsStatusSchema.optional() });
export const cardsQuery = z.strictObject({ ...listQuery, businessId: idSchema.optional() });

export const redemptionStatusSchema = z.enum(['requested', 'confirmed', 'cancelled', 'expired']);
export type RedemptionStatus = z.output<typeof redemptionStatusSchema>;

/** A reward on its way from the customer's screen to the customer's hand. The points are set aside until it is handed out. */
export const redemptionSchema = z.strictObject({
  id: idSchema,
  cardId: idSchema,
  userId: idSchema,
  customerName: z.string(),
  businessId: idSchema,
  businessName: z.string(),
  programId: idSchema,
  rewardId: idSchema,
  rewardName: z.string(),
  cost: balanceSchema,
  status: redemptionStatusSchema,
  expiresAt: timeSchema,
  version: versionSchema,
  createdAt: timeSchema,
  updatedAt: timeSchema,
});
export type Redemption = z.output<typeof redemptionSchema>;

export const redemptionBody = z.strictObject({ rewardId: idSchema });
/** `card` as it is now, with the points set aside. */
export const redemptionAnswerSchema = redemptionSchema.extend({ card: cardSchema });
export const confirmBody = z.strictObject({ code: codeSchema });
export const redemptionsQuery = z.strictObject({
  ...listQuery,
  businessId: idSchema.optional(),
  status: redemptionStatusSchema.optional(),
});
