import { feeds, routes } from '@tidings/contracts';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import { presentEnrollment } from './enrollments.presenter.js';
import { sideOf, type Enrollments } from './enrollments.service.js';

export function enrollmentRoutes(enrollments: Enrollments): RouteBinding[] {
  const contract = routes.loyalty;
  return [
    read(
      contract.listEnrollments,
      async ({ caller, query }) => {
        const side = query.businessId === undefined ? 'customer' : 'merchant';
        return presentPage(await enrollments.list(caller, query), (enrollment) => presentEnrollment(enrollment, side));
      },
      { feeds: ({ caller, query }) => [query.businessId === undefined ? feeds.user(caller.userId) : feeds.merchant(query.businessId)] },
    ),
    write(contract.createEnrollment, async ({ tx, caller, body }) => {
      const enrollment = await enrollments.create(tx, caller, body);
      return presentEnrollment(enrollment, sideOf(caller, enrollment));
    }),
    read(
      contract.getEnrollment,
      async ({ caller, params }) => {
        const enrollment = await enrollments.get(caller, params.id);
        return presentEnrollment(enrollment, sideOf(caller, enrollment));
      },
      // Which of them tells of it, only the enrollment knows.
      { feeds: ({ caller }) => [feeds.user(caller.userId), ...caller.merchants.map(feeds.merchant)] },
    ),
    write(contract.decideEnrollment, async ({ tx, caller, params, body, ifMatch }) => {
      const enrollment = await enrollments.decide(tx, caller, params.id, body.decision, ifMatch);
      return presentEnrollment(enrollment, sideOf(caller, enrollment));
    }),
  ];
}
