import { feeds, routes, type AnalyticsCounters } from '@tidings/contracts';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { csvFile, type Column } from '../../http/csv.js';
import { presentPage } from '../../http/lists.js';
import { presentEnrollment } from '../enrollments/index.js';
import { presentCard, presentCustomer, presentInteraction, type CustomerDocument } from '../loyalty/index.js';
import { counterNames, type AnalyticsService } from './analytics.service.js';
import type { Customers } from './customers.service.js';

/** By the names of the fields that the list has; what are many in one cell stand between semicolons, which no tag or id holds. */
const customerColumns: readonly Column<CustomerDocument>[] = [
  ['userId', ({ userId }) => userId],
  ['name', ({ name }) => name],
  ['balance', ({ balance }) => balance],
  ['lifetime', ({ lifetime }) => lifetime],
  ['visits', ({ visits }) => visits],
  ['lastVisitAt', ({ lastVisitAt }) => lastVisitAt?.toISOString() ?? null],
  ['enrolledAt', ({ enrolledAt }) => enrolledAt.toISOString()],
  ['tags', ({ tags }) => tags.join(';')],
  ['programIds', ({ programIds }) => programIds.join(';')],
];
const dayColumns: readonly Column<{ date: string } & AnalyticsCounters>[] = [
  ['date', ({ date }) => date],
  ...counterNames.map((name): Column<AnalyticsCounters> => [name, (day) => day[name]]),
];

const heavy = { limit: 'heavy' } as const;
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
      contract.exportCustomers,
      async ({ caller, params, query }) =>
        csvFile(`customers-${params.id}`, customerColumns, await customers.export(caller, params.id, query)),
      heavy,
    ),
    read(
      contract.getCustomer,
      async ({ caller, params }) => {
        const { customer, enrollments, cards, interactions } = await customers.get(caller, params.id, params.userId);
        return {
          customer: customer && presentCustomer(customer),
          enrollments: enrollments.map((enrollment) => presentEnrollment(enrollment, 'merchant')),
          cards: cards.map(presentCard),
          interactions: interactions.map(presentInteraction),
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
    read(
      contract.exportAnalytics,
      async ({ caller, params, query }) => {
        const { from, to, days } = await analytics.report(caller, params.id, query);
        return csvFile(`loyalty-${from}-${to}`, dayColumns, [days]);
      },
      heavy,
    ),
  ];
}
