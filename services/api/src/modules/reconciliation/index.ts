import { differenceKinds } from '@tidings/contracts';
import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import { createPeriodic } from '../../periodic.js';
import type { PaymentProviders } from '../wallet/index.js';
import { reconciliationModels } from './reconciliation.model.js';
import { reconciliationRoutes } from './reconciliation.routes.js';
import { createReconciliations, reconciliationJobKind, type Reconciliations } from './reconciliation.service.js';

const dayMs = 86_400_000;

export interface ReconciliationModule extends ApiModule {
  reconciliations: Reconciliations;
}

/** Compares each provider's payments of a day (UTC) with the ledger, an hour after the day, and whenever an administrator asks. */
export function reconciliationModule(
  context: Pick<Context, 'mongo' | 'unitOfWork' | 'logger' | 'metrics'>,
  { providers }: { providers: PaymentProviders },
): ReconciliationModule {
  const { mongo, unitOfWork, logger, metrics } = context;
  const models = reconciliationModels(mongo);
  const reconciliations = createReconciliations({ mongo, models, unitOfWork, providers, logger });
  const daily = createPeriodic({
    kind: 'daily-reconciliation',
    periodMs: dayMs,
    offsetMs: dayMs / 24,
    mongo,
    unitOfWork,
    work: reconciliations.daily,
  });
  const help = 'Payments that differ between a provider and our ledger, and that no later comparison has found settled';
  metrics.gauge('reconciliation_differences', help, ['provider', 'kind'], async (gauge) => {
    const rows = await models.differences.aggregate<{ _id: { provider: string; kind: string }; count: number }>([
      { $match: { open: true } },
      { $group: { _id: { provider: '$provider', kind: '$kind' }, count: { $sum: 1 } } },
    ]);
    gauge.reset();
    for (const provider of Object.keys(providers)) for (const kind of differenceKinds) gauge.set({ provider, kind }, 0);
    for (const { _id, count } of rows) gauge.set(_id, count);
  });
  return {
    reconciliations,
    routes: reconciliationRoutes(reconciliations),
    jobs: { [reconciliationJobKind]: reconciliations.process, [daily.kind]: daily.handler },
    async start() {
      await ensureIndexes(models);
      await daily.start();
    },
  };
}
