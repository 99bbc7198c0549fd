import type { Investment } from '@tidings/contracts';
import { percentOf } from '../plans/index.js';
import type { InvestmentDocument } from './investments.model.js';
import { returnsOf } from './terms.js';

export function presentInvestment(investment: InvestmentDocument): Investment {
  const { _id, userId, planId, planName, amount, currency, roiBp, duration, status, maturesAt, endedAt, version } = investment;
  return {
    id: _id,
    userId,
    planId,
    planName,
    amount,
    currency,
    roi: percentOf(roiBp),
    duration,
    returns: returnsOf(investment),
    status,
    maturesAt: maturesAt.toISOString(),
    endedAt: endedAt?.toISOString() ?? null,
    version,
    createdAt: investment.createdAt.toISOString(),
    updatedAt: investment.updatedAt.toISOString(),
  };
}
