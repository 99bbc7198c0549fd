import { feeds, Problem, routes } from '@tidings/contracts';
import { showCode } from '../../codes/qr-image.js';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import { presentScan, presentScanned } from './scans.presenter.js';
import type { Scans } from './scans.service.js';
import type { StaticCards } from './static-cards.js';

export function scanRoutes({ scans, staticCards }: { scans: Scans; staticCards: StaticCards }): RouteBinding[] {
  const contract = routes.loyalty;
  return [
    write(contract.scan, async ({ tx, caller, body }) => {
      const scanned = await scans.scan(tx, caller, body);
      return scanned instanceof Problem ? scanned : presentScanned(scanned);
    }),
    read(contract.listScans, async ({ caller, params, query }) => presentPage(await scans.list(caller, params.id, query), presentScan), {
      feeds: ({ params }) => [feeds.merchant(params.id)],
    }),
    read(contract.ownCard, async ({ caller, query: { format }, accepts }) =>
      showCode(await staticCards.show(caller.userId), { format, accepts, isPrivate: true }),
    ),
    write(contract.renewCard, ({ tx, caller }) => staticCards.renew(tx, caller.userId)),
  ];
}
