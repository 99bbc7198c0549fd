import type { UnitOfWork } from '@tidings/feed';
import { inTransaction, type JobHandler, type Mongo } from '@tidings/platform';
import Stripe from 'stripe';
import { z } from 'zod';
import { RefundRefused, type PaymentProvider } from './provider.js';
import { sandboxModel, type SandboxPayment } from './sandbox.model.js';

export const sandboxJobKind = 'sandbox-payment';
/** With a refund: what was given back in all, as `charge.refunded` says it. */
const noticeSchema = z.object({
  topUpId: z.string(),
  amount: z.number(),
  currency: z.string(),
  refund: z.object({ id: z.string(), total: z.number() }).optional(),
});
type Notice = z.output<typeof noticeSchema>;

const refOf = (topUpId: string): string => `pi_sandbox_${topUpId}`;

/**
 * Money from nowhere, for development: a moment after the top-up is stored, a signed `payment_intent.succeeded` is posted to our own
 * webhook, so that everything behind it runs as it does for a real payment. What it was paid it keeps in books of its own, as a provider
 * does, to give money back and to list it.
 */
export function createSandboxProvider({ mongo, unitOfWork }: { mongo: Mongo; unitOfWork: UnitOfWork }): PaymentProvider {
  const payments = sandboxModel(mongo);
  return {
    open: async () => ({}),

    async stored(tx, { _id, amount, currency }) {
      await tx.job({ kind: sandboxJobKind, key: `${sandboxJobKind}:${_id}`, data: { topUpId: _id, amount, currency } satisfies Notice });
    },

    async refund({ refundId, topUp: { _id }, amount }) {
      await unitOfWork.run({ actor: null }, async (tx) => {
        const { session } = tx;
        const payment = await payments
          .findOneAndUpdate(
            { _id, refundIds: { $ne: refundId }, $expr: { $lte: [{ $add: ['$refunded', amount] }, '$amount'] } },
            { $inc: { refunded: amount }, $push: { refundIds: refundId } },
            { session, returnDocument: 'after' },
          )
          .lean<SandboxPayment>();
        if (!payment) {
          if (await payments.exists({ _id, refundIds: refundId }).session(session)) return;
          throw new RefundRefused(`The sandbox has no payment of ${amount} to give back for the top-up ${_id}`);
        }
        const { currency, refunded: total } = payment;
        const data: Notice = { topUpId: _id, amount: payment.amount, currency, refund: { id: refundId, total } };
        await tx.job({ kind: sandboxJobKind, key: `${sandboxJobKind}:refund:${refundId}`, data });
      });
    },

    async *list({ from, to }) {
      const cursor = payments
        .find({ at: { $gte: from, $lt: to } })
        .sort({ at: 1, _id: 1 })
        .lean<SandboxPayment[]>()
        .cursor({ batchSize: 100 });
      for await (const { _id: topUpId, providerRef, amount, refunded, currency, at } of cursor)
        yield { topUpId, providerRef, amount, refunded, currency, at };
    },
  };
}

/** @param options.apiUrl where this API, or any replica of it, listens */
export function createSandboxJob(options: { mongo: Mongo; secret: string; apiUrl: string }): JobHandler {
  const { mongo, secret, apiUrl } = options;
  const payments = sandboxModel(mongo);
  return async (job, finish) => {
    const notice = noticeSchema.parse(job.data);
    const { topUpId, amount, currency, refund } = notice;
    if (!refund) {
      const made: Omit<SandboxPayment, '_id'> = {
        providerRef: refOf(topUpId),
        amount,
        currency,
        refunded: 0,
        refundIds: [],
        at: job.createdAt,
      };
      await payments.updateOne({ _id: topUpId }, { $setOnInsert: made }, { upsert: true });
    }
    const body = sandboxEvent(notice, job.createdAt);
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
function sandboxEvent({ topUpId, amount, currency, refund }: Notice, at: Date): string {
  const common = { amount, currency: currency.toLowerCase(), metadata: { topUpId } };
  const intent = { id: refOf(topUpId), object: 'payment_intent', ...common, amount_received: amount, status: 'succeeded' };
  const charge = { id: `ch_sandbox_${topUpId}`, object: 'charge', ...common, payment_intent: refOf(topUpId) };
  return JSON.stringify({
    id: refund ? `evt_sandbox_refund_${refund.id}` : `evt_sandbox_${topUpId}`,
    object: 'event',
    type: refund ? 'charge.refunded' : 'payment_intent.succeeded',
    created: Math.floor(at.getTime() / 1_000),
    livemode: false,
    data: { object: refund ? { ...charge, amount_refunded: refund.total } : intent },
  });
}
