import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import { turnJobKind, type Entitlements } from '../entitlements/index.js';
import { createMemberships } from '../identity/index.js';
import type { Merchants, SellingService } from '../merchants/index.js';
import type { Fees, TopUps } from '../wallet/index.js';
import { checkoutJobKind, createCheckouts } from './checkouts.js';
import { createInvoices, type Invoices } from './invoices.js';
import { billingModels, type BillingModels } from './invoices.model.js';
import { createSubscriptionSteps } from './subscription-steps.js';
import { beginJobKind, createSubscriptionTurns } from './subscription-turns.js';
import { subscriptionRoutes } from './subscriptions.routes.js';
import { createSubscriptions, type Subscriptions } from './subscriptions.service.js';
import { createUsage } from './usage.js';

export type { Subscriptions } from './subscriptions.service.js';

export interface SubscriptionsModule extends ApiModule {
  subscriptions: Subscriptions;
  invoices: Invoices;
  models: BillingModels;
}

/** What merchants pay the platform: trials, periods, changes of plan, and what the clock does to them. */
export function subscriptionsModule(
  { config, mongo, unitOfWork }: Pick<Context, 'config' | 'mongo' | 'unitOfWork'>,
  parts: { entitlements: Entitlements; merchants: Merchants; selling: SellingService; fees: Fees; topUps: TopUps },
): SubscriptionsModule {
  const { entitlements, merchants, fees, topUps } = parts;
  const { records, catalogue } = entitlements;
  const currency = config.DEFAULT_CURRENCY;
  const models = billingModels(mongo);
  const memberships = createMemberships(mongo);
  const invoices = createInvoices({ mongo, models, merchants, issuer: config.INVOICE_ISSUER });
  const steps = createSubscriptionSteps({ ...parts, records, catalogue, currency, invoices });
  const subscriptions = createSubscriptions({
    mongo,
    entitlements,
    steps,
    usage: createUsage(mongo),
    merchants,
    memberships,
    unitOfWork,
  });
  const checkouts = createCheckouts({ models, topUps, catalogue, currency, fees, merchants, subscriptions, unitOfWork });
  const turns = createSubscriptionTurns({ mongo, records, steps, catalogue, currency, memberships, fees, unitOfWork });
  return {
    subscriptions,
    invoices,
    models,
    routes: subscriptionRoutes({ subscriptions, checkouts, invoices, catalogue, currency }),
    jobs: { [turnJobKind]: turns.turn, [beginJobKind]: turns.begin, [checkoutJobKind]: checkouts.job },
    async start() {
      await ensureIndexes(models);
      await turns.addBegin();
    },
  };
}
