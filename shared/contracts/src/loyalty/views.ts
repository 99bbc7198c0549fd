import { z } from 'zod';
import { amountSchema, balanceSchema, idSchema, inOrder, listQuery, text, timeSchema, versionSchema } from '../common.js';
import { codeSchema } from '../payments/codes.js';
import { cardSchema, enrollmentSchema, pointsEntrySchema } from './schemas.js';

/**
 * `code`: what the customer shows. Without `programId`: the oldest program in which the customer is, else the oldest of the business.
 * `amount`: minor units that the customer spends, for rules by amount.
 */
export const scanBody = z.strictObject({
  code: codeSchema,
  businessId: idSchema.optional(),
  programId: idSchema.optional(),
  amount: amountSchema.optional(),
});
export type ScanInput = z.output<typeof scanBody>;

/** `repeated`: the code was scanned a moment ago; the answer is that scan's, and nothing was counted again. */
export const scanAnswerSchema = z.strictObject({
  scanId: idSchema,
  customer: z.strictObject({ userId: idSchema, name: z.string() }),
  repeated: z.boolean(),
  enrollment: enrollmentSchema.optional(),
  card: cardSchema.optional(),
  points: pointsEntrySchema.optional(),
});

/** What came of a scan. */
export const scanOutcomeSchema = z.enum(['visit', 'enrollment-requested', 'enrolled', 'waiting']);
export type ScanOutcome = z.output<typeof scanOutcomeSchema>;

export const scanSchema = z.strictObject({
  id: idSchema,
  businessId: idSchema,
  programId: idSchema,
  userId: idSchema,
  customerName: z.string(),
  /** The member who scanned. */
  scannedBy: idSchema,
  /** `code`: of the app; `card`: the one on paper. */
  kind: z.enum(['code', 'card']),
  outcome: scanOutcomeSchema,
  /** Whether it was the customer's first at this business. */
  isFirst: z.boolean(),
  amount: amountSchema.nullable(),
  /** What the rules gave; 0 also while they wait for approval. */
  points: balanceSchema,
  at: timeSchema,
});
export type Scan = z.output<typeof scanSchema>;
export const scansQuery = z.strictObject({ ...listQuery, userId: idSchema.optional() });

/** A customer of a business: one line of its list, over all of its programs. */
export const loyaltyCustomerSchema = z.strictObject({
  userId: idSchema,
  name: z.string(),
  /** `left`: has no active card any more. */
  status: z.enum(['active', 'left']),
  /** Points, over the business's programs. */
  balance: balanceSchema,
  lifetime: balanceSchema,
  visits: z.int().min(0),
  lastVisitAt: timeSchema.nullable(),
  programIds: z.array(idSchema),
  tags: z.array(z.string()),
  enrolledAt: timeSchema,
  version: versionSchema,
});
export type LoyaltyCustomer = z.output<typeof loyaltyCustomerSchema>;

/** Written as names and words are: letters of any script, digits, and what stands between them. */
const words = (max: number) => text(max).regex(/^[\p{L}\p{M}\p{N} .,'’&()-]*$/u, 'must be letters, digits and spaces');
const tagSchema = words(40).toLowerCase();

/**
 * Newest first unless sorted. `search`: the beginning of the name from any of its words on, whatever the case; hits come in the order of what matched,
 * so it takes no other `sort` than `name`. Who has left is not listed.
 */
const chosen = {
  search: words(60).optional(),
  sort: z.enum(['enrolled', 'last-visit', 'lifetime', 'balance', 'name']).optional(),
  tag: tagSchema.optional(),
};
const isSorted = ({ search, sort = 'name' }: { search?: string | undefined; sort?: string | undefined }): boolean =>
  search === undefined || sort === 'name';
const unsorted = { path: ['sort'], message: 'must be name with search' };
export const customersQuery = z.strictObject({ ...listQuery, ...chosen }).refine(isSorted, unsorted);
/** The same without pages. By `enrolled`, as it is unless sorted, each customer comes once, whatever changes meanwhile. */
export const customersFileQuery = z.strictObject(chosen).refine(isSorted, unsorted);

export const customerParams = z.strictObject({ id: idSchema, userId: idSchema });
export const tagsBody = z.strictObject({
  tags: z
    .array(tagSchema)
    .max(20)
    .refine((tags) => new Set(tags).size === tags.length, 'each once'),
});

export const interactionKindSchema = z.enum([
  'scan',
  'enrollment-requested',
  'enrollment-approved',
  'enrollment-declined',
  'enrollment-withdrawn',
  'enrollment-blocked',
  'enrollment-unblocked',
  'enrollment-expired',
  'points-posted',
  'points-pending',
  'points-denied',
  'points-reversed',
  'redemption-requested',
  'redemption-confirmed',
  'redemption-cancelled',
  'redemption-expired',
  'tags-changed',
]);
export type InteractionKind = z.output<typeof interactionKindSchema>;

/** Something that happened between a business and a customer. */
export const interactionSchema = z.strictObject({
  id: idSchema,
  businessId: idSchema,
  userId: idSchema,
  kind: interactionKindSchema,
  programId: idSchema.nullable(),
  /** Of the scan, enrollment, points or redemption. */
  subjectId: idSchema.nullable(),
  /** Points that moved. */
  delta: z.int().nullable(),
  /** Who did it; null: the system. */
  by: idSchema.nullable(),
  at: timeSchema,
});
export type Interaction = z.output<typeof interactionSchema>;

/**
 * One customer as the business sees it. Of somebody who is not on its list, being asked or gone, it sees the enrollments as it was told of them, and
 * nothing else.
 */
export const customerViewSchema = z.strictObject({
  /** null: not on the list. */
  customer: loyaltyCustomerSchema.nullable(),
  /** Newest first. */
  enrollments: z.array(enrollmentSchema),
  cards: z.array(cardSchema),
  /** The newest 20; `/interactions` has all. */
  interactions: z.array(interactionSchema),
});

const dateSchema = z.iso.date().refine((date) => date >= '1970-01-01', 'must not be before 1970');
/** Days by the merchant's calendar, both included; the last 30 unless given. */
export const analyticsQuery = inOrder(z.strictObject({ from: dateSchema.optional(), to: dateSchema.optional() }), ['from', 'to']);

const count = z.int().min(0);
const counters = {
  scans: count,
  /** Of the scans: a customer's first, and all others. */
  newCustomers: count,
  returning: count,
  enrollmentsRequested: count,
  enrolled: count,
  /** Points. `issued`: awards, whatever became of them; `reversed`: what was taken back of awards. */
  issued: count,
  reversed: count,
  redeemed: count,
  expired: count,
};
export const analyticsCountersSchema = z.strictObject(counters);
export type AnalyticsCounters = z.output<typeof analyticsCountersSchema>;

/** Figures follow what happens within a second. */
export const analyticsSchema = z.strictObject({
  businessId: idSchema,
  timeZone: z.string(),
  from: z.iso.date(),
  to: z.iso.date(),
  total: analyticsCountersSchema,
  days: z.array(z.strictObject({ date: z.iso.date(), ...counters })),
  /** Scans by the hour of the merchant's day, 0 to 23. */
  hours: z.array(count).length(24),
  /** Of the enrollments that scans asked for in that time, those accepted until now, in basis points; null while none asked. */
  conversion: z.int().min(0).nullable(),
  /** Customers with an active card, now. */
  customers: count,
  /** Points that customers hold now: what the business owes. */
  outstanding: count,
  version: versionSchema,
});
export type Analytics = z.output<typeof analyticsSchema>;
