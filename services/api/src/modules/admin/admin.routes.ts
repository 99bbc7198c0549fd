import { routes } from '@tidings/contracts';
import { read, type RouteBinding } from '../../http/bind.js';
import { presentAuditEntry, type AuditLog } from './audit-log.js';

export function adminRoutes({ auditLog }: { auditLog: AuditLog }): RouteBinding[] {
  const contract = routes.admin;
  return [
    read(contract.audit, async ({ query }) => {
      const { page, nextCursor } = await auditLog.list(query);
      return { items: page.map(presentAuditEntry), nextCursor };
    }),
  ];
}
