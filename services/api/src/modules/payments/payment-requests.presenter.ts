import type { PaymentRequest } from '@tidings/contracts';
import type { PaymentRequestDocument } from './payment-requests.model.js';

export function presentPaymentRequest(request: PaymentRequestDocument): PaymentRequest {
  const { _id, userId, customerName, vendorId, vendorName, amount, currency, note, capture, status, version } = request;
  const { captured, refunded } = request;
  return {
    id: _id,
    userId,
    customerName,
    vendorId,
    vendorName,
    amount,
    currency,
    ...(note === undefined ? {} : { note }),
    capture,
    status,
    ...(captured === undefined ? {} : { captured }),
    ...(refunded === undefined ? {} : { refunded }),
    expiresAt: request.expiresAt.toISOString(),
    version,
    createdAt: request.createdAt.toISOString(),
    updatedAt: request.updatedAt.toISOString(),
  };
}
