import { feeds, routes, type Principal } from '@tidings/contracts';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import { presentInvestment } from './investments.presenter.js';
import type { Investments } from './investments.service.js';

const ownFeed = ({ caller }: { caller: Principal }) => [feeds.user(caller.userId)];

export function investmentRoutes(investments: Investments): RouteBinding[] {
  const contract = routes.investments;
  return [
    write(contract.create, async ({ tx, caller, params, body }) =>
      presentInvestment(await investments.invest(tx, caller, params.id, body)),
    ),
    read(
      contract.list,
      async ({ caller, query }) => presentPage(await investments.list({ ...query, userId: caller.userId }), presentInvestment),
      { feeds: ownFeed },
    ),
    read(contract.get, async ({ caller, params }) => presentInvestment(await investments.get(caller, params.id)), { feeds: ownFeed }),
    read(contract.listAll, async ({ query }) => presentPage(await investments.list(query), presentInvestment)),
  ];
}
