import type { AnyEvent } from '../events.js';
import { newestFirst, upsert } from '../reduce.js';
import type { PaymentRequest } from './requests.js';

/** The payment requests after the event: what `GET /api/payment-requests` then lists, newest first. */
export function reducePaymentRequests(state: readonly PaymentRequest[], event: AnyEvent): readonly PaymentRequest[] {
  return event.type === 'payment-request-updated' ? upsert(state, event.data.paymentRequest, newestFirst) : state;
}
