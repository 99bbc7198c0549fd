import { subscriptionPlans, type SubscriptionPlan } from '@tidings/contracts';
import { daysBetween, monthsAfter, type PlanCatalogue, type SubscriptionDocument } from '../entitlements/index.js';

/** A period that is about to begin. */
export interface Period {
  start: Date;
  end: Date;
  anchor: Date;
  anchorMonths: number;
}

/** What a change to a larger plan costs now. */
export interface Upgrade {
  lines: { description: string; amount: number }[];
  /** Minor units; 0 where what is left of the old period covers it. */
  due: number;
  /** Of the new plan: the rest of the running one where both last as long, else one that begins now. */
  period: Period;
}

export const isUpgrade = (from: SubscriptionPlan, to: SubscriptionPlan): boolean =>
  subscriptionPlans.indexOf(to) > subscriptionPlans.indexOf(from);

export const titleOf: Readonly<Record<SubscriptionPlan, string>> = {
  freeTrial: 'Free trial',
  basic: 'Basic',
  premium: 'Premium',
  enterprise: 'Enterprise',
};

/**
 * The period that a payment buys. It follows the running one, also when it is paid in the days of grace, so that nobody gains by paying late; after one
 * that has expired, or where the following one would be over already, it begins now.
 */
export function followingPeriod(subscription: SubscriptionDocument, months: number, place: { now: Date; timeZone: string }): Period {
  const { now, timeZone } = place;
  const { anchor, endDate } = subscription;
  const anchorMonths = subscription.anchorMonths + months;
  const end = monthsAfter(anchor, anchorMonths, timeZone);
  if (subscription.status !== 'expired' && end > now) return { start: endDate, end, anchor, anchorMonths };
  return { start: now, end: monthsAfter(now, months, timeZone), anchor: now, anchorMonths: months };
}

/** Days that are paid for at one price, as far as they are left. */
interface Stretch {
  amount: number;
  left: number;
  whole: number;
}

/** The rest of the running period, and behind it the one that was paid ahead; in a trial, the one that was paid alone. */
function stretchesOf({ startDate, endDate, amount, before }: SubscriptionDocument, { now, timeZone }: Omit<Place, 'catalogue'>): Stretch[] {
  const stretch = (from: Date, to: Date, price: number): Stretch => {
    const whole = Math.max(1, daysBetween(from, to, timeZone));
    return { amount: price, whole, left: Math.min(whole, Math.max(0, daysBetween(now, to, timeZone))) };
  };
  const isAhead = before && now < startDate;
  return [...(isAhead ? [stretch(before.startDate, startDate, before.amount)] : []), stretch(startDate, endDate, amount)];
}

interface Place {
  catalogue: PlanCatalogue;
  now: Date;
  timeZone: string;
}

/**
 * By the days that are left, by the merchant's calendar: today is one of them, the day of the end is not. Plans that last as long: the difference of
 * their prices for those days, rounded down to the minor unit. Others: a new period at its price, less the old one's for those days, also rounded
 * down: each rounding is in the merchant's favour or within one minor unit of it, and nothing is given back in money. Where an administrator has
 * moved the end, a month's difference is paid for each month up to it, but no more comes back than a period's price.
 */
export function upgrade(subscription: SubscriptionDocument, to: SubscriptionPlan, place: Place): Upgrade {
  const { catalogue, now, timeZone } = place;
  const { plan: from, startDate, endDate, anchor, anchorMonths } = subscription;
  const { price, months } = catalogue[to];
  const stretches = stretchesOf(subscription, place);
  if (months === catalogue[from].months) {
    const usual = Math.max(1, daysBetween(monthsAfter(anchor, anchorMonths - months, timeZone), endDate, timeZone));
    const lines = stretches.map(({ amount, left, whole }, index) => {
      const of = index === stretches.length - 1 ? usual : whole;
      const days = left > of ? `${left} days` : `${left} of ${of} days`;
      return {
        description: `From ${titleOf[from]} to ${titleOf[to]}, ${days}`,
        amount: share(Math.max(0, price - amount), left, of),
      };
    });
    return { due: sumOf(lines), period: { start: startDate, end: endDate, anchor, anchorMonths }, lines };
  }
  const lines = [{ description: `${titleOf[to]}, ${monthsText(months)}`, amount: price }];
  for (const { amount, left, whole } of stretches) {
    const credit = Math.min(sumOf(lines), share(amount, left, whole));
    lines.push({ description: `${titleOf[from]}, ${left} of ${whole} days not used`, amount: -credit });
  }
  return { due: sumOf(lines), period: { start: now, end: monthsAfter(now, months, timeZone), anchor: now, anchorMonths: months }, lines };
}

const sumOf = (lines: Upgrade['lines']): number => lines.reduce((sum, { amount }) => sum + amount, 0);

export const monthsText = (months: number): string => (months === 1 ? '1 month' : `${months} months`);

/** Whole numbers throughout: a price times the days of some years is far within what a double holds exactly. */
const share = (amount: number, part: number, whole: number): number => Math.floor((amount * part) / whole);
