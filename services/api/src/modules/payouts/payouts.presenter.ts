import type { Payout } from '@tidings/contracts';
import type { PayoutDocument } from './payouts.model.js';

export function presentPayout(payout: PayoutDocument): Payout {
  const { _id, merchantId, amount, currency, status, requestedBy, note, reference, reason, version, createdAt, updatedAt } = payout;
  return {
    id: _id,
    merchantId,
    amount,
    currency,
    status,
    requestedBy,
    ...(note === undefined ? {} : { note }),
    ...(reference === undefined ? {} : { reference }),
    ...(reason === undefined ? {} : { reason }),
    version,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  };
}
