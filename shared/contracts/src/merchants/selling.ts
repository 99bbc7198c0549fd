import { z } from 'zod';
import { idSchema, text, timeSchema, versionSchema } from '../common.js';

export const weekdays = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] as const;
export type Weekday = (typeof weekdays)[number];

const clockSchema = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'must be a time as 09:30');

/** From a time on, up to and without another, by the merchant's clock. One that is not later is the next day's: 18:00 to 02:00, 00:00 to 00:00. */
export const openIntervalSchema = z.strictObject({ from: clockSchema, to: clockSchema });
export type OpenInterval = z.output<typeof openIntervalSchema>;
const intervalsSchema = z.array(openIntervalSchema).max(4);

/** What begins on each day; a day that is missing is closed. */
export const openingHoursSchema = z.strictObject(
  Object.fromEntries(weekdays.map((day) => [day, intervalsSchema.optional()])) as Record<Weekday, z.ZodOptional<typeof intervalsSchema>>,
);
export type OpeningHours = z.output<typeof openingHoursSchema>;

/** What begins on this date in place of its weekday's hours; nothing: closed. */
export const hoursExceptionSchema = z.strictObject({ date: z.iso.date(), hours: intervalsSchema, note: text(120).optional() });
export type HoursException = z.output<typeof hoursExceptionSchema>;

/** What becomes of an order that is ready and that nobody picks up. */
export const unclaimedRuleSchema = z.strictObject({
  /** Whole minutes after it was ready. */
  afterMinutes: z.int().min(1).max(10_080),
  /** Whether the customer gets the money back. */
  refund: z.boolean(),
});
export type UnclaimedRule = z.output<typeof unclaimedRuleSchema>;

/** Replaces the settings; pausing has routes of its own. */
export const sellingBody = z.strictObject({
  /** null: always open. */
  hours: openingHoursSchema.nullable(),
  exceptions: z
    .array(hoursExceptionSchema)
    .max(60)
    .refine((list) => new Set(list.map(({ date }) => date)).size === list.length, 'one exception for each date')
    .default([]),
  /** null: such orders stay ready until somebody ends them. */
  unclaimed: unclaimedRuleSchema.nullable().default(null),
});
export type SellingInput = z.output<typeof sellingBody>;

/** Without `until`: until it is resumed. The body may be left out. */
export const pauseBody = z.strictObject({ until: timeSchema.optional() }).default({});
export type PauseInput = z.output<typeof pauseBody>;

/** Whether and when a merchant takes orders. */
export const sellingSchema = z.strictObject({
  vendorId: idSchema,
  /** Orders are taken now. */
  open: z.boolean(),
  paused: z.boolean(),
  /** null also while paused without an end. */
  pausedUntil: timeSchema.nullable(),
  /** When `open` or `paused` changes next if nobody changes anything; null: never. */
  nextChangeAt: timeSchema.nullable(),
  /** Of the hours and dates. */
  timeZone: z.string(),
  hours: openingHoursSchema.nullable(),
  exceptions: z.array(hoursExceptionSchema),
  unclaimed: unclaimedRuleSchema.nullable(),
  version: versionSchema,
});
export type Selling = z.output<typeof sellingSchema>;
