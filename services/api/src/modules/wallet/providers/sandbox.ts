import { inTransaction, type JobHandler, type Mongo } from '@tidings/platform';
import Stripe from 'stripe';
import { z } from 'zod';
import type { PaymentProvider } from './provider.js';

export const sandboxJobKind = 'sandbox-payment';
const paymentSchema = z.object({ topUpId: z.string(), amount: z.number(), currency: z.string() });

/**
 * Money from nowhere, for development: a moment after the top-up is stored, a signed `payment_intent.succeeded` is posted to our own
 * webhook, so that everything behind it runs as it does for a real payment.
 */
export const sandboxProvider: PaymentProvider = {
  open: async () => ({}),
  async stored(tx, { _id, amount, currency }) {
    await tx.job({ kind: sandboxJobKind, key: `sandbox:${_id}`, data: { topUpId: _id, amount, currency } });
  },
};

/** @param options.apiUrl where this API, or any replica of it, listens */
export function createSandboxJob(options: { mongo: Mongo; secret: string; apiUrl: string }): JobHandler {
  const { mongo, secret, apiUrl } = options;
  return async (job, finish) => {
    const body = sandboxEvent(paymentSchema.parse(job.data), job.createdAt);
    const answer = await fetch(new URL('/webhooks/stripe', apiUrl), {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload: body, secret }),
      },
      body,
      signal: AbortSignal.timeout(10_000),
    });
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`Our webhook answered ${answer.status}`);
    // Dying here means that the same event is posted again, and a known event changes nothing.
    await inTransaction(mongo, finish);
  };
}

/** Shaped as Stripe's (https://docs.stripe.com/api/events/object), with an id that is the same each time. */
function sandboxEvent({ topUpId, amount, currency }: z.output<typeof paymentSchema>, at: Date): string {
  return JSON.stringify({
    id: `evt_sandbox_${topUpId}`,
    object: 'event',
    type: 'payment_intent.succeeded',
    created: Math.floor(at.getTime() / 1_000),
    livemode: false,
    data: {
      object: {
        id: `pi_sandbox_${topUpId}`,
        object: 'payment_intent',
        amount,
        amount_received: amount,
        currency: currency.toLowerCase(),
        status: 'succeeded',
        metadata: { topUpId },
      },
    },
  });
}
