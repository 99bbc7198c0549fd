import { planLimits, subscriptionPlans, type OfferedPlan, type PlanLimit, type SubscriptionPlan } from '@tidings/contracts';
import type { Config } from '@tidings/platform';

/** What a plan costs, how long it lasts, and what it allows. */
export interface PlanTerms {
  /** Minor units of the house's currency, for a period. */
  price: number;
  /** Of a period: calendar months. */
  months: number;
  limits: Readonly<Record<PlanLimit, number | null>>;
}

export type PlanCatalogue = Readonly<Record<SubscriptionPlan, PlanTerms>>;

/** A trial shows all that premium can do. */
const premiumLimits = { items: 1_000, programs: 50, staff: 100 };
const byDefault: PlanCatalogue = {
  freeTrial: { price: 0, months: 1, limits: premiumLimits },
  basic: { price: 99_900, months: 1, limits: { items: 100, programs: 3, staff: 10 } },
  premium: { price: 249_900, months: 1, limits: premiumLimits },
  enterprise: { price: 2_499_900, months: 12, limits: { items: null, programs: null, staff: null } },
};

/** The plans as they come, with what the operator has set otherwise. */
export function planCatalogue({ SUBSCRIPTION_PLANS: given }: Pick<Config, 'SUBSCRIPTION_PLANS'>): PlanCatalogue {
  const termsOf = (plan: SubscriptionPlan): PlanTerms => {
    const { limits, price, months } = byDefault[plan];
    const set: { [Term in 'price' | 'months']?: number | undefined } & { [Term in PlanLimit]?: number | null | undefined } =
      given[plan] ?? {};
    const limitOf = (what: PlanLimit) => (set[what] === undefined ? limits[what] : set[what]);
    return {
      price: set.price ?? price,
      months: set.months ?? months,
      limits: { items: limitOf('items'), programs: limitOf('programs'), staff: limitOf('staff') },
    };
  };
  return Object.fromEntries(subscriptionPlans.map((plan) => [plan, termsOf(plan)])) as Record<SubscriptionPlan, PlanTerms>;
}

export function presentPlans(catalogue: PlanCatalogue, currency: string): OfferedPlan[] {
  return subscriptionPlans.map((plan) => {
    const { price, months, limits } = catalogue[plan];
    const shown = Object.fromEntries(planLimits.map((what) => [what, limits[what]])) as PlanTerms['limits'];
    return { plan, price, currency, months, limits: shown };
  });
}
