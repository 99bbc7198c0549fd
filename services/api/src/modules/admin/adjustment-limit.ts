import { Problem, type Principal } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';
import { walletModels } from '../wallet/index.js';

const periodMs = 86_400_000;

/** @throws Problem `forbidden` */
export type AdjustmentLimit = (tx: Tx, caller: Principal, of: { userId: string; amount: number; currency: string }) => Promise<void>;

/**
 * What is given to or taken of one user within 24 hours above the limit, over all adjustments, is for a superadmin alone: else one would ask twice.
 * Two who ask at once meet on the user's account, and the second then counts the first.
 * @param limit minor units, whatever the currency
 */
export function createAdjustmentLimit(mongo: Mongo, limit: number): AdjustmentLimit {
  const { transfers } = walletModels(mongo);
  return async (tx, { roles }, { userId, amount, currency }) => {
    if (roles.includes('superadmin')) return;
    const since = new Date(tx.now.getTime() - periodMs);
    const [before] = await transfers
      .aggregate<{ moved: number }>([
        { $match: { userId, at: { $gt: since }, type: 'adjustment', currency } },
        { $group: { _id: null, moved: { $sum: '$amount' } } },
      ])
      .session(tx.session);
    if ((before?.moved ?? 0) + Math.abs(amount) > limit)
      throw new Problem('forbidden', `More than ${limit} of one user in 24 hours is adjusted by a superadmin alone`);
  };
}
