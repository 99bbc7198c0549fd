import { Temporal } from 'temporal-polyfill';
import type { SubscriptionDocument } from './subscriptions.model.js';

/** Days before the end of a period on which owners are reminded. */
export const reminderDays = [7, 3, 1] as const;
/** Days after a payment was due on which it is tried; when the last has failed, the subscription expires. */
export const retryDays = [0, 1, 3, 5, 7] as const;
const lastRetryDay = Math.max(...retryDays);

/** What the clock has to do to a subscription. */
export type Turn = { act: 'remind'; days: number } | { act: 'end' } | { act: 'retry' };

type Grace = NonNullable<SubscriptionDocument['grace']>;
type Watched = Pick<SubscriptionDocument, 'status' | 'endDate' | 'grace' | 'reminded'> & Partial<Pick<SubscriptionDocument, 'closedAt'>>;

const zoned = (time: Date, timeZone: string): Temporal.ZonedDateTime =>
  Temporal.Instant.fromEpochMilliseconds(time.getTime()).toZonedDateTimeISO(timeZone);
const toDate = (time: Temporal.ZonedDateTime): Date => new Date(time.epochMilliseconds);

/**
 * So many calendar months later by the clock there: the same time of day, whatever clocks did meanwhile, and the last day of a month that
 * has no such day (RFC 5545, 3.3.10 leaves it out; a subscription has no month without an end).
 */
export function monthsAfter(anchor: Date, months: number, timeZone: string): Date {
  return toDate(zoned(anchor, timeZone).add({ months }));
}

/** Calendar days, which may have 23 or 25 hours; below zero: before. */
export function daysAfter(time: Date, days: number, timeZone: string): Date {
  return toDate(zoned(time, timeZone).add({ days }));
}

/** Between two dates there: the day of `from` counts, that of `to` does not. */
export function daysBetween(from: Date, to: Date, timeZone: string): number {
  return zoned(from, timeZone).toPlainDate().until(zoned(to, timeZone).toPlainDate(), { largestUnit: 'day' }).days;
}

/** Those reminders of a period that have passed when it begins are not sent. */
export function remindedAt(endDate: Date, now: Date, timeZone: string): number | null {
  return latestReminder(endDate, now, timeZone);
}

/** The grace that begins with a first attempt that failed. */
export const graceSince = (since: Date, timeZone: string): Grace => ({
  since,
  until: daysAfter(since, lastRetryDay, timeZone),
  attempts: 1,
});

/** Whether this was the last attempt. */
export const isLastAttempt = (attempts: number): boolean => attempts >= retryDays.length;

/** When the clock has something to do next, if nobody changes anything; null: never. */
export function nextTurnAt(subscription: Watched, timeZone: string): Date | null {
  const { endDate, grace, reminded } = subscription;
  if (!isRunning(subscription)) return null;
  if (grace) return retryAt(grace, timeZone);
  const next = reminderDays.find((days) => days < (reminded ?? Infinity));
  return next === undefined ? endDate : daysAfter(endDate, -next, timeZone);
}

/** What there is to do at a time; of reminders that were missed only the newest. */
export function turnAt(subscription: Watched, time: Date, timeZone: string): Turn | null {
  const { endDate, grace, reminded } = subscription;
  if (!isRunning(subscription)) return null;
  if (grace) return retryAt(grace, timeZone) <= time ? { act: 'retry' } : null;
  if (endDate <= time) return { act: 'end' };
  const days = latestReminder(endDate, time, timeZone);
  return days !== null && days < (reminded ?? Infinity) ? { act: 'remind', days } : null;
}

/** An expired one waits for a payment, a suspended one for an administrator, one whose merchant was deleted for nobody. */
const isRunning = ({ status, closedAt }: Watched): boolean => !closedAt && status !== 'expired' && status !== 'suspended';

const retryAt = ({ since, attempts }: Grace, timeZone: string): Date => daysAfter(since, retryDays[attempts] ?? lastRetryDay, timeZone);

function latestReminder(endDate: Date, time: Date, timeZone: string): number | null {
  return reminderDays.findLast((days) => daysAfter(endDate, -days, timeZone) <= time) ?? null;
}
