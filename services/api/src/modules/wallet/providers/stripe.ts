import { createHmac } from 'node:crypto';
import { Problem } from '@tidings/contracts';
import type { Config } from '@tidings/platform';
import Stripe from 'stripe';
import { RefundRefused, type ListedPayment, type PaymentProvider } from './provider.js';

/** The most that one page of Stripe's lists has. */
const pageSize = 100;

/**
 * Card payments. With an API key a PaymentIntent names the top-up in its metadata, as the webhook will; without one, the top-up waits for
 * whatever signed event names it.
 */
export function createStripeProvider(options: { apiKey?: string | undefined; apiUrl?: string | undefined }): PaymentProvider {
  if (!options.apiKey) return { open: async () => ({}) };
  const stripe = new Stripe(options.apiKey, { maxNetworkRetries: 1, timeout: 10_000, telemetry: false, ...address(options.apiUrl) });
  const asked = async <T>(what: string, ask: () => Promise<T>): Promise<T> => {
    try {
      return await ask();
    } catch (error) {
      throw new Problem('provider-error', `Stripe did not accept ${what}; try again`, { cause: error });
    }
  };
  return {
    async open({ _id, userId, amount, currency }) {
      const intent = await asked('the payment', () =>
        stripe.paymentIntents.create(
          // Stripe takes the currency in lower case, and amounts in minor units as we do (https://docs.stripe.com/currencies).
          { amount, currency: currency.toLowerCase(), metadata: { topUpId: _id, userId }, automatic_payment_methods: { enabled: true } },
          { idempotencyKey: _id },
        ),
      );
      return { providerRef: intent.id, ...(intent.client_secret ? { clientSecret: intent.client_secret } : {}) };
    },

    async refund({ refundId, topUp: { _id, providerRef }, amount }) {
      if (!providerRef) throw new RefundRefused(`Stripe knows no payment of the top-up ${_id}`);
      const { status } = await asked('the refund', async () => {
        // Stripe forgets a key after a day; the list knows for ever.
        for await (const known of stripe.refunds.list({ payment_intent: providerRef, limit: pageSize }))
          if (known.metadata?.['refundId'] === refundId) return known;
        return stripe.refunds.create(
          { payment_intent: providerRef, amount, metadata: { refundId, topUpId: _id } },
          { idempotencyKey: `refund-${refundId}` },
        );
      }).catch(refusal);
      // A bank may send it back before we have the answer.
      if (status === 'failed' || status === 'canceled') throw new RefundRefused(`Stripe: the refund ${status}`);
    },

    async *list({ from, to }) {
      const created = { gte: Math.floor(from.getTime() / 1_000), lt: Math.ceil(to.getTime() / 1_000) };
      for (let after: string | undefined; ;) {
        // Charges, as those know what was given back; they have their payment intent's metadata.
        const page = await asked('the list', () =>
          stripe.charges.list({ created, limit: pageSize, ...(after ? { starting_after: after } : {}) }),
        );
        for (const { id, status, payment_intent, metadata, amount_captured, amount_refunded, currency, created: at } of page.data) {
          if (status !== 'succeeded' || amount_captured === 0) continue;
          const providerRef = typeof payment_intent === 'string' ? payment_intent : (payment_intent?.id ?? id);
          const listed: ListedPayment = {
            providerRef,
            topUpId: metadata['topUpId'],
            amount: amount_captured,
            refunded: amount_refunded,
            currency: currency.toUpperCase(),
            at: new Date(at * 1_000),
          };
          if (listed.at >= from && listed.at < to) yield listed;
        }
        after = page.data.at(-1)?.id;
        if (!page.has_more || !after) return;
      }
    },
  };
}

/** The same question would get the same answer: the charge is disputed, or was given back (https://docs.stripe.com/error-handling). */
function refusal(error: unknown): never {
  const { cause } = error as { cause?: unknown };
  if (cause instanceof Stripe.errors.StripeInvalidRequestError) throw new RefundRefused(`Stripe: ${cause.message}`, { cause });
  throw error;
}

function address(url: string | undefined): { host?: string; port?: number; protocol?: 'http' | 'https' } {
  if (!url) return {};
  const { hostname, port, protocol } = new URL(url);
  const scheme = protocol === 'http:' ? 'http' : 'https';
  return { host: hostname, protocol: scheme, port: Number(port || (scheme === 'http' ? 80 : 443)) };
}

/**
 * The secret that signs Stripe's webhook. Where none is set and no real money is about, it follows from the first signing key, so that
 * every replica and the sandbox have the same; undefined in production, where no signature can be right then.
 */
export function stripeWebhookSecret(
  config: Pick<Config, 'STRIPE_WEBHOOK_SECRET' | 'NODE_ENV' | 'SANDBOX_PAYMENTS' | 'jwtKeys'>,
): string | undefined {
  if (config.STRIPE_WEBHOOK_SECRET) return config.STRIPE_WEBHOOK_SECRET;
  if (config.NODE_ENV === 'production' && !config.SANDBOX_PAYMENTS) return undefined;
  return `whsec_${createHmac('sha256', config.jwtKeys[0].secret).update('stripe-webhook').digest('hex')}`;
}
