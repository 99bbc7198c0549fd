import { openOrderStatuses, type OpenOrderStatus, type Principal, type QueueEntry } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { newerThan, oldestFirst, pageByTime } from '../../http/lists.js';
import { assertMayLook, type Merchants } from '../merchants/index.js';
import { presentOrder, type OrderDocument, type OrderModels } from '../orders/index.js';

export interface QueuePage {
  items: QueueEntry[];
  nextCursor: string | null;
  counts: Record<OpenOrderStatus, number>;
  asOf: string;
}

export interface QueueQuery {
  limit: number;
  cursor?: string | undefined;
  status?: OpenOrderStatus | undefined;
}

export const openOrdersIndex = { vendorId: 1, status: 1, createdAt: -1, _id: -1 } as const;

/** The open orders of a merchant as its kitchen works them off: the oldest first. */
export function createQueue({ mongo, orders, merchants }: Pick<OrderModels, 'orders'> & { mongo: Mongo; merchants: Merchants }) {
  const count = (vendorId: string, status: OpenOrderStatus): Promise<number> => orders.countDocuments({ vendorId, status });

  return {
    /** @throws Problem `not-found`, `forbidden` */
    async page(caller: Principal, vendorId: string, { status, cursor, limit }: QueueQuery): Promise<QueuePage> {
      await merchants.get(vendorId);
      await assertMayLook(mongo, caller, vendorId, 'queue');
      const asOf = new Date();
      const [found, placed, preparing, ready] = await Promise.all([
        orders
          .find({ vendorId, status: { $in: status ? [status] : [...openOrderStatuses] }, ...newerThan(cursor) })
          .sort(oldestFirst)
          // It gives each status in the order of age, and merging them sorts nothing; left alone, the planner may walk all that ever was.
          .hint(openOrdersIndex)
          .limit(limit + 1)
          .lean<OrderDocument[]>(),
        count(vendorId, 'placed'),
        count(vendorId, 'preparing'),
        count(vendorId, 'ready'),
      ]);
      const { page, nextCursor } = pageByTime(found, limit);
      const ageSeconds = ({ createdAt }: OrderDocument): number => Math.max(0, Math.floor((asOf.getTime() - createdAt.getTime()) / 1_000));
      return {
        items: page.map((order) => ({ ...presentOrder(order), ageSeconds: ageSeconds(order) })),
        nextCursor,
        counts: { placed, preparing, ready },
        asOf: asOf.toISOString(),
      };
    },
  };
}

export type Queue = ReturnType<typeof createQueue>;
