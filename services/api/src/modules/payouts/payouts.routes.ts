import { feeds, routes } from '@tidings/contracts';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import { presentPayout } from './payouts.presenter.js';
import type { Payouts } from './payouts.service.js';

export function payoutRoutes(payouts: Payouts): RouteBinding[] {
  const contract = routes.payouts;
  return [
    write(contract.request, async ({ tx, caller, params, body }) => presentPayout(await payouts.request(tx, caller, params.id, body))),
    read(contract.list, async ({ caller, params, query }) => presentPage(await payouts.list(caller, params.id, query), presentPayout), {
      feeds: ({ params }) => [feeds.merchant(params.id)],
    }),
    read(contract.listAll, async ({ query }) => presentPage(await payouts.listAll(query), presentPayout), { feeds: () => [feeds.admin] }),
    write(contract.decide, async ({ tx, caller, params, body, ifMatch }) =>
      presentPayout(await payouts.decide(tx, caller, params.id, body, ifMatch)),
    ),
  ];
}
