import { createHmac } from 'node:crypto';
import { Problem } from '@tidings/contracts';
import type { Config } from '@tidings/platform';
import Stripe from 'stripe';
import type { PaymentProvider } from './provider.js';

/**
 * Card payments. With an API key a PaymentIntent names the top-up in its metadata, as the webhook will; without one, the top-up waits for
 * whatever signed event names it.
 */
export function createStripeProvider(options: { apiKey?: string | undefined; apiUrl?: string | undefined }): PaymentProvider {
  if (!options.apiKey) return { open: async () => ({}) };
  const stripe = new Stripe(options.apiKey, { maxNetworkRetries: 1, timeout: 10_000, telemetry: false, ...address(options.apiUrl) });
  return {
    async open({ _id, userId, amount, currency }) {
      try {
        const intent = await stripe.paymentIntents.create(
          // Stripe takes the currency in lower case, and amounts in minor units as we do (https://docs.stripe.com/currencies).
          { amount, currency: currency.toLowerCase(), metadata: { topUpId: _id, userId }, automatic_payment_methods: { enabled: true } },
          { idempotencyKey: _id },
        );
        return { providerRef: intent.id, ...(intent.client_secret ? { clientSecret: intent.client_secret } : {}) };
      } catch (error) {
        throw new Problem('provider-error', 'Stripe did not accept the payment; try again', { cause: error });
      }
    },
  };
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
