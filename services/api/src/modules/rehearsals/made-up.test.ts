import { describe, expect, test } from '@jest/globals';
import { rehearsedKinds } from '@tidings/contracts';
import { createSources } from '../webhooks/index.js';
import { madeUpEvent } from './made-up.js';

const topUpId = 'a'.repeat(24);
const payment = { topUpId, paid: 500, currency: 'INR' };
const sources = createSources({ stripe: 'whsec_test', razorpay: 'secret' });
const make = (provider: 'stripe' | 'razorpay', kind: (typeof rehearsedKinds)[number], amount: number, place = 0) =>
  madeUpEvent({ provider, kind, amount }, { place, payment, at: new Date(0) });

/** The values are those that the providers document for such an event. */
describe('made-up events of Stripe', () => {
  const objectOf = (kind: (typeof rehearsedKinds)[number], amount: number): unknown => {
    const { data } = JSON.parse(make('stripe', kind, amount).body) as { data: { object: unknown } };
    return data.object;
  };

  test.each([
    ['succeeded', 500, { object: 'payment_intent', status: 'succeeded', amount: 500, amount_received: 500 }],
    [
      'failed',
      500,
      { object: 'payment_intent', status: 'requires_payment_method', amount_received: 0, last_payment_error: { type: 'card_error' } },
    ],
    ['refunded', 200, { object: 'charge', status: 'succeeded', amount: 500, amount_captured: 500, amount_refunded: 200, refunded: false }],
    ['refunded', 500, { object: 'charge', status: 'succeeded', amount: 500, amount_refunded: 500, refunded: true }],
    ['disputed', 300, { object: 'dispute', status: 'needs_response', amount: 300, payment_intent: `pi_${topUpId}`, metadata: {} }],
    ['dispute-won', 300, { object: 'dispute', status: 'won' }],
    ['dispute-lost', 300, { object: 'dispute', status: 'lost' }],
  ] as const)('%s, %i', (kind, amount, expected) => {
    expect(objectOf(kind, amount)).toMatchObject(expected);
  });
});

describe('made-up events of Razorpay', () => {
  test.each([
    [
      'succeeded',
      500,
      'payment.captured',
      { payment: { entity: { status: 'captured', captured: true, amount: 500, amount_refunded: 0 } } },
    ],
    ['failed', 500, 'payment.failed', { payment: { entity: { status: 'failed', captured: false, error_code: 'BAD_REQUEST_ERROR' } } }],
    [
      'refunded',
      200,
      'refund.processed',
      {
        refund: { entity: { status: 'processed', amount: 200, payment_id: `pay_${topUpId}` } },
        payment: { entity: { status: 'captured', amount: 500, amount_refunded: 200, refund_status: 'partial' } },
      },
    ],
    ['refunded', 500, 'refund.processed', { payment: { entity: { status: 'refunded', amount_refunded: 500, refund_status: 'full' } } }],
    ['disputed', 300, 'payment.dispute.created', { dispute: { entity: { status: 'open', amount: 300, payment_id: `pay_${topUpId}` } } }],
    ['dispute-won', 300, 'payment.dispute.won', { dispute: { entity: { status: 'won' } } }],
    ['dispute-lost', 300, 'payment.dispute.lost', { dispute: { entity: { status: 'lost' } } }],
  ] as const)('%s, %i', (kind, amount, event, payload) => {
    const body: unknown = JSON.parse(make('razorpay', kind, amount).body);
    expect(body).toMatchObject({ entity: 'event', event, contains: expect.arrayContaining(['payment', ...Object.keys(payload)]), payload });
  });
});

test.each(['stripe', 'razorpay'] as const)('our own webhooks understand each of %s, and no two bodies are the same', (provider) => {
  const events = rehearsedKinds.flatMap((kind) => [make(provider, kind, 100), make(provider, kind, 100, 1)]);
  expect(events.map(({ body }) => sources[provider].read(body, {}).message.kind)).not.toContain('none');
  expect(new Set(events.map(({ body }) => body)).size).toBe(events.length);
});
