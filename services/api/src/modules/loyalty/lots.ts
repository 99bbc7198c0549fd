import { Temporal } from 'temporal-polyfill';
import type { Lot } from './loyalty.model.js';

/** When points that are earned now are void: with the end of the merchant's day, so many days on. */
export function endOfPoints(now: Date, days: number, timeZone: string): Date {
  const today = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(timeZone).toPlainDate();
  return new Date(today.add({ days: days + 1 }).toZonedDateTime(timeZone).epochMilliseconds);
}

/** The same hour of the merchant's clock, so many days before. */
export function warningOfEnd(end: Date, days: number, timeZone: string): Date {
  const local = Temporal.Instant.fromEpochMilliseconds(end.getTime()).toZonedDateTimeISO(timeZone);
  return new Date(local.subtract({ days }).epochMilliseconds);
}

/** The lots with these too, the first end first; one lot for each end. */
export function addLots(lots: readonly Lot[], more: readonly Lot[]): Lot[] {
  const byEnd = new Map(lots.map(({ expiresAt, points }) => [expiresAt.getTime(), points]));
  for (const { expiresAt, points } of more) byEnd.set(expiresAt.getTime(), (byEnd.get(expiresAt.getTime()) ?? 0) + points);
  return [...byEnd]
    .toSorted(([a], [b]) => a - b)
    .map(([end, points]) => ({ expiresAt: new Date(end), points }))
    .filter(({ points }) => points > 0);
}

/**
 * Takes points, the first end first; `first` are lots to take from before all others (those of an award that is taken back). What the lots do not
 * have comes from the points that stay.
 */
export function takeLots(lots: readonly Lot[], points: number, first: readonly Lot[] = []): { left: Lot[]; taken: Lot[] } {
  const preferred = new Map(first.map((lot) => [lot.expiresAt.getTime(), lot.points]));
  const taken = new Map<number, number>();
  let missing = points;
  const take = (end: number, most: number): void => {
    const amount = Math.min(most, missing);
    if (amount <= 0) return;
    taken.set(end, (taken.get(end) ?? 0) + amount);
    missing -= amount;
  };
  for (const { expiresAt, points: has } of lots) take(expiresAt.getTime(), Math.min(has, preferred.get(expiresAt.getTime()) ?? 0));
  for (const { expiresAt, points: has } of lots) take(expiresAt.getTime(), has - (taken.get(expiresAt.getTime()) ?? 0));
  const lotsTaken = [...taken].map(([end, amount]) => ({ expiresAt: new Date(end), points: amount }));
  return {
    left: addLots(
      lots,
      lotsTaken.map(({ expiresAt, points: amount }) => ({ expiresAt, points: -amount })),
    ),
    taken: addLots([], lotsTaken),
  };
}

export const sumOf = (lots: readonly Lot[]): number => lots.reduce((sum, { points }) => sum + points, 0);
