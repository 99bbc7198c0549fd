import type { ApiModule, Context } from '../../context.js';
import type { IdentityModule } from '../identity/index.js';
import type { WalletModule } from '../wallet/index.js';
import { adminRoutes } from './admin.routes.js';
import { createAuditLog } from './audit-log.js';
import { createUsers } from './users.service.js';

/** What administrators see and do beside the domains. */
export function adminModule(
  { config, mongo }: Pick<Context, 'config' | 'mongo'>,
  { identity, wallet }: { identity: IdentityModule; wallet: WalletModule },
): ApiModule {
  const { directory, sessions } = identity;
  const users = createUsers({ mongo, directory, sessions, wallet: wallet.wallet, defaultCurrency: config.DEFAULT_CURRENCY });
  return { routes: adminRoutes({ auditLog: createAuditLog(mongo), users }) };
}
