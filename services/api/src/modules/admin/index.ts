import { createAuditSealer, createDomainEventQueue, createPresence } from '@tidings/feed';
import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import type { IdentityModule } from '../identity/index.js';
import { createRounds, type WalletModule } from '../wallet/index.js';
import { createAdjustmentLimit } from './adjustment-limit.js';
import { adminRoutes } from './admin.routes.js';
import { createAuditLog } from './audit-log.js';
import { readConnections } from './connections.js';
import { noticeModels } from './notices.model.js';
import { createNotices, noticeJobKind } from './notices.service.js';
import { createQueueOverview } from './queues.js';
import { createTransactions } from './transactions.js';
import { createUsers } from './users.service.js';

/** What administrators see and do beside the domains. */
export function adminModule(
  { config, mongo, redis, jobs, unitOfWork, logger }: Pick<Context, 'config' | 'mongo' | 'redis' | 'jobs' | 'unitOfWork' | 'logger'>,
  { identity, wallet }: { identity: IdentityModule; wallet: WalletModule },
): ApiModule {
  const { directory, sessions } = identity;
  const models = noticeModels(mongo);
  const users = createUsers({
    mongo,
    directory,
    sessions,
    wallet: wallet.wallet,
    defaultCurrency: config.DEFAULT_CURRENCY,
    assertWithinLimit: createAdjustmentLimit(mongo, config.ADJUSTMENT_LIMIT),
  });
  const sealer = createAuditSealer(mongo);
  const sealing = createRounds(() => sealer.run(), { intervalMs: 400, what: 'sealing the audit log', logger });
  const notices = createNotices({ models, unitOfWork });
  const presence = createPresence(redis, config.REDIS_PREFIX);
  const events = createDomainEventQueue(config.REDIS_URL, config.REDIS_PREFIX, logger);
  return {
    routes: adminRoutes({
      auditLog: createAuditLog(mongo),
      users,
      notices,
      transactions: createTransactions(mongo),
      queues: createQueueOverview({ mongo, jobs, events, logger }),
      connections: (userId) => readConnections({ presence, logger }, userId),
    }),
    jobs: { [noticeJobKind]: notices.turn },
    async start() {
      await ensureIndexes(models);
      await sealer.adopt();
      sealing.start();
    },
    async stop() {
      await sealing.stop();
      await events.close();
    },
  };
}
