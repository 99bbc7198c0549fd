import { badRequest, idSchema, Problem } from '@tidings/contracts';
import Stripe from 'stripe';
import { z } from 'zod';

/** Seconds; what Stripe advises (https://docs.stripe.com/webhooks/signature). */
const tolerance = 300;

const metadata = z.looseObject({ topUpId: idSchema.optional() }).nullish();
const minorUnits = z.int().min(0);
const currency = z
  .string()
  .regex(/^[A-Za-z]{3}$/)
  .toUpperCase();

// Loose: Stripe adds fields to its events without notice, and we read only these.
const eventSchema = z.looseObject({
  id: z.string().min(1).max(255),
  type: z.string().min(1).max(100),
  data: z.looseObject({ object: z.looseObject({}) }),
});
const intentSchema = z.looseObject({
  id: z.string().min(1),
  amount: minorUnits,
  amount_received: minorUnits.optional(),
  currency,
  metadata,
});
const failedIntentSchema = intentSchema.extend({ last_payment_error: z.looseObject({ message: z.string().optional() }).nullish() });
const chargeSchema = z.looseObject({ amount_refunded: minorUnits, currency, payment_intent: z.string().nullish(), metadata });

/** What an event means to us; `none`: nothing, and why. */
export type StripeMessage =
  | { kind: 'succeeded'; topUpId: string; amount: number; currency: string; providerRef: string }
  | { kind: 'failed'; topUpId: string; reason: string }
  | { kind: 'refunded'; topUpId?: string | undefined; providerRef?: string | undefined; amount: number; currency: string }
  | { kind: 'none'; reason: string };

export interface StripeEvent {
  id: string;
  type: string;
  message: StripeMessage;
}

/**
 * Checks the signature over the bytes that were sent, and only then reads them.
 * @throws Problem `invalid-signature`, also when it is older than 5 minutes or no secret is set; `bad-request`
 */
export function verifyStripeEvent(body: Buffer, signature: unknown, secret: string | undefined): StripeEvent {
  if (secret === undefined || typeof signature !== 'string') throw new Problem('invalid-signature');
  let event: unknown;
  try {
    event = Stripe.webhooks.constructEvent(body, signature, secret, tolerance);
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError)
      throw new Problem('invalid-signature', undefined, { cause: error });
    throw new Problem('bad-request', 'The body is not an event', { cause: error });
  }
  return readStripeEvent(event);
}

/** @throws Problem `bad-request` */
export function readStripeEvent(event: unknown): StripeEvent {
  const { id, type, data } = parse(eventSchema, event);
  return { id, type, message: read(type, data.object) };
}

function read(type: string, object: unknown): StripeMessage {
  switch (type) {
    case 'payment_intent.succeeded': {
      const intent = parse(intentSchema, object);
      const { topUpId } = intent.metadata ?? {};
      if (!topUpId) return unnamed;
      return {
        kind: 'succeeded',
        topUpId,
        amount: intent.amount_received ?? intent.amount,
        currency: intent.currency,
        providerRef: intent.id,
      };
    }
    case 'payment_intent.payment_failed': {
      const intent = parse(failedIntentSchema, object);
      const { topUpId } = intent.metadata ?? {};
      if (!topUpId) return unnamed;
      return { kind: 'failed', topUpId, reason: (intent.last_payment_error?.message ?? 'The payment failed').slice(0, 500) };
    }
    case 'charge.refunded': {
      // The charge has its payment intent's metadata. `amount_refunded` is the sum of all refunds so far.
      const charge = parse(chargeSchema, object);
      const topUpId = charge.metadata?.topUpId;
      const providerRef = charge.payment_intent ?? undefined;
      if (!topUpId && !providerRef) return unnamed;
      return { kind: 'refunded', topUpId, providerRef, amount: charge.amount_refunded, currency: charge.currency };
    }
    default:
      return { kind: 'none', reason: 'Nothing here acts on events of this type' };
  }
}

const unnamed: StripeMessage = { kind: 'none', reason: 'It names no top-up' };

function parse<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw badRequest(parsed.error);
  return parsed.data;
}
