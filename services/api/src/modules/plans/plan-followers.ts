import { feeds, type Principal } from '@tidings/contracts';
import { notificationCollections, type FeedWatcher, type Tx } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';
import type { Plans } from './plans.service.js';

/** Who has asked to be notified of what happens to a plan: the notification worker looks here. */
export interface PlanFollowers {
  isFollowing(caller: Principal, planId: string): Promise<boolean>;
  /** Twice is once. @throws Problem `not-found` */
  follow(tx: Tx, caller: Principal, planId: string): Promise<void>;
  /** Also of a plan that is withdrawn. @throws Problem `not-found` for one that the caller neither follows nor sees */
  unfollow(tx: Tx, caller: Principal, planId: string): Promise<void>;
}

export function createPlanFollowers({ db }: Pick<Mongo, 'db'>, plans: Pick<Plans, 'get'>): PlanFollowers {
  const watchers = db.collection<FeedWatcher>(notificationCollections.watchers);
  const idOf = ({ userId }: Principal, planId: string): string => `${feeds.plan(planId)}:${userId}`;

  return {
    async isFollowing(caller, planId) {
      await plans.get(planId);
      return (await watchers.findOne({ _id: idOf(caller, planId) }, { projection: { _id: 1 } })) !== null;
    },

    async follow(tx, caller, planId) {
      await plans.get(planId, { tx });
      const { userId } = caller;
      const fields = { feed: feeds.plan(planId), userId };
      await watchers.updateOne({ _id: idOf(caller, planId) }, { $setOnInsert: fields }, { session: tx.session, upsert: true });
    },

    async unfollow(tx, caller, planId) {
      const { deletedCount } = await watchers.deleteOne({ _id: idOf(caller, planId) }, { session: tx.session });
      if (deletedCount === 0) await plans.get(planId, { tx });
    },
  };
}
