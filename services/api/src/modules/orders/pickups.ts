import { closedOrderStatuses, Problem, type Principal } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { passing, type Codes } from '../../codes/codes.js';
import type { ShownCode } from '../../codes/qr-image.js';
import { isMember } from '../merchants/index.js';
import type { OrderSteps } from './order-steps.js';
import type { OrderDocument } from './orders.model.js';
import type { Orders } from './orders.service.js';

/** Handing an order over to who shows its code: a pickup number is called out, and anybody could answer to it. */
export interface Pickups {
  /**
   * For the customer, while the order is open; it changes, and the last ones stay valid until they expire.
   * @throws Problem `not-found` (also for other people's orders, and when there is nothing left to pick up), `forbidden` (members)
   */
  code(caller: Principal, orderId: string): Promise<ShownCode>;
  /**
   * By a member of the merchant who has scanned the code: the order is completed.
   * @throws Problem `forbidden`, `code-invalid`, `code-expired`, `code-foreign` (also of another merchant's order), `code-used` (the order
   *   was handed over before, by this code or another), `invalid-transition` (it is not ready)
   */
  handOver(tx: Tx, caller: Principal, merchantId: string, text: string): Promise<OrderDocument>;
}

export function createPickups(options: { orders: Pick<Orders, 'get'>; steps: OrderSteps; codes: Codes }): Pickups {
  const { orders, steps, codes } = options;
  return {
    async code(caller, orderId) {
      const order = await orders.get(caller, orderId);
      if (order.userId !== caller.userId) throw new Problem('forbidden', 'Only the customer shows the code of an order');
      if (closedOrderStatuses.includes(order.status)) throw new Problem('not-found', 'There is nothing left to pick up');
      const fields = { kind: 'pickup' as const, orderId, ...passing(new Date()) };
      return { code: codes.sign(fields), expiresAt: fields.expiresAt };
    },

    async handOver(tx, caller, merchantId, text) {
      if (!isMember(caller, merchantId)) throw new Problem('forbidden', 'Only members of the merchant hand orders over');
      const { orderId } = codes.readAs('pickup', text, tx.now);
      const order = await orders.get(caller, orderId, tx).catch((error: unknown) => {
        // Whether it is of a merchant that the caller has nothing to do with, or of none any more: it is not for this counter.
        if (error instanceof Problem && error.code === 'not-found') throw foreign();
        throw error;
      });
      if (order.vendorId !== merchantId) throw foreign();
      if (order.status === 'completed') throw new Problem('code-used', 'The order was handed over before');
      return steps.step(tx, 'member', order, { status: 'completed' });
    },
  };
}

const foreign = (): Problem => new Problem('code-foreign', "The code is of another merchant's order");
