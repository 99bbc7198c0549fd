import { z } from 'zod';
import { isSignedByRazorpay, signRazorpay } from '../../wallet/index.js';
import {
  epochSeconds,
  header,
  invalidSignature,
  minorUnits,
  ourNames,
  parse,
  parseJson,
  providerRef,
  refundNames,
  refundNamesOf,
  timeOf,
  topUpIdOf,
  unknownType,
  unnamed,
  upperCurrency as currency,
  type ProviderMessage,
  type WebhookSource,
} from '../message.js';

const eventSchema = z.looseObject({ event: z.string().min(1).max(100), payload: z.looseObject({}), created_at: epochSeconds });
const paymentSchema = z.looseObject({
  id: providerRef,
  amount: minorUnits,
  currency,
  order_id: providerRef.nullish(),
  notes: ourNames,
  error_description: z.string().nullish(),
  amount_refunded: minorUnits.nullish(),
});
const disputeSchema = z.looseObject({ id: providerRef, amount: minorUnits, currency, reason_code: z.string().nullish() });
const refundSchema = z.looseObject({ id: providerRef, amount: minorUnits, currency, notes: refundNames });
const withPayment = z.looseObject({ payment: z.looseObject({ entity: paymentSchema }) });
const withRefund = withPayment.extend({ refund: z.looseObject({ entity: refundSchema }) });
const withDispute = withPayment.extend({ dispute: z.looseObject({ entity: disputeSchema }) });

/**
 * Razorpay signs the body alone, so a message can be sent again at any time, and under another id, which is in a header: nothing that is
 * done for it may be done twice (a top-up credits once, refunds are told as a sum, a dispute has a name).
 * @param secret undefined where none is set: then no signature is right
 */
export function razorpaySource(secret: string | undefined): WebhookSource {
  return {
    verify(body, headers) {
      const signature = header(headers, 'x-razorpay-signature');
      if (secret === undefined || signature === undefined || !isSignedByRazorpay(body, signature, secret)) throw invalidSignature();
      const id = header(headers, 'x-razorpay-event-id');
      return { id, headers: { 'x-razorpay-signature': signature, ...(id ? { 'x-razorpay-event-id': id } : {}) } };
    },
    read(body) {
      const { event, payload, created_at } = parse(eventSchema, parseJson(body));
      return { type: event, message: meaning(event, payload, timeOf(created_at)) };
    },
    sign(body, { id }) {
      if (secret === undefined) throw new Error('No secret of Razorpay is set');
      return { 'x-razorpay-signature': signRazorpay(body, secret), 'x-razorpay-event-id': id };
    },
  };
}

/** What the payloads have: https://razorpay.com/docs/webhooks/payloads/payments/. */
function meaning(event: string, payload: unknown, at: Date): ProviderMessage {
  switch (event) {
    case 'payment.captured':
    case 'payment.failed': {
      const payment = parse(withPayment, payload).payment.entity;
      const names = { topUpId: topUpIdOf(payment.notes), orderRef: payment.order_id ?? undefined };
      if (!names.topUpId && !names.orderRef) return unnamed;
      if (event === 'payment.failed')
        return { kind: 'failed', ...names, reason: (payment.error_description ?? 'The payment failed').slice(0, 500) };
      return { kind: 'succeeded', ...names, amount: payment.amount, currency: payment.currency, providerRef: payment.id };
    }
    case 'refund.processed': {
      // The refund itself says what it gave back, the payment beside it what was given back in all.
      const { payment, refund } = parse(withRefund, payload);
      const { id, notes } = payment.entity;
      const amount = parse(minorUnits, payment.entity.amount_refunded);
      const names = { topUpId: topUpIdOf(notes), providerRef: id, refundRef: refund.entity.id };
      return { kind: 'refunded', ...names, amount, currency: payment.entity.currency, at };
    }
    case 'refund.failed': {
      // What the payment beside it says of the sum may be of before or after: the refund alone is read.
      const { payment, refund } = parse(withRefund, payload);
      const { id: refundRef, amount, notes } = refund.entity;
      const { refundId } = refundNamesOf(notes);
      const names = { topUpId: topUpIdOf(payment.entity.notes), providerRef: payment.entity.id, refundRef, refundId };
      return { kind: 'refund-failed', ...names, amount, currency: refund.entity.currency, at, reason: 'The bank did not take the refund' };
    }
    case 'payment.dispute.created':
    case 'payment.dispute.won':
    case 'payment.dispute.lost':
    case 'payment.dispute.closed': {
      const { payment, dispute } = parse(withDispute, payload);
      const { id: disputeId, amount, reason_code } = dispute.entity;
      return {
        kind: 'disputed',
        topUpId: topUpIdOf(payment.entity.notes),
        providerRef: payment.entity.id,
        disputeId,
        status: outcomes[event] ?? 'opened',
        amount,
        currency: dispute.entity.currency,
        reason: reason_code?.slice(0, 100) ?? undefined,
      };
    }
    default:
      return unknownType;
  }
}

/**
 * `closed`: a question about fraud that was answered, or settled by a refund, which has an event of its own; money is taken for a lost one
 * alone (https://razorpay.com/docs/api/disputes/entity).
 */
const outcomes: Readonly<Record<string, 'won' | 'lost'>> = {
  'payment.dispute.won': 'won',
  'payment.dispute.closed': 'won',
  'payment.dispute.lost': 'lost',
};
