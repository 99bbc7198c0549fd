import type { Tx, UnitOfWork } from '@tidings/feed';
import { RetryLater, type JobHandler, type Logger, type Metrics } from '@tidings/platform';
import type { Outcome, TopUps } from '../wallet/index.js';
import { readStripeEvent, verifyStripeEvent, type StripeMessage } from './stripe.js';
import type { DeliveryDocument, DeliveryState, WebhookModels } from './webhooks.model.js';

export const webhookJobKind = 'webhook';

export interface Webhooks {
  /**
   * Stores the event and leaves its work to a job, so that Stripe has its answer at once. One that is known changes nothing.
   * @throws Problem `invalid-signature`, `bad-request`
   */
  receiveStripe(body: Buffer, signature: unknown): Promise<void>;
  /** The job that does what a stored event says, in one transaction with the job's own end: twice is once. */
  process: JobHandler;
}

/** The first retries are quick, as two events that belong together come within a second; the last is after some 17 minutes. */
const retryDelayMs = (attempts: number): number => 250 * 2 ** attempts;

export function createWebhooks(options: {
  models: WebhookModels;
  unitOfWork: UnitOfWork;
  topUps: TopUps;
  logger: Logger;
  metrics: Metrics;
  stripeSecret: string | undefined;
}): Webhooks {
  const { models, unitOfWork, topUps, logger, metrics, stripeSecret } = options;
  const { deliveries } = models;
  const reached = metrics.counter('webhooks_total', 'Messages of payment providers, by the state that they reached', ['provider', 'state']);

  /** After the commit. A held one is money that came and is on no account: nobody would know before the customer asks. */
  const tell = (
    { _id, provider, type }: Pick<DeliveryDocument, '_id' | 'provider' | 'type'>,
    state: DeliveryState,
    reason?: string,
  ): void => {
    reached.inc({ provider, state });
    if (state === 'held') logger.warn({ delivery: _id, type, reason }, 'A payment contradicts what we know: a person has to look');
  };

  const settle = async (tx: Tx, id: string, state: DeliveryState, reason?: string): Promise<void> => {
    const fields = { state, processedAt: tx.now, ...(reason === undefined ? {} : { reason }) };
    await deliveries.updateOne({ _id: id }, reason === undefined ? { $set: fields, $unset: { reason: 1 } } : { $set: fields }, {
      session: tx.session,
    });
  };

  const act = async (tx: Tx, message: StripeMessage): Promise<Outcome> => {
    switch (message.kind) {
      case 'succeeded':
        return topUps.credit(tx, message);
      case 'failed':
        return topUps.fail(tx, message);
      case 'refunded':
        return topUps.refund(tx, message);
      case 'none':
        return { state: 'ignored', reason: message.reason };
    }
  };

  return {
    async receiveStripe(body, signature) {
      const { id, type, message } = verifyStripeEvent(body, signature, stripeSecret);
      const _id = `stripe:${id}`;
      const { result: state } = await unitOfWork.run({ actor: null }, async (tx): Promise<DeliveryState | undefined> => {
        if (await deliveries.exists({ _id }).session(tx.session)) return;
        const delivery: DeliveryDocument = {
          _id,
          provider: 'stripe',
          type,
          body: body.toString('utf8'),
          state: 'received',
          receivedAt: tx.now,
        };
        if (message.kind === 'none') {
          await deliveries.insertMany([{ ...delivery, state: 'ignored', reason: message.reason }], { session: tx.session });
          return 'ignored';
        }
        await deliveries.insertMany([delivery], { session: tx.session });
        await tx.job({ kind: webhookJobKind, key: `webhook:${_id}`, data: { deliveryId: _id } });
        return 'received';
      });
      if (state) tell({ _id, provider: 'stripe', type }, state);
    },

    async process(job, finish) {
      const id = String(job.data['deliveryId']);
      const delivery = await deliveries.findById(id).lean<DeliveryDocument>();
      if (!delivery) throw new Error(`There is no delivery ${id}`);
      const { message } = readStripeEvent(JSON.parse(delivery.body));
      try {
        const { result } = await unitOfWork.run({ actor: null, cause: { kind: 'webhook', id } }, async (tx) => {
          if (!(await finish(tx.session))) return;
          const outcome = await act(tx, message);
          if (outcome.state === 'early') throw new RetryLater(outcome.reason, retryDelayMs(job.attempts));
          const settled = { state: outcome.state, reason: outcome.state === 'processed' ? undefined : outcome.reason };
          await settle(tx, id, settled.state, settled.reason);
          return settled;
        });
        if (result) tell(delivery, result.state, result.reason);
      } catch (error) {
        if (error instanceof RetryLater) {
          const { modifiedCount } = await deliveries.updateOne(
            { _id: id, state: 'received' },
            { $set: { state: 'waiting', reason: error.message } },
          );
          if (modifiedCount === 1) tell(delivery, 'waiting');
        }
        throw error;
      }
    },
  };
}
