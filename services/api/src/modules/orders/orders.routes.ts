import { feeds, routes } from '@tidings/contracts';
import { showCode } from '../../codes/qr-image.js';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import { presentOrder } from './orders.presenter.js';
import type { Orders } from './orders.service.js';
import type { Pickups } from './pickups.js';

export function orderRoutes({ orders, pickups }: { orders: Orders; pickups: Pickups }): RouteBinding[] {
  const contract = routes.orders;
  return [
    read(contract.list, async ({ caller, query }) => presentPage(await orders.list(caller, query), presentOrder), {
      feeds: ({ caller, query }) => [query.vendorId === undefined ? feeds.user(caller.userId) : feeds.merchant(query.vendorId)],
    }),
    write(contract.create, {
      prepare: async () => orders.ticket(),
      harmless: true,
      handle: async ({ tx, caller, body, prepared }) => presentOrder(await orders.place(tx, caller, body, prepared)),
    }),
    read(contract.get, async ({ caller, params }) => presentOrder(await orders.get(caller, params.id)), {
      feeds: ({ params }) => [feeds.order(params.id)],
    }),
    write(contract.updateStatus, async ({ tx, caller, params, body, ifMatch }) =>
      presentOrder(await orders.changeStatus(tx, caller, params.id, body, ifMatch)),
    ),
    write(contract.cancel, async ({ tx, caller, params, body, ifMatch }) =>
      presentOrder(await orders.cancel(tx, caller, params.id, body.reason, ifMatch)),
    ),
    write(contract.refund, async ({ tx, caller, params, body, ifMatch }) =>
      presentOrder(await orders.refund(tx, caller, params.id, body, ifMatch)),
    ),
    read(contract.pickupCode, async ({ caller, params, query: { format }, accepts }) =>
      showCode(await pickups.code(caller, params.id), { format, accepts }),
    ),
    write(contract.pickUp, async ({ tx, caller, params, body }) => presentOrder(await pickups.handOver(tx, caller, params.id, body.code))),
  ];
}
