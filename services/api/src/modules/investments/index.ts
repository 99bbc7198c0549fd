import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import type { PlansModule } from '../plans/index.js';
import type { Debts, Ledger } from '../wallet/index.js';
import { createInvestmentJobs } from './investment-jobs.js';
import { createInvestmentSteps } from './investment-steps.js';
import { investmentModels } from './investments.model.js';
import { investmentRoutes } from './investments.routes.js';
import { createInvestments, type Investments } from './investments.service.js';

export interface InvestmentsModule extends ApiModule {
  investments: Investments;
}

export function investmentsModule(
  { config, mongo, unitOfWork }: Pick<Context, 'config' | 'mongo' | 'unitOfWork'>,
  parts: Pick<PlansModule, 'plans' | 'places' | 'models'> & { ledger: Ledger; debts: Debts },
): InvestmentsModule {
  const { plans, places, ledger, debts } = parts;
  const own = investmentModels(mongo);
  const models = { ...own, plans: parts.models.plans };
  const steps = createInvestmentSteps({ models, ledger, debts });
  const investments = createInvestments({ models, steps, plans, places });
  const batches = { size: config.PLAN_BATCH_SIZE, pauseMs: config.PLAN_BATCH_PAUSE_MS };
  return {
    investments,
    routes: investmentRoutes(investments),
    jobs: createInvestmentJobs({ models, steps, places, unitOfWork, batches }),
    start: () => ensureIndexes(own),
  };
}
