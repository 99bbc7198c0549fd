import { routes } from '@tidings/contracts';
import { raw, type RouteBinding } from '../../http/bind.js';
import type { Webhooks } from './webhooks.service.js';

export function webhookRoutes(webhooks: Webhooks): RouteBinding[] {
  return [
    raw(routes.webhooks.stripe, async ({ body, headers }) => {
      await webhooks.receiveStripe(body, headers['stripe-signature']);
      return { received: true as const };
    }),
  ];
}
