import { createHash, timingSafeEqual } from 'node:crypto';
import { emailSchema } from '@tidings/contracts';
import { Webhook, WebhookVerificationError } from 'standardwebhooks';
import { z } from 'zod';
import {
  header,
  invalidSignature,
  minorUnits,
  parse,
  parseJson,
  providerRef,
  unknownType,
  upperCurrency as currency,
  type WebhookSource,
} from '../message.js';

const field = z.string().trim().max(200);

/**
 * Zeffy itself posts nothing: its automations do, in this form. `amount` is minor units; of a refund, all that was given back so far.
 * `reference` is the form's custom field, which an automation may also leave among `customFields`.
 */
const paymentSchema = z.looseObject({
  type: z.string().min(1).max(100).default('payment.completed'),
  paymentId: providerRef,
  amount: minorUnits,
  currency,
  email: z.string().trim().max(254).nullish(),
  reference: field.nullish(),
  customFields: z.looseObject({ reference: field.nullish() }).nullish(),
});

export interface ZeffySecrets {
  /** Signs by Standard Webhooks: `whsec_` and base64. */
  secret?: string | undefined;
  /** Bearer tokens, by the automation that has them. */
  sources?: Readonly<Record<string, string>>;
}

export function zeffySource({ secret, sources = {} }: ZeffySecrets): WebhookSource {
  const webhook = secret === undefined ? undefined : new Webhook(secret);
  return {
    verify(body, headers) {
      const bearer = /^Bearer (.+)$/i.exec(header(headers, 'authorization') ?? '')?.[1];
      // All are compared: the time must not tell which one it was.
      const names = Object.entries(sources).filter(([, token]) => bearer !== undefined && isSame(bearer, token));
      const [source] = names;
      if (source) return { headers: { source: source[0] } };
      const id = header(headers, 'webhook-id');
      const [timestamp, signature] = [header(headers, 'webhook-timestamp'), header(headers, 'webhook-signature')];
      if (!webhook || !id || !timestamp || !signature) throw invalidSignature();
      const signed = { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': signature };
      try {
        webhook.verify(body, signed, { jsonParse: false });
      } catch (error) {
        if (error instanceof WebhookVerificationError) throw invalidSignature(error);
        throw error;
      }
      return { id, headers: signed };
    },
    read(body) {
      const { type, ...payment } = parse(paymentSchema, parseJson(body));
      const { paymentId, amount } = payment;
      if (type === 'payment.refunded')
        return { type, message: { kind: 'refunded', providerRef: paymentId, amount, currency: payment.currency } };
      if (type !== 'payment.completed') return { type, message: unknownType };
      // An address that is none is nobody's: the payment waits to be assigned.
      const email = emailSchema.safeParse(payment.email).data;
      const reference = payment.reference || payment.customFields?.reference || undefined;
      return { type, message: { kind: 'received', providerRef: paymentId, amount, currency: payment.currency, reference, email } };
    },
    sign(body, { id, at }) {
      if (!webhook) throw new Error('No secret of Zeffy is set');
      return {
        'webhook-id': id,
        'webhook-timestamp': String(Math.floor(at.getTime() / 1_000)),
        'webhook-signature': webhook.sign(id, at, body),
      };
    },
  };
}

/** Of digests, as texts of different lengths cannot be compared in constant time. */
function isSame(given: string, right: string): boolean {
  const digest = (value: string): Buffer => createHash('sha256').update(value).digest();
  return timingSafeEqual(digest(given), digest(right));
}
