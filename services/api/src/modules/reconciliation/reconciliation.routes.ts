import { feeds, routes } from '@tidings/contracts';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import { presentDifference, presentReconciliation } from './reconciliation.presenter.js';
import type { Reconciliations } from './reconciliation.service.js';

export function reconciliationRoutes(reconciliations: Reconciliations): RouteBinding[] {
  const contract = routes.reconciliation;
  const heavy = { limit: 'heavy' } as const;
  const told = { feeds: () => [feeds.admin] };
  return [
    write(
      contract.create,
      async ({ tx, caller, body }) => ({
        items: (await reconciliations.request(tx, caller.userId, body)).map(presentReconciliation),
      }),
      heavy,
    ),
    read(contract.list, async ({ query }) => presentPage(await reconciliations.list(query), presentReconciliation), told),
    read(contract.get, async ({ params }) => presentReconciliation(await reconciliations.get(params.id)), told),
    read(
      contract.listDifferences,
      async ({ params, query }) => presentPage(await reconciliations.differencesOf(params.id, query), presentDifference),
      heavy,
    ),
  ];
}
