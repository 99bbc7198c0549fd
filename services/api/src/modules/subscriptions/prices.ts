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

/**
 * By the days that are left of the period, by the merchant's calendar: today is one of them, the day of the end is not. Plans that last as long: the
 * difference of their prices for those days, rounded down to the minor unit. Others: a new period at its price, less the old one's for those days,
 * also rounded down: each rounding is in the merchant's favour or within one minor unit of it, and nothing is given back in money.
 */
export function upgrade(
  subscription: SubscriptionDocument,
  to: SubscriptionPlan,
  place: { catalogue: PlanCatalogue; now: Date; timeZone: string },
): Upgrade {
  const { catalogue, now, timeZone } = place;
  const { plan: from, startDate, endDate, anchor, anchorMonths } = subscription;
  const whole = Math.max(1, daysBetween(startDate, endDate, timeZone));
  const left = Math.min(whole, Math.max(0, daysBetween(now, endDate, timeZone)));
  const { price, months } = catalogue[to];
  const days = `${left} of ${whole} days`;
  if (months === catalogue[from].months) {
    const due = share(Math.max(0, price - subscription.amount), left, whole);
    const period = { start: startDate, end: endDate, anchor, anchorMonths };
    return { due, period, lines: [{ description: `From ${titleOf[from]} to ${titleOf[to]}, ${days}`, amount: due }] };
  }
  const credit = Math.min(price, share(subscription.amount, left, whole));
  return {
    due: price - credit,
    period: { start: now, end: monthsAfter(now, months, timeZone), anchor: now, anchorMonths: months },
    lines: [
      { description: `${titleOf[to]}, ${monthsText(months)}`, amount: price },
      { description: `${titleOf[from]}, ${days} not used`, amount: -credit },
    ],
  };
}

export const monthsText = (months: number): string => (months === 1 ? '1 month' : `${months} months`);

/** Whole numbers throughout: a price times the days of some years is far within what a double holds exactly. */
const share = (amount: number, part: number, whole: number): number => Math.floor((amount * part) / whole);
