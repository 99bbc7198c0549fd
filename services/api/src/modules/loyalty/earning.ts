import { weekdays, type BonusHours, type EarnRule, type Tier } from '@tidings/contracts';
import { Temporal } from 'temporal-polyfill';
import type { CardDocument, PointsDocument, ProgramDocument } from './loyalty.model.js';

/** What a customer did, as far as rules look at it. `amount` in minor units. */
export interface Doing {
  visits?: number;
  amount?: number;
  items?: readonly { itemId: string; quantity: number }[];
  /** What is left of the items' price when a part was given back, minor units: rules by item give that share. */
  kept?: { left: number; price: number };
}

/** What rules give at once at most: sums of high rules stay whole numbers. */
const mostAtOnce = 1_000_000_000;

/** Points by the rules, with the bonus of the hour, before the day's cap. Pure. */
export function pointsBy(program: Pick<ProgramDocument, 'rules' | 'bonus'>, doing: Doing, now: Date, timeZone: string): number {
  const base = program.rules.reduce((sum, rule) => sum + byRule(rule, doing), 0);
  return Math.min(mostAtOnce, Math.floor((base * bonusPercent(program.bonus, now, timeZone)) / 100));
}

function byRule(rule: EarnRule, { visits = 0, amount = 0, items = [], kept }: Doing): number {
  switch (rule.kind) {
    case 'visit':
      return rule.points * visits;
    case 'amount':
      return rule.points * Math.floor(amount / rule.per);
    case 'item':
      return shareOf(rule.points * items.reduce((sum, { itemId, quantity }) => sum + (itemId === rule.itemId ? quantity : 0), 0), kept);
  }
}

/** Rounded down, and exact: the product is more than a double holds. */
function shareOf(points: number, kept: Doing['kept']): number {
  if (!kept || kept.left >= kept.price) return points;
  return Number((BigInt(points) * BigInt(kept.left)) / BigInt(kept.price));
}

/** Hours that reach past midnight belong to the day on which they began. */
export function bonusPercent(bonus: readonly BonusHours[], now: Date, timeZone: string): number {
  const clock = Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(timeZone);
  const time = clock.toPlainTime().toString({ smallestUnit: 'minute' });
  const today = weekdays[clock.dayOfWeek - 1]!;
  const yesterday = weekdays[(clock.dayOfWeek + 5) % 7]!;
  const holds = ({ days, hours: { from, to } }: BonusHours): boolean => {
    const wraps = to <= from;
    const begunToday = days.includes(today) && from <= time && (wraps || time < to);
    return begunToday || (wraps && days.includes(yesterday) && time < to);
  };
  return Math.max(100, ...bonus.filter(holds).map(({ percent }) => percent));
}

/** What of the points the day's cap still lets through, and what then was earned on that day. A clock that is behind begins no day anew. */
export function underCap(
  { capPerDay }: Pick<ProgramDocument, 'capPerDay'>,
  { earned }: Pick<CardDocument, 'earned'>,
  points: number,
  date: string,
): { points: number; earned: CardDocument['earned'] } {
  const day = earned.date > date ? earned.date : date;
  const before = earned.date === day ? earned.points : 0;
  const given = capPerDay === null ? points : Math.max(0, Math.min(points, capPerDay - before));
  return { points: given, earned: { date: day, points: before + given } };
}

/** The day's cap without these points of an award by rule, which are denied or go back; what was given on another day changes nothing. */
export function withoutCapped(
  { earned: { date, points: before } }: Pick<CardDocument, 'earned'>,
  { source, createdAt }: Pick<PointsDocument, 'source' | 'createdAt'>,
  points: number,
  timeZone: string,
): Partial<Pick<CardDocument, 'earned'>> {
  const isCounted = (source === 'visit' || source === 'order') && dateIn(timeZone, createdAt) === date;
  return isCounted ? { earned: { date, points: Math.max(0, before - points) } } : {};
}

/** The highest tier that so many points reach. */
export function tierOf(tiers: readonly Tier[], lifetime: number): string | null {
  const reached = tiers.filter(({ threshold }) => threshold <= lifetime).toSorted((a, b) => b.threshold - a.threshold);
  return reached[0]?.name ?? null;
}

export const dateIn = (timeZone: string, now: Date): string =>
  Temporal.Instant.fromEpochMilliseconds(now.getTime()).toZonedDateTimeISO(timeZone).toPlainDate().toString();
