import { feeds, routes } from '@tidings/contracts';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentPayout } from './payouts.presenter.js';
import type { Payouts } from './payouts.service.js';

export function payoutRoutes(payouts: Payouts): RouteBinding[] {
  const contract = routes.payouts;
  return [
    write(contract.request, async ({ tx, caller, params, body }) => presentPayout(await payouts.request(tx, caller, params.id, body))),
    read(
      contract.list,
      async ({ caller, params, query }) => {
        const { page, nextCursor } = await payouts.list(caller, params.id, query);
        return { items: page.map(presentPayout), nextCursor };
      },
      { feeds: ({ params }) => [feeds.merchant(params.id)] },
    ),
    read(
      contract.listAll,
      async ({ query }) => {
        const { page, nextCursor } = await payouts.listAll(query);
        return { items: page.map(presentPayout), nextCursor };
      },
      { feeds: () => [feeds.admin] },
    ),
    write(contract.decide, async ({ tx, caller, params, body, ifMatch }) =>
      presentPayout(await payouts.decide(tx, caller, params.id, body, ifMatch)),
    ),
  ];
}
