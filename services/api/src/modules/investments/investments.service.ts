import { badField, type InvestmentInput, type InvestmentsQuery, type Principal, Problem } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { newId } from '@tidings/platform';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';
import { planTurn, type PlanPlaces, type Plans } from '../plans/index.js';
import type { InvestmentSteps } from './investment-steps.js';
import type { InvestmentDocument, InvestmentModels } from './investments.model.js';
import { maturityOf, termsOf } from './terms.js';

export interface Investments {
  /**
   * Invests from the caller's wallet: money, investment, capacity and the watch for its end are one transaction.
   * @throws Problem `not-found` for a plan that is not on offer; `bad-request` outside of its limits; `currency-mismatch`; `insufficient-funds`;
   *   `capacity-exceeded`
   */
  invest(tx: Tx, caller: Principal, planId: string, input: InvestmentInput): Promise<InvestmentDocument>;
  /** @throws Problem `not-found`, also for somebody else's */
  get(caller: Principal, id: string): Promise<InvestmentDocument>;
  /** Newest first. */
  list(query: InvestmentsQuery): Promise<Paged<InvestmentDocument>>;
}

export function createInvestments(options: {
  models: InvestmentModels;
  steps: InvestmentSteps;
  plans: Plans;
  places: PlanPlaces;
}): Investments {
  const { models, steps, plans, places } = options;
  const { investments } = models;

  return {
    async invest(tx, { userId }, planId, { amount, currency }) {
      tx.turn([planTurn(planId)]);
      const plan = await plans.get(planId, { tx });
      if (currency !== undefined && currency !== plan.currency) throw new Problem('currency-mismatch', `The plan is in ${plan.currency}`);
      if (amount < plan.minAmount) throw badField('amount', `must be at least ${plan.minAmount}`);
      if (plan.maxAmount !== null && amount > plan.maxAmount) throw badField('amount', `must be at most ${plan.maxAmount}`);
      const investment: InvestmentDocument = {
        _id: newId(),
        userId,
        ...termsOf(plan),
        amount,
        currency: plan.currency,
        status: 'ACTIVE',
        maturesAt: maturityOf(tx.now, plan.duration),
        endedAt: null,
        version: 1,
        createdAt: tx.now,
        updatedAt: tx.now,
      };
      await steps.make(tx, investment);
      // Last, as everybody who invests in the plan writes it; and a plan that was changed or withdrawn meanwhile conflicts here.
      await places.take(tx, planId, amount);
      return investment;
    },

    async get({ userId }, id) {
      const investment = await investments.findOne({ _id: id, userId }).lean<InvestmentDocument>();
      if (!investment) throw new Problem('not-found', 'There is no such investment');
      return investment;
    },

    async list({ userId, planId, status, limit, cursor }) {
      const found = await investments
        .find({
          ...(userId === undefined ? {} : { userId }),
          ...(planId === undefined ? {} : { planId }),
          ...(status === undefined ? {} : { status }),
          ...olderThan(cursor),
        })
        .sort(newestFirst)
        .limit(limit + 1)
        .lean<InvestmentDocument[]>();
      return pageByTime(found, limit);
    },
  };
}
