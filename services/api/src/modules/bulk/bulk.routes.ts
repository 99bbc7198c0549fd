import { feeds, routes } from '@tidings/contracts';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import { presentOperation, presentResult } from './bulk.presenter.js';
import type { Bulk } from './bulk.service.js';

const adminFeed = () => [feeds.admin];

export function bulkRoutes(bulk: Bulk): RouteBinding[] {
  const contract = routes.merchants;
  return [
    write(contract.startBulk, async ({ tx, caller, body }) => presentOperation(await bulk.start(tx, caller, body))),
    read(contract.listBulk, async ({ query }) => presentPage(await bulk.list(query), presentOperation), { feeds: adminFeed }),
    read(contract.getBulk, async ({ params }) => presentOperation(await bulk.get(params.id)), { feeds: adminFeed }),
    read(contract.listBulkResults, async ({ params, query }) => presentPage(await bulk.results(params.id, query), presentResult), {
      feeds: adminFeed,
    }),
    write(contract.cancelBulk, async ({ tx, params, ifMatch }) => presentOperation(await bulk.cancel(tx, params.id, ifMatch))),
    write(contract.resumeBulk, async ({ tx, caller, params, ifMatch }) =>
      presentOperation(await bulk.resume(tx, caller, params.id, ifMatch)),
    ),
  ];
}
