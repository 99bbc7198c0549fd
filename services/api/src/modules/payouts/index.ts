import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import { createFourEyes } from '../identity/index.js';
import type { Members, Merchants } from '../merchants/index.js';
import type { Debts, Ledger } from '../wallet/index.js';
import { payoutModels } from './payouts.model.js';
import { payoutRoutes } from './payouts.routes.js';
import { createPayouts, type Payouts } from './payouts.service.js';

export interface PayoutsModule extends ApiModule {
  payouts: Payouts;
}

export function payoutsModule(
  { mongo }: Pick<Context, 'mongo'>,
  parts: { ledger: Ledger; debts: Debts; merchants: Merchants; members: Members },
): PayoutsModule {
  const models = payoutModels(mongo);
  const payouts = createPayouts({ mongo, models, fourEyes: createFourEyes(mongo), ...parts });
  return { payouts, routes: payoutRoutes(payouts), start: () => ensureIndexes(models) };
}
