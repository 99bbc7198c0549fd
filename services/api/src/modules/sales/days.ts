import { badField, longestSalesRange } from '@tidings/contracts';
import { Temporal } from 'temporal-polyfill';

export interface DayRange {
  /** YYYY-MM-DD, in order. */
  dates: string[];
  /** When each of them begins in the time zone, and when the last one ends. */
  boundaries: Date[];
}

/**
 * The days from `from` to `to`, both included; today where neither is given.
 * @throws Problem `bad-request` for a range that is turned round or too long
 */
export function dayRange(timeZone: string, { from, to }: { from?: string | undefined; to?: string | undefined }, now: Date): DayRange {
  const today = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(timeZone).toPlainDate();
  const last = to === undefined ? (from === undefined ? today : later(today, from)) : Temporal.PlainDate.from(to);
  const first = from === undefined ? last : Temporal.PlainDate.from(from);
  const days = first.until(last, { largestUnit: 'day' }).days + 1;
  if (days < 1) throw badField('to', 'must not be before from');
  if (days > longestSalesRange) throw badField('from', `must be at most ${longestSalesRange - 1} days before to`);
  const dates = Array.from({ length: days + 1 }, (_, index) => first.add({ days: index }));
  return {
    dates: dates.slice(0, -1).map(String),
    // A day whose midnight the clocks skip begins with its first instant.
    boundaries: dates.map((date) => new Date(date.toZonedDateTime(timeZone).epochMilliseconds)),
  };
}

const later = (today: Temporal.PlainDate, date: string): Temporal.PlainDate => {
  const other = Temporal.PlainDate.from(date);
  return Temporal.PlainDate.compare(today, other) < 0 ? other : today;
};
