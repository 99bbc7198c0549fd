import { feeds, routes } from '@tidings/contracts';
import { read, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import type { FraudAlerts } from './fraud-alerts.js';
import { presentFraudAlert } from './loyalty.presenter.js';

export function fraudRoutes({ alerts }: { alerts: FraudAlerts }): RouteBinding[] {
  return [
    read(routes.loyalty.listFraudAlerts, async ({ query }) => presentPage(await alerts.list(query), presentFraudAlert), {
      feeds: () => [feeds.admin],
    }),
  ];
}
