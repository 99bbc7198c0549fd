import { feeds, routes } from '@tidings/contracts';
import { read, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import type { Cards } from './cards.js';
import { presentCard } from './loyalty.presenter.js';

export function cardRoutes({ cards }: { cards: Cards }): RouteBinding[] {
  const contract = routes.loyalty;
  return [
    read(contract.listCards, async ({ caller, query }) => presentPage(await cards.list(caller.userId, query), presentCard), {
      feeds: ({ caller }) => [feeds.user(caller.userId)],
    }),
    read(contract.getCard, async ({ caller, params }) => presentCard(await cards.get(caller, params.id)), {
      // Which of them tells of it, only the card knows.
      feeds: ({ caller }) => [feeds.user(caller.userId), ...caller.merchants.map(feeds.merchant)],
    }),
  ];
}
