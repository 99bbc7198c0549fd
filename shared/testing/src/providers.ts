import { createHash, createHmac, randomBytes } from 'node:crypto';

export const razorpaySecret = 'razorpay secret for tests only';
export const zeffySecret = `whsec_${Buffer.from('zeffy secret for tests only').toString('base64')}`;
export const zeffyToken = 'a-token-of-zapier-for-tests-only';

export const cloudinarySecret = 'api secret of cloudinary for tests only';

export interface RazorpayEventInput {
  event?: string;
  topUpId?: string;
  amount: number;
  currency?: string;
  paymentId?: string;
  orderId?: string;
  /** In all, for `refund.processed`. */
  refunded?: number;
  dispute?: { id: string; amount: number };
}

/** The JSON that Razorpay posts (https://razorpay.com/docs/webhooks/payloads/payments/), cut to what matters. */
export function razorpayEvent(input: RazorpayEventInput): string {
  const { event = 'payment.captured', topUpId, amount, currency = 'INR', orderId, refunded = 0, dispute } = input;
  const id = input.paymentId ?? `pay_${topUpId ?? randomBytes(6).toString('hex')}`;
  const payment = {
    id,
    entity: 'payment',
    amount,
    currency,
    status: event === 'payment.failed' ? 'failed' : 'captured',
    order_id: orderId ?? null,
    amount_refunded: refunded,
    notes: topUpId ? { topUpId } : [],
    error_description: event === 'payment.failed' ? 'Payment was declined' : null,
  };
  return JSON.stringify({
    entity: 'event',
    account_id: 'acc_1',
    event,
    contains: ['payment'],
    payload: {
      payment: { entity: payment },
      ...(event.startsWith('refund.') ? { refund: { entity: { id: 'rfnd_1', payment_id: id, amount: refunded, currency } } } : {}),
      ...(dispute ? { dispute: { entity: { ...dispute, entity: 'dispute', payment_id: id, currency, reason_code: 'chargeback' } } } : {}),
    },
    created_at: Math.floor(Date.now() / 1_000),
  });
}

export const razorpayHeaders = (body: string, id = `evt_${randomBytes(8).toString('hex')}`): Record<string, string> => ({
  'x-razorpay-signature': createHmac('sha256', razorpaySecret).update(body).digest('hex'),
  'x-razorpay-event-id': id,
});

export interface ZeffyPaymentInput {
  type?: string;
  paymentId?: string;
  amount: number;
  currency?: string;
  email?: string;
  reference?: string;
}

/** What an automation posts of a payment by a Zeffy form. */
export function zeffyPayment({ paymentId = `z_${randomBytes(8).toString('hex')}`, currency = 'INR', ...rest }: ZeffyPaymentInput): string {
  return JSON.stringify({ paymentId, currency, ...rest });
}

/** Standard Webhooks (https://www.standardwebhooks.com). */
export function zeffyHeaders(body: string, id = `msg_${randomBytes(8).toString('hex')}`, at = new Date()): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const key = Buffer.from(zeffySecret.slice('whsec_'.length), 'base64');
  const mac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${mac}` };
}

/** As Cloudinary signs its notifications (https://cloudinary.com/documentation/notification_signatures). */
export function cloudinaryHeaders(body: string, at = new Date(), algorithm: 'sha1' | 'sha256' = 'sha1'): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1_000));
  const signature = createHash(algorithm).update(`${body}${timestamp}${cloudinarySecret}`).digest('hex');
  return { 'x-cld-timestamp': timestamp, 'x-cld-signature': signature };
}

/** Posts to one of our webhooks. */
export function postWebhook(
  apiUrl: string,
  provider: 'stripe' | 'razorpay' | 'zeffy' | 'cloudinary',
  body: string,
  headers: Record<string, string>,
): Promise<Response> {
  return fetch(`${apiUrl}/webhooks/${provider}`, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body });
}
