import { feeds, routes } from '@tidings/contracts';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import { presentRefund, type Refunds } from '../wallet/index.js';
import type { AdminRefunds } from './refunds.service.js';

export function refundRoutes({ refunds, adminRefunds }: { refunds: Refunds; adminRefunds: AdminRefunds }): RouteBinding[] {
  const contract = routes.refunds;
  const told = { feeds: () => [feeds.admin] };
  return [
    write(contract.create, async ({ tx, caller, body }) => presentRefund(await adminRefunds.create(tx, caller, body))),
    read(contract.list, async ({ query }) => presentPage(await refunds.list(query), presentRefund), told),
    read(contract.get, async ({ params }) => presentRefund(await refunds.get(params.id)), told),
  ];
}
