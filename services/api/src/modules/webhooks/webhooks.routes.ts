import { routes } from '@tidings/contracts';
import { raw, read, write, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import { presentDelivery, type Deliveries } from './deliveries.js';
import { webhookProviders } from './message.js';
import type { Webhooks } from './webhooks.service.js';

export function webhookRoutes({ webhooks, deliveries }: { webhooks: Webhooks; deliveries: Deliveries }): RouteBinding[] {
  const contract = routes.webhooks;
  return [
    ...webhookProviders.map((provider) =>
      raw(contract[provider], async ({ body, headers }) => {
        await webhooks.receive(provider, body, headers);
        return { received: true as const };
      }),
    ),
    read(contract.listDeliveries, async ({ query }) => presentPage(await deliveries.list(query), presentDelivery)),
    read(contract.getDelivery, async ({ caller, params }) => {
      const delivery = await deliveries.get(caller, params.id);
      return { ...presentDelivery(delivery), headers: delivery.headers, body: delivery.body };
    }),
    write(contract.replayDelivery, async ({ tx, params }) => presentDelivery(await deliveries.replay(tx, params.id))),
    write(contract.resolveDelivery, async ({ tx, caller, params, body }) =>
      presentDelivery(await deliveries.resolve(tx, caller, params.id, body)),
    ),
  ];
}
