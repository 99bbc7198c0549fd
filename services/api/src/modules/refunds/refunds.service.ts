import { Problem, type Principal, type RefundInput } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { refundedOf, type Orders } from '../orders/index.js';
import { leftOf, type PaymentRequests } from '../payments/index.js';
import { presentRefund, type RefundDocument, type Refunds } from '../wallet/index.js';

export interface AdminRefunds {
  /**
   * By an administrator. What one payment gets back above the limit, over all its refunds, is for a superadmin alone: else one would ask twice.
   * Nobody gives back what they paid themselves from the wallet, for which the merchant pays.
   * @throws Problem `forbidden`, and as `Refunds.ofTopUp`, `Orders.giveBack` and `PaymentRequests.giveBack`
   */
  create(tx: Tx, caller: Principal, input: RefundInput): Promise<RefundDocument>;
}

/** A payment from the wallet: what is left of it, what went back before, and how a part of it goes back. */
interface FromWallet {
  userId: string;
  left: number;
  given: number;
  giveBack: (part: { amount: number; reason: string; byAdmin: true }) => Promise<{ currency: string }>;
}

/** @param options.limit minor units, whatever the currency */
export function createAdminRefunds(options: {
  refunds: Refunds;
  orders: Pick<Orders, 'get' | 'giveBack'>;
  paymentRequests: Pick<PaymentRequests, 'get' | 'giveBack'>;
  limit: number;
}): AdminRefunds {
  const { refunds, orders, paymentRequests, limit } = options;

  const ofOrder = async (tx: Tx, caller: Principal, id: string): Promise<FromWallet> => {
    const order = await orders.get(caller, id, tx);
    const given = refundedOf(order);
    return { userId: order.userId, left: order.price - given, given, giveBack: (part) => orders.giveBack(tx, order, part) };
  };

  const ofPaymentRequest = async (tx: Tx, caller: Principal, id: string): Promise<FromWallet> => {
    const request = await paymentRequests.get(caller, id, tx);
    return {
      userId: request.userId,
      left: leftOf(request),
      given: request.refunded ?? 0,
      giveBack: (part) => paymentRequests.giveBack(tx, request, part),
    };
  };

  const toWallet = async (
    tx: Tx,
    caller: Principal,
    { userId, left, given, giveBack }: FromWallet,
    { orderId, paymentRequestId, amount = left, reason }: RefundInput,
    allow: (total: number) => void,
  ): Promise<RefundDocument> => {
    if (userId === caller.userId) throw new Problem('forbidden', 'Nobody gives back what they paid themselves');
    if (left === 0) throw new Problem('refund-exceeds-payment', 'There is nothing left to give back');
    allow(given + amount);
    const { currency } = await giveBack({ amount, reason, byAdmin: true });
    return refunds.done(tx, {
      userId,
      ...(orderId === undefined ? {} : { orderId }),
      ...(paymentRequestId === undefined ? {} : { paymentRequestId }),
      amount,
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
      const { topUpId, orderId, paymentRequestId = '', amount, reason } = input;
      const [target, refund] = topUpId
        ? [`top-up:${topUpId}`, await refunds.ofTopUp(tx, caller, { id: topUpId, amount, reason }, allow)]
        : orderId
          ? [`order:${orderId}`, await toWallet(tx, caller, await ofOrder(tx, caller, orderId), input, allow)]
          : [
              `payment-request:${paymentRequestId}`,
              await toWallet(tx, caller, await ofPaymentRequest(tx, caller, paymentRequestId), input, allow),
            ];
      await tx.audit({
        action: 'refund.create',
        target,
        details: { refundId: refund._id, amount: refund.amount, currency: refund.currency, reason },
        before: null,
        after: presentRefund(refund),
      });
      return refund;
    },
  };
}
