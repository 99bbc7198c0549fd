import { Problem } from '@tidings/contracts';
import Stripe from 'stripe';
import { z } from 'zod';
import {
  epochSeconds,
  header,
  invalidSignature,
  minorUnits,
  ourNames,
  parse,
  parseJson,
  providerRef,
  refundNames,
  refundNamesOf,
  timeOf,
  topUpIdOf,
  unknownType,
  unnamed,
  upperCurrency as currency,
  type ProviderMessage,
  type WebhookSource,
} from '../message.js';

/** Seconds; what Stripe advises (https://docs.stripe.com/webhooks/signature). */
const tolerance = 300;

const eventSchema = z.looseObject({
  id: z.string().min(1).max(255),
  type: z.string().min(1).max(100),
  created: epochSeconds,
  data: z.looseObject({ object: z.looseObject({}) }),
});
const intentSchema = z.looseObject({
  id: providerRef,
  amount: minorUnits,
  amount_received: minorUnits.optional(),
  currency,
  metadata: ourNames,
});
const failedIntentSchema = intentSchema.extend({ last_payment_error: z.looseObject({ message: z.string().optional() }).nullish() });
const chargeSchema = z.looseObject({ amount_refunded: minorUnits, currency, payment_intent: providerRef.nullish(), metadata: ourNames });
const refundSchema = z.looseObject({
  id: providerRef,
  amount: minorUnits,
  currency,
  payment_intent: providerRef.nullish(),
  metadata: refundNames,
  status: z.string().nullish(),
  failure_reason: z.string().nullish(),
});
const disputeSchema = z.looseObject({
  id: providerRef,
  amount: minorUnits,
  currency,
  payment_intent: providerRef.nullish(),
  metadata: ourNames,
  reason: z.string().nullish(),
  status: z.string(),
  balance_transactions: z.array(z.looseObject({ amount: z.int() })).nullish(),
});

/** @param secret undefined where none is set: then no signature is right */
export function stripeSource(secret: string | undefined): WebhookSource {
  return {
    verify(body, headers) {
      const signature = header(headers, 'stripe-signature');
      if (secret === undefined || signature === undefined) throw invalidSignature();
      try {
        Stripe.webhooks.constructEvent(body, signature, secret, tolerance);
      } catch (error) {
        if (error instanceof Stripe.errors.StripeSignatureVerificationError) throw invalidSignature(error);
        throw new Problem('bad-request', 'The body is not an event', { cause: error });
      }
      return { headers: { 'stripe-signature': signature } };
    },
    read(body) {
      const { id, type, created, data } = parse(eventSchema, parseJson(body));
      return { id, type, message: meaning(type, data.object, timeOf(created)) };
    },
    sign(body, { at }) {
      if (secret === undefined) throw new Error('No secret of Stripe is set');
      const timestamp = Math.floor(at.getTime() / 1_000);
      return { 'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp }) };
    },
  };
}

function meaning(type: string, object: unknown, at: Date): ProviderMessage {
  switch (type) {
    case 'payment_intent.succeeded': {
      const intent = parse(intentSchema, object);
      const topUpId = topUpIdOf(intent.metadata);
      if (!topUpId) return unnamed;
      const amount = intent.amount_received ?? intent.amount;
      return { kind: 'succeeded', topUpId, amount, currency: intent.currency, providerRef: intent.id };
    }
    case 'payment_intent.payment_failed': {
      const intent = parse(failedIntentSchema, object);
      const topUpId = topUpIdOf(intent.metadata);
      if (!topUpId) return unnamed;
      return { kind: 'failed', topUpId, reason: (intent.last_payment_error?.message ?? 'The payment failed').slice(0, 500) };
    }
    case 'charge.refunded': {
      // The charge has its payment intent's metadata. `amount_refunded` is the sum of all refunds so far.
      const charge = parse(chargeSchema, object);
      const names = { topUpId: topUpIdOf(charge.metadata), providerRef: charge.payment_intent ?? undefined };
      if (!names.topUpId && !names.providerRef) return unnamed;
      return { kind: 'refunded', ...names, amount: charge.amount_refunded, currency: charge.currency, at };
    }
    case 'refund.failed':
    case 'refund.updated':
    case 'charge.refund.updated': {
      // Three names of one fact, for one refund by its own id (https://docs.stripe.com/refunds#failed-refunds).
      const refund = parse(refundSchema, object);
      const names = { ...refundNamesOf(refund.metadata), providerRef: refund.payment_intent ?? undefined };
      if (!names.topUpId && !names.providerRef) return unnamed;
      if (!undone.includes(refund.status ?? '')) return { kind: 'none', reason: 'Sums of refunds come with the charge' };
      const reason = `The refund ${refund.status}: ${refund.failure_reason ?? 'unknown'}`.replaceAll('_', ' ').slice(0, 500);
      const { id: refundRef, amount } = refund;
      return { kind: 'refund-failed', ...names, refundRef, amount, currency: refund.currency, at, reason };
    }
    case 'charge.dispute.created':
    case 'charge.dispute.closed': {
      const dispute = parse(disputeSchema, object);
      const names = { topUpId: topUpIdOf(dispute.metadata), providerRef: dispute.payment_intent ?? undefined };
      if (!names.topUpId && !names.providerRef) return unnamed;
      const status = type === 'charge.dispute.created' ? 'opened' : endOf(dispute);
      const { id: disputeId, amount, reason, currency: ofDispute } = dispute;
      const about = { ...names, disputeId, amount, currency: ofDispute, reason: reason?.slice(0, 100) ?? undefined };
      if (!status) return { kind: 'dispute-ended', ...about, end: dispute.status.slice(0, 100) };
      return { kind: 'disputed', ...about, status };
    }
    default:
      return unknownType;
  }
}

const undone: readonly string[] = ['failed', 'canceled'];

/**
 * `warning_closed`: an inquiry that never became a chargeback; `prevented`: one that was stopped before it became one. The latter is harmless
 * where no money stays withdrawn, which the dispute's own transactions tell (https://docs.stripe.com/disputes/how-disputes-work).
 */
function endOf({ status, balance_transactions }: z.output<typeof disputeSchema>): 'won' | 'lost' | undefined {
  const withdrawn = (balance_transactions ?? []).reduce((sum, { amount }) => sum - amount, 0);
  if (status === 'prevented') return withdrawn > 0 ? undefined : 'won';
  return outcomes[status];
}

const outcomes: Readonly<Record<string, 'won' | 'lost'>> = { won: 'won', warning_closed: 'won', lost: 'lost' };
