import type { Refund } from '@tidings/contracts';
import type { RefundDocument } from './refunds.model.js';

export function presentRefund(refund: RefundDocument): Refund {
  const { _id, status, userId, topUpId, orderId, paymentRequestId, amount, currency, paymentMethod, reason } = refund;
  const { failure, requestedBy, version, createdAt } = refund;
  return {
    id: _id,
    status,
    userId,
    ...(topUpId ? { topUpId } : {}),
    ...(orderId ? { orderId } : {}),
    ...(paymentRequestId ? { paymentRequestId } : {}),
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
