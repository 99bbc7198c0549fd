import { createHmac, timingSafeEqual } from 'node:crypto';
import { Problem } from '@tidings/contracts';
import Razorpay from 'razorpay';
import { z } from 'zod';
import { RefundRefused, type ListedPayment, type PaymentProvider } from './provider.js';

export interface RazorpayOptions {
  keyId?: string | undefined;
  keySecret?: string | undefined;
  apiUrl?: string | undefined;
}

interface HttpClient {
  defaults: { baseURL: string; timeout: number; headers: { common: Record<string, string> } };
}

/** The most that one page of Razorpay's lists has. */
const pageSize = 100;

/**
 * UPI, cards and banks of India. With API keys an order names the top-up in its notes and its receipt; without them, the top-up waits for
 * whatever signed event names it.
 */
export function createRazorpayProvider({ keyId, keySecret, apiUrl }: RazorpayOptions): PaymentProvider {
  if (!keyId || !keySecret) return { open: async () => ({}) };
  const connect = (headers: Record<string, string> = {}): Razorpay => {
    const client = new Razorpay({ key_id: keyId, key_secret: keySecret });
    // The package has no options for these; `rq` is the HTTP client that it makes its requests with.
    const { defaults } = (client.api as unknown as { rq: HttpClient }).rq;
    if (apiUrl) defaults.baseURL = apiUrl;
    defaults.timeout = 10_000;
    Object.assign(defaults.headers.common, headers);
    return client;
  };
  const razorpay = connect();

  return {
    async open({ _id, amount, currency, userId }) {
      const order = await asked('the payment', () =>
        // Minor units, as ours (https://razorpay.com/docs/api/orders/create/).
        razorpay.orders.create({ amount, currency, receipt: _id, notes: { topUpId: _id, userId } }),
      );
      return { razorpay: { orderId: order.id, keyId } };
    },

    async refund({ refundId, topUp: { _id, providerRef }, amount }) {
      if (!providerRef) throw new RefundRefused(`Razorpay knows no payment of the top-up ${_id}`);
      const { status } = await asked('the refund', async () => {
        const { items } = await razorpay.payments.fetchMultipleRefund(providerRef, { count: pageSize });
        const known = items.find(({ notes }) => notes?.['refundId'] === refundId);
        if (known) return known;
        // For two that ask at the same moment (https://razorpay.com/docs/api/refunds/create-normal/).
        const once = connect({ 'X-Refund-Idempotency': refundId });
        return once.payments.refund(providerRef, { amount, receipt: refundId, notes: { refundId, topUpId: _id } });
      }).catch(refusal);
      if (status === 'failed') throw new RefundRefused('Razorpay: the refund failed');
    },

    async *list({ from, to }) {
      for (let skip = 0; ; skip += pageSize) {
        const { items } = await asked('the list', () =>
          // Whole seconds, and `to` belongs to the range.
          razorpay.payments.all({
            from: Math.floor(from.getTime() / 1_000),
            to: Math.ceil(to.getTime() / 1_000) - 1,
            count: pageSize,
            skip,
          }),
        );
        for (const payment of items) {
          if (payment.status !== 'captured' && payment.status !== 'refunded') continue;
          const topUpId = (payment.notes as Record<string, unknown> | undefined)?.['topUpId'];
          const listed: ListedPayment = {
            providerRef: payment.id,
            ...(typeof topUpId === 'string' ? { topUpId } : {}),
            amount: Number(payment.amount),
            refunded: payment.amount_refunded ?? 0,
            currency: payment.currency,
            at: new Date(payment.created_at * 1_000),
          };
          if (listed.at >= from && listed.at < to) yield listed;
        }
        if (items.length < pageSize) return;
      }
    },
  };
}

const refusalSchema = z.object({ statusCode: z.literal(400), error: z.object({ description: z.string() }) });

/** The same question would get the same answer: it was given back, or is too old (https://razorpay.com/docs/errors/). */
function refusal(error: unknown): never {
  const { cause } = error as { cause?: unknown };
  const parsed = refusalSchema.safeParse(cause);
  if (parsed.success) throw new RefundRefused(`Razorpay: ${parsed.data.error.description}`, { cause });
  throw error;
}

async function asked<T>(what: string, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw new Problem('provider-error', `Razorpay did not accept ${what}; try again`, { cause: error });
  }
}

/** Hex HMAC-SHA256 of the raw body (https://razorpay.com/docs/webhooks/validate-test/). */
export function signRazorpay(body: Buffer | string, secret: string): string {
  return createHmac('sha256', secret).update(body).digest('hex');
}

/** In constant time, and over bytes; the package's own check is neither. */
export function isSignedByRazorpay(body: Buffer, signature: string, secret: string): boolean {
  const given = Buffer.from(signature);
  const right = Buffer.from(signRazorpay(body, secret));
  return given.length === right.length && timingSafeEqual(given, right);
}
