import type { RehearsedEvent } from '@tidings/contracts';

/** A provider's event as it is about to be sent. */
export interface PlayedEvent {
  name: string;
  provider: 'stripe' | 'razorpay' | 'zeffy';
  type: string;
  body: string;
}

/** What a made-up event is of. */
export interface MadeUpPayment {
  topUpId: string;
  /** Of the whole payment, in minor units; the event's own amount may be a part of it. */
  paid: number;
  currency: string;
}

type Kind = NonNullable<RehearsedEvent['kind']>;
type Shape = (kind: Kind, amount: number, payment: MadeUpPayment) => { type: string; object: object };

/**
 * As the provider posts it, cut to what says something here. An event of the list has its place as its time, so that no two bodies are the same.
 * @param place of the event among those that are played, from 0
 * @param at when the provider says that it happened
 */
export function madeUpEvent(
  { kind = 'succeeded', amount = 0, provider = 'stripe' }: RehearsedEvent,
  { place, payment, at }: { place: number; payment: MadeUpPayment; at: Date },
): PlayedEvent {
  const created = Math.floor(at.getTime() / 1_000) + place;
  const { type, object } = (provider === 'stripe' ? stripe : razorpay)(kind, amount, payment);
  const body =
    provider === 'stripe'
      ? { id: `evt_rehearsal_${place}`, object: 'event', created, livemode: false, type, data: { object } }
      : { entity: 'event', account_id: 'acc_rehearsal', event: type, contains: Object.keys(object), payload: object, created_at: created };
  return { name: `${place}:${kind}`, provider, type, body: JSON.stringify(body) };
}

/**
 * Of a refund Stripe posts the charge, which stays `succeeded`: it has what was paid, and what was given back of it in all. A dispute has
 * metadata of its own, and names the payment only (https://docs.stripe.com/api/charges/object, /payment_intents/object, /disputes/object).
 */
const stripe: Shape = (kind, amount, { topUpId, paid, currency: upper }) => {
  const currency = upper.toLowerCase();
  const metadata = { topUpId };
  const [intent, charge] = [`pi_${topUpId}`, `ch_${topUpId}`];
  switch (kind) {
    case 'succeeded':
    case 'failed': {
      const declined = { type: 'card_error', code: 'card_declined', decline_code: 'generic_decline', message: 'Your card was declined.' };
      const outcome =
        kind === 'succeeded'
          ? { status: 'succeeded', amount_received: amount, latest_charge: charge, last_payment_error: null }
          : { status: 'requires_payment_method', amount_received: 0, latest_charge: null, last_payment_error: declined };
      return {
        type: kind === 'succeeded' ? 'payment_intent.succeeded' : 'payment_intent.payment_failed',
        object: { id: intent, object: 'payment_intent', amount, currency, metadata, ...outcome },
      };
    }
    case 'refunded': {
      const sums = { amount: paid, amount_captured: paid, amount_refunded: amount, captured: true, paid: true, refunded: amount >= paid };
      return {
        type: 'charge.refunded',
        object: { id: charge, object: 'charge', status: 'succeeded', payment_intent: intent, currency, metadata, ...sums },
      };
    }
    default: {
      const status = ({ 'dispute-won': 'won', 'dispute-lost': 'lost' } as const)[kind as string] ?? 'needs_response';
      const of = { charge, payment_intent: intent, is_charge_refundable: false, reason: 'fraudulent' };
      return {
        type: kind === 'disputed' ? 'charge.dispute.created' : 'charge.dispute.closed',
        object: { id: `dp_${topUpId}`, object: 'dispute', status, amount, currency, metadata: {}, ...of },
      };
    }
  }
};

/** Each entity stands in an envelope of its own, the payment always among them (https://razorpay.com/docs/webhooks/payloads/payments/). */
const razorpay: Shape = (kind, amount, { topUpId, paid, currency }) => {
  const id = `pay_${topUpId}`;
  const payment = (fields: object) => ({
    payment: {
      entity: {
        id,
        entity: 'payment',
        amount: paid,
        currency,
        status: 'captured',
        order_id: `order_${topUpId}`,
        method: 'card',
        amount_refunded: 0,
        refund_status: null,
        captured: true,
        notes: { topUpId },
        error_code: null,
        error_description: null,
        ...fields,
      },
    },
  });
  switch (kind) {
    case 'succeeded':
      return { type: 'payment.captured', object: payment({ amount }) };
    case 'failed': {
      const error = { error_code: 'BAD_REQUEST_ERROR', error_description: 'Payment was declined by the bank' };
      return { type: 'payment.failed', object: payment({ amount, status: 'failed', captured: false, ...error }) };
    }
    case 'refunded': {
      const isWhole = amount >= paid;
      const refund = { id: `rfnd_${topUpId}`, entity: 'refund', amount, currency, payment_id: id, notes: [], status: 'processed' };
      const after = { amount_refunded: amount, refund_status: isWhole ? 'full' : 'partial', ...(isWhole ? { status: 'refunded' } : {}) };
      return { type: 'refund.processed', object: { refund: { entity: refund }, ...payment(after) } };
    }
    default: {
      const status = ({ 'dispute-won': 'won', 'dispute-lost': 'lost' } as const)[kind as string] ?? 'open';
      const types = { open: 'payment.dispute.created', won: 'payment.dispute.won', lost: 'payment.dispute.lost' };
      const dispute = { id: `disp_${topUpId}`, entity: 'dispute', payment_id: id, amount, currency, reason_code: 'chargeback', status };
      return { type: types[status], object: { ...payment({}), dispute: { entity: dispute } } };
    }
  }
};
