import { feeds, routes, type Connections, type Principal } from '@tidings/contracts';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import { presentTransfer } from '../wallet/index.js';
import { presentAuditEntry, type AuditLog } from './audit-log.js';
import { presentNotice } from './notices.model.js';
import type { Notices } from './notices.service.js';
import { presentJob, type QueueOverview } from './queues.js';
import type { Transactions } from './transactions.js';
import type { Users } from './users.service.js';

export interface AdminServices {
  auditLog: AuditLog;
  users: Users;
  transactions: Transactions;
  notices: Notices;
  queues: QueueOverview;
  connections: (userId: string | undefined) => Promise<Connections>;
}

const announcementFeeds = ({ caller }: { caller: Principal }) => [
  feeds.announcements,
  ...caller.roles.filter((role) => role !== 'customer').map(feeds.announcementsFor),
];

export function adminRoutes({ auditLog, users, transactions, notices, queues, connections }: AdminServices): RouteBinding[] {
  const contract = routes.admin;
  return [
    read(contract.audit, async ({ query }) => presentPage(await auditLog.list(query), presentAuditEntry)),

    read(contract.listUsers, ({ query }) => users.list(query)),
    read(contract.getUser, ({ caller, params }) => users.detail(caller, params.id), { feeds: ({ params }) => [feeds.user(params.id)] }),
    write(contract.adjust, ({ tx, caller, params, body }) => users.adjust(tx, caller, params.id, body)),

    read(contract.transactions, async ({ query }) => presentPage(await transactions.list(query), presentTransfer), {
      feeds: () => [feeds.admin],
    }),

    read(contract.connections, ({ query }) => connections(query.userId)),
    read(contract.queues, () => queues.read()),
    read(contract.listJobs, async ({ query }) => presentPage(await queues.jobs(query), presentJob)),
    write(contract.retryJob, async ({ tx, params }) => presentJob(await queues.retry(tx, params.key))),

    write(contract.announce, async ({ tx, body }) => presentNotice(await notices.announce(tx, body))),
    read(contract.listNotices, async ({ query }) => presentPage(await notices.list(query), presentNotice)),
    write(contract.cancelAnnouncement, ({ tx, params }) => notices.cancelAnnouncement(tx, params.id)),
    write(contract.planSystemEvent, async ({ tx, body }) => presentNotice(await notices.plan(tx, body))),
    write(contract.endSystemEvent, ({ tx, params }) => notices.endSystemEvent(tx, params.id)),
    read(contract.notices, async ({ caller, query }) => presentPage(await notices.shownTo(caller, query), presentNotice), {
      feeds: announcementFeeds,
    }),
  ];
}
