import type { PlanDocument } from '../plans/index.js';
import type { InvestmentDocument } from './investments.model.js';

/** A day of a term has 24 hours, whatever clocks and calendars do meanwhile. */
export const dayMs = 86_400_000;

type Terms = Pick<InvestmentDocument, 'planId' | 'planName' | 'roiBp' | 'duration' | 'termsVersion'>;

/** What an investment follows from now on. */
export function termsOf({ _id: planId, name: planName, roiBp, duration, termsVersion }: PlanDocument): Terms {
  return { planId, planName, roiBp, duration, termsVersion };
}

/** The term counts from the day of the investment, also when it has changed since. */
export const maturityOf = (from: Date, days: number): Date => new Date(from.getTime() + days * dayMs);

/**
 * What a whole term brings beside the principal: minor units, rounded down, so that nothing is paid that was not promised. Exact for every amount:
 * the product may be past what a double holds.
 */
export function returnsOf({ amount, roiBp }: Pick<InvestmentDocument, 'amount' | 'roiBp'>): number {
  return Number((BigInt(amount) * BigInt(roiBp)) / 10_000n);
}
