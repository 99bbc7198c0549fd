import type { Refund } from '@tidings/contracts';
import type { RefundDocument } from './refunds.model.js';

export function presentRefund(refund: RefundDocument): Refund {
  const { _id, status, userId, topUpId, orderId, amount, currency, paymentMethod, reason, failure, requestedBy, version, createdAt } =
    refund;
  return {
    id: _id,
    status,
    userId,
    ...(topUpId ? { topUpId } : {}),
    ...(orderId ? { orderId } : {}),
    amount,
    currency,
    paymentMethod,
    reason,
    ...(failure ? { failure } : {}),
    requestedBy,
    version,
    createdAt: createdAt.toISOString(),
  };
}
