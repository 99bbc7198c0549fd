import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import { createPeriodic } from '../../periodic.js';
import { createLedgerChecks, exposeLedgerChecks, ledgerCheckModel } from './ledger-checks.js';

const hourMs = 3_600_000;

/** Looks at the whole ledger once an hour, on one replica, and shows what it found on `/metrics` of all. */
export function ledgerWatchModule({
  mongo,
  unitOfWork,
  logger,
  metrics,
}: Pick<Context, 'mongo' | 'unitOfWork' | 'logger' | 'metrics'>): ApiModule {
  const checks = createLedgerChecks({ mongo, logger });
  const hourly = createPeriodic({
    kind: 'ledger-check',
    periodMs: hourMs,
    mongo,
    unitOfWork,
    work: async ({ from }) => void (await checks.run(from)),
  });
  exposeLedgerChecks({ mongo, metrics });
  return {
    routes: [],
    jobs: { [hourly.kind]: hourly.handler },
    async start() {
      await ensureIndexes({ checks: ledgerCheckModel(mongo) });
      await hourly.start();
    },
  };
}
