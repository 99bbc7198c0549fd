import { Problem, routes } from '@tidings/contracts';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import { presentCard, presentPoints } from './loyalty.presenter.js';
import type { Moved } from './points.js';
import type { PointsService } from './points.service.js';

export function pointsRoutes(points: PointsService): RouteBinding[] {
  const contract = routes.loyalty;
  return [
    write(contract.changePoints, async ({ tx, caller, params, body }) => {
      const moved = await points.byHand(tx, caller, params.id, body);
      return moved instanceof Problem ? moved : presentMoved(moved);
    }),
    read(contract.listPoints, async ({ caller, query }) => presentPage(await points.list(caller, query), presentPoints), {
      feeds: async ({ caller, query }) => [await points.feedOf(caller, query)],
    }),
    write(contract.decidePoints, async ({ tx, caller, params, body }) =>
      presentMoved(await points.decide(tx, caller, params.id, body.decision)),
    ),
    write(contract.reversePoints, async ({ tx, caller, params, body }) =>
      presentMoved(await points.reverse(tx, caller, params.id, body.reason)),
    ),
  ];
}

function presentMoved({ entry, card }: Moved) {
  return { id: entry._id, status: entry.status, points: presentPoints(entry), card: presentCard(card) };
}
