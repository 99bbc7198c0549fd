import { feeds, routes } from '@tidings/contracts';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentAuditEntry, type AuditLog } from './audit-log.js';
import type { Users } from './users.service.js';

export function adminRoutes({ auditLog, users }: { auditLog: AuditLog; users: Users }): RouteBinding[] {
  const contract = routes.admin;
  return [
    read(contract.audit, async ({ query }) => {
      const { page, nextCursor } = await auditLog.list(query);
      return { items: page.map(presentAuditEntry), nextCursor };
    }),
    read(contract.listUsers, ({ query }) => users.list(query)),
    read(contract.getUser, ({ caller, params }) => users.detail(caller, params.id), { feeds: ({ params }) => [feeds.user(params.id)] }),
    write(contract.adjust, ({ tx, caller, params, body }) => users.adjust(tx, caller, params.id, body)),
  ];
}
