import { feeds, routes } from '@tidings/contracts';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import { presentProgram } from './loyalty.presenter.js';
import type { Programs } from './programs.service.js';

const menuFeed = ({ params }: { params: { id: string } }) => [feeds.menu(params.id)];

export function loyaltyRoutes({ programs }: { programs: Programs }): RouteBinding[] {
  const contract = routes.loyalty;
  return [
    read(contract.listPrograms, async ({ params, query }) => presentPage(await programs.list(params.id, query), presentProgram), {
      feeds: menuFeed,
    }),
    write(contract.createProgram, async ({ tx, caller, params, body }) =>
      presentProgram(await programs.create(tx, caller, params.id, body)),
    ),
    read(contract.getProgram, async ({ params }) => presentProgram(await programs.get(params.id, params.programId)), { feeds: menuFeed }),
    write(contract.updateProgram, async ({ tx, caller, params, body, ifMatch }) =>
      presentProgram(await programs.update(tx, caller, params.id, params.programId, body, ifMatch)),
    ),
  ];
}
