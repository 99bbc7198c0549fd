import type { UnitOfWork } from '@tidings/feed';
import type { JobHandler } from '@tidings/platform';
import { z } from 'zod';
import { onJob } from '../../on-job.js';
import type { OrderSteps } from './order-steps.js';
import type { OrderDocument, OrderModels } from './orders.model.js';

const jobSchema = z.strictObject({ orderId: z.string() });

/**
 * Ends an order that nobody has picked up in time, by the rule that held when it became ready. One that was handed over or cancelled
 * meanwhile stays as it is. What the merchant's balance does not cover of the refund, it owes: the order ends all the same.
 */
export function createExpiry(options: { unitOfWork: UnitOfWork; orders: OrderModels['orders']; steps: OrderSteps }): JobHandler {
  const { unitOfWork, orders, steps } = options;
  return onJob(unitOfWork, jobSchema, async (tx, { orderId }) => {
    const order = await orders.findById(orderId, null, { session: tx.session }).lean<OrderDocument>();
    if (order?.status !== 'ready' || !order.unclaimed) return;
    const { refund } = order.unclaimed;
    await steps.step(tx, 'clock', order, { status: 'expired', reason: 'Nobody picked it up in time', refund });
  });
}
