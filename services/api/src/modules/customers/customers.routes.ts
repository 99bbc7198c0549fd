import { feeds, routes } from '@tidings/contracts';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import { presentEnrollment } from '../enrollments/index.js';
import { presentCard, presentCustomer, presentInteraction } from '../loyalty/index.js';
import type { AnalyticsService } from './analytics.service.js';
import type { Customers } from './customers.service.js';

const merchantFeed = { feeds: ({ params }: { params: { id: string } }) => [feeds.merchant(params.id)] };

export function customerRoutes({ customers, analytics }: { customers: Customers; analytics: AnalyticsService }): RouteBinding[] {
  const contract = routes.loyalty;
  return [
    read(
      contract.listCustomers,
      async ({ caller, params, query }) => presentPage(await customers.list(caller, params.id, query), presentCustomer),
      merchantFeed,
    ),
    read(
      contract.getCustomer,
      async ({ caller, params }) => {
        const { customer, enrollments, cards } = await customers.get(caller, params.id, params.userId);
        return {
          customer: presentCustomer(customer),
          enrollments: enrollments.map((enrollment) => presentEnrollment(enrollment, 'merchant')),
          cards: cards.map(presentCard),
        };
      },
      merchantFeed,
    ),
    write(contract.tagCustomer, async ({ tx, caller, params, body, ifMatch }) =>
      presentCustomer(await customers.tag(tx, caller, params.id, params.userId, body.tags, ifMatch)),
    ),
    read(
      contract.listInteractions,
      async ({ caller, params, query }) =>
        presentPage(await customers.interactions(caller, params.id, params.userId, query), presentInteraction),
      merchantFeed,
    ),
    read(contract.getAnalytics, async ({ caller, params, query }) => analytics.report(caller, params.id, query), merchantFeed),
  ];
}
