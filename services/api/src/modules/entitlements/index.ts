import type { Config, Mongo } from '@tidings/platform';
import { createPlanLimits, type PlanLimits } from './plan-limits.js';
import { planCatalogue, type PlanCatalogue } from './plan-terms.js';
import { createSubscriptionRecords, type SubscriptionRecords } from './subscription-records.js';
import { subscriptionModels, type SubscriptionModels } from './subscriptions.model.js';

export type { PlanLimits } from './plan-limits.js';
export { presentPlans, type PlanCatalogue } from './plan-terms.js';
export { daysAfter, daysBetween, graceSince, isLastAttempt, monthsAfter, remindedAt, turnAt } from './subscription-clock.js';
export { assertSeen, turnJobKind, type SubscriptionFields, type SubscriptionRecords } from './subscription-records.js';
export { presentSubscription } from './subscriptions.presenter.js';
export type { SubscriptionDocument, SubscriptionModels } from './subscriptions.model.js';

/** What a merchant's subscription lets it do. Others ask here; what is paid for it, and when it ends, is the subscriptions' business. */
export interface Entitlements {
  models: SubscriptionModels;
  /** In the house's currency. */
  catalogue: PlanCatalogue;
  records: SubscriptionRecords;
  limits: PlanLimits;
}

export function createEntitlements({
  config,
  mongo,
}: {
  config: Pick<Config, 'SUBSCRIPTION_PLANS' | 'DEFAULT_CURRENCY'>;
  mongo: Mongo;
}): Entitlements {
  const models = subscriptionModels(mongo);
  const catalogue = planCatalogue(config);
  const records = createSubscriptionRecords({ models, catalogue, currency: config.DEFAULT_CURRENCY });
  return { models, catalogue, records, limits: createPlanLimits({ mongo, records, catalogue }) };
}
