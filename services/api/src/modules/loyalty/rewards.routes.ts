import { feeds, routes } from '@tidings/contracts';
import { showCode } from '../../codes/qr-image.js';
import { read, write, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import { presentCard, presentRedemption, presentReward } from './loyalty.presenter.js';
import type { Redemptions } from './redemptions.service.js';
import type { Rewards } from './rewards.service.js';

export function rewardRoutes({ rewards, redemptions }: { rewards: Rewards; redemptions: Redemptions }): RouteBinding[] {
  const contract = routes.loyalty;
  return [
    read(contract.listRewards, async ({ params, query }) => presentPage(await rewards.list(params.id, query), presentReward), {
      feeds: ({ params }) => [feeds.menu(params.id)],
    }),
    write(contract.createReward, async ({ tx, caller, params, body }) => presentReward(await rewards.create(tx, caller, params.id, body))),
    write(contract.updateReward, async ({ tx, caller, params, body, ifMatch }) =>
      presentReward(await rewards.update(tx, caller, params.id, params.rewardId, body, ifMatch)),
    ),
    write(contract.createRedemption, async ({ tx, caller, params, body }) => {
      const { redemption, card } = await redemptions.request(tx, caller, params.id, body.rewardId);
      return { ...presentRedemption(redemption), card: presentCard(card) };
    }),
    read(contract.listRedemptions, async ({ caller, query }) => presentPage(await redemptions.list(caller, query), presentRedemption), {
      feeds: ({ caller, query }) => [query.businessId === undefined ? feeds.user(caller.userId) : feeds.merchant(query.businessId)],
    }),
    read(contract.redemptionQr, async ({ caller, params, query: { format }, accepts }) =>
      showCode(await redemptions.code(caller, params.id), { format, accepts }),
    ),
    write(contract.confirmRedemption, async ({ tx, caller, params, body }) =>
      presentRedemption(await redemptions.confirm(tx, caller, params.id, body.code)),
    ),
    write(contract.cancelRedemption, async ({ tx, caller, params }) => presentRedemption(await redemptions.cancel(tx, caller, params.id))),
  ];
}
