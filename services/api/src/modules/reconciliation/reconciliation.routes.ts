import { feeds, routes } from '@tidings/contracts';
import { read, write, type RouteBinding } from '../../http/bind.js';
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
    read(
      contract.list,
      async ({ query }) => {
        const { page, nextCursor } = await reconciliations.list(query);
        return { items: page.map(presentReconciliation), nextCursor };
      },
      told,
    ),
    read(contract.get, async ({ params }) => presentReconciliation(await reconciliations.get(params.id)), told),
    read(
      contract.listDifferences,
      async ({ params, query }) => {
        const { page, nextCursor } = await reconciliations.differencesOf(params.id, query);
        return { items: page.map(presentDifference), nextCursor };
      },
      heavy,
    ),
  ];
}
