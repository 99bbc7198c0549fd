import { Problem, type PlanLimit } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';
import type { PlanCatalogue } from './plan-terms.js';
import type { SubscriptionRecords } from './subscription-records.js';

export interface PlanLimits {
  /**
   * In the transaction that adds one of these: refuses it when the plan allows no more. What a merchant has already stays, also above the limit.
   * @param count how many there are, as the transaction sees them, without the new one
   * @throws Problem `plan-limit` with `limit` and `used`
   */
  assertRoom(tx: Tx, merchantId: string, what: PlanLimit, count: () => Promise<number>): Promise<void>;
}

const words: Readonly<Record<PlanLimit, string>> = { items: 'items', programs: 'active programs', staff: 'members' };

export function createPlanLimits(options: {
  mongo: Mongo;
  records: Pick<SubscriptionRecords, 'find'>;
  catalogue: PlanCatalogue;
}): PlanLimits {
  const { mongo, records, catalogue } = options;
  const merchants = mongo.db.collection<{ _id: string; limitsVersion?: number }>('merchants');
  return {
    async assertRoom(tx, merchantId, what, count) {
      const plan = (await records.find(merchantId, tx))?.plan ?? 'freeTrial';
      const limit = catalogue[plan].limits[what];
      if (limit === null) return;
      // Two who add at once write two documents, and neither counts the other's: this makes the second of them run again.
      await merchants.updateOne({ _id: merchantId }, { $inc: { limitsVersion: 1 } }, { session: tx.session });
      const used = await count();
      if (used >= limit) throw new Problem('plan-limit', `The plan ${plan} allows ${limit} ${words[what]}`, { limit, used });
    },
  };
}
