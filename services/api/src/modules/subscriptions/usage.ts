import type { PlanLimit } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';

/** How many a merchant has of what plans limit. */
export type Usage = (merchantId: string) => Promise<Record<PlanLimit, number>>;

export function createUsage({ db }: Pick<Mongo, 'db'>): Usage {
  return async (merchantId) => {
    const [items, programs, staff] = await Promise.all([
      db.collection('items').countDocuments({ merchantId, deletedAt: null }),
      db.collection('programs').countDocuments({ merchantId, isActive: true }),
      db.collection('users').countDocuments({ 'memberships.merchantId': merchantId }),
    ]);
    return { items, programs, staff };
  };
}
