import type { ApiModule, Context } from '../../context.js';
import { adminRoutes } from './admin.routes.js';
import { createAuditLog } from './audit-log.js';

/** What administrators see and do beside the domains. */
export function adminModule({ mongo }: Pick<Context, 'mongo'>): ApiModule {
  return { routes: adminRoutes({ auditLog: createAuditLog(mongo) }) };
}
