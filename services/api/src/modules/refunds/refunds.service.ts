import { Problem, type Principal, type RefundInput } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { refundedOf, type Orders } from '../orders/index.js';
import type { RefundDocument, Refunds } from '../wallet/index.js';

export interface AdminRefunds {
  /**
   * By an administrator. What one payment gets back above the limit, over all its refunds, is for a superadmin alone: else one would ask twice.
   * @throws Problem `forbidden`, and as `Refunds.ofTopUp` and `Orders.refund`
   */
  create(tx: Tx, caller: Principal, input: RefundInput): Promise<RefundDocument>;
}

/** @param options.limit minor units, whatever the currency */
export function createAdminRefunds(options: { refunds: Refunds; orders: Pick<Orders, 'get' | 'refund'>; limit: number }): AdminRefunds {
  const { refunds, orders, limit } = options;

  const ofOrder = async (
    tx: Tx,
    caller: Principal,
    id: string,
    { amount, reason }: RefundInput,
    allow: (total: number) => void,
  ): Promise<RefundDocument> => {
    const before = await orders.get(caller, id, tx);
    const given = refundedOf(before);
    const left = before.price - given;
    if (left === 0) throw new Problem('refund-exceeds-payment', 'All of the order was given back');
    const refunded = amount ?? left;
    allow(given + refunded);
    const { userId, currency } = await orders.refund(tx, caller, id, { amount: refunded, reason });
    return refunds.done(tx, {
      userId,
      orderId: id,
      amount: refunded,
      currency,
      paymentMethod: 'wallet',
      reason,
      requestedBy: caller.userId,
    });
  };

  return {
    async create(tx, caller, input) {
      const allow = (total: number): void => {
        if (total > limit && !caller.roles.includes('superadmin'))
          throw new Problem('forbidden', `More than ${limit} of one payment is given back by a superadmin alone`);
      };
      const { topUpId, orderId, amount, reason } = input;
      const refund = topUpId
        ? await refunds.ofTopUp(tx, caller, { id: topUpId, amount, reason }, allow)
        : await ofOrder(tx, caller, orderId ?? '', input, allow);
      await tx.audit({
        action: 'refund.create',
        target: topUpId ? `top-up:${topUpId}` : `order:${orderId}`,
        details: { refundId: refund._id, amount: refund.amount, currency: refund.currency, reason },
      });
      return refund;
    },
  };
}
