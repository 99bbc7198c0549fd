import { feeds, isAdmin, routes, type Principal } from '@tidings/contracts';
import { optionalRead, read, write, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import type { PlanFollowers } from './plan-followers.js';
import type { PlanLists } from './plan-lists.js';
import { presentPlan, presentPlanVersion } from './plans.presenter.js';
import type { Plans } from './plans.service.js';

const seesAll = (caller: Principal | null): boolean => caller !== null && isAdmin(caller.roles);
const plansFeed = ({ caller }: { caller: Principal | null }) => [seesAll(caller) ? feeds.plansAdmin : feeds.plans];

export function planRoutes(parts: { plans: Plans; lists: PlanLists; followers: PlanFollowers }): RouteBinding[] {
  const { plans, lists, followers } = parts;
  const contract = routes.plans;
  return [
    optionalRead(contract.list, async ({ caller, query }) => presentPage(await lists.list(query, seesAll(caller)), presentPlan), {
      feeds: plansFeed,
    }),
    optionalRead(contract.get, async ({ caller, params }) => presentPlan(await plans.get(params.id, { drafts: seesAll(caller) })), {
      feeds: plansFeed,
    }),
    optionalRead(
      contract.history,
      async ({ caller, params, query }) =>
        presentPage(await lists.history(params.id, query, seesAll(caller)), (version) => presentPlanVersion(version, seesAll(caller))),
      { feeds: plansFeed },
    ),
    write(contract.create, async ({ tx, body }) => presentPlan(await plans.create(tx, body))),
    write(contract.update, async ({ tx, params, query, body, ifMatch }) =>
      presentPlan(await plans.update(tx, params.id, body, { ifMatch, merge: query.merge })),
    ),
    write(contract.restore, async ({ tx, params, body, ifMatch }) =>
      presentPlan(await plans.restore(tx, params.id, body.version, ifMatch)),
    ),
    write(contract.remove, async ({ tx, params, query, ifMatch }) => void (await plans.remove(tx, params.id, query, ifMatch))),
    read(contract.getFollow, async ({ caller, params }) => ({
      planId: params.id,
      following: await followers.isFollowing(caller, params.id),
    })),
    write(contract.follow, async ({ tx, caller, params }) => {
      await followers.follow(tx, caller, params.id);
      return { planId: params.id, following: true };
    }),
    write(contract.unfollow, async ({ tx, caller, params }) => {
      await followers.unfollow(tx, caller, params.id);
      return { planId: params.id, following: false };
    }),
  ];
}
