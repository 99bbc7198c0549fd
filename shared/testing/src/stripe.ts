import { randomBytes } from 'node:crypto';
import Stripe from 'stripe';

const stripe = new Stripe('sk_test_unused');

export interface StripeEventInput {
  id?: string;
  type?: string;
  topUpId: string;
  amount: number;
  currency?: string;
  paymentIntentId?: string;
}

/** The JSON that Stripe posts when a payment intent changes (https://docs.stripe.com/api/events/object), cut to what matters. */
export function stripeEvent({
  id,
  type = 'payment_intent.succeeded',
  topUpId,
  amount,
  currency = 'inr',
  paymentIntentId,
}: StripeEventInput): string {
  return JSON.stringify({
    id: id ?? `evt_${randomBytes(12).toString('hex')}`,
    object: 'event',
    api_version: '2025-03-31.basil',
    created: Math.floor(Date.now() / 1_000),
    type,
    livemode: false,
    pending_webhooks: 1,
    request: null,
    data: {
      object: {
        id: paymentIntentId ?? `pi_${topUpId}`,
        object: 'payment_intent',
        amount,
        amount_received: type === 'payment_intent.succeeded' ? amount : 0,
        currency: currency.toLowerCase(),
        status: type === 'payment_intent.succeeded' ? 'succeeded' : 'requires_payment_method',
        metadata: { topUpId },
      },
    },
  });
}

export interface StripeDisputeInput {
  topUpId: string;
  amount: number;
  currency?: string;
  /** `needs_response` while it is open; `won` or `lost` close it. */
  status?: string;
}

/** The JSON that Stripe posts when a bank disputes a charge, and when it has decided (https://docs.stripe.com/api/disputes/object), cut to what matters. */
export function stripeDispute({ topUpId, amount, currency = 'inr', status = 'needs_response' }: StripeDisputeInput): string {
  return JSON.stringify({
    id: `evt_${randomBytes(12).toString('hex')}`,
    object: 'event',
    created: Math.floor(Date.now() / 1_000),
    type: `charge.dispute.${status === 'needs_response' ? 'created' : 'closed'}`,
    data: {
      object: {
        id: `dp_${topUpId}`,
        object: 'dispute',
        amount,
        currency: currency.toLowerCase(),
        payment_intent: `pi_${topUpId}`,
        metadata: {},
        reason: 'fraudulent',
        status,
      },
    },
  });
}

/** The header that Stripe would sign it with now. */
export function stripeHeader(secret: string, payload: string): string {
  return stripe.webhooks.generateTestHeaderString({ payload, secret });
}

/** Posts it as Stripe does, signed. */
export async function postStripeEvent(apiUrl: string, secret: string, payload: string, signature?: string): Promise<Response> {
  return fetch(`${apiUrl}/webhooks/stripe`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'stripe-signature': signature ?? stripeHeader(secret, payload) },
    body: payload,
  });
}
