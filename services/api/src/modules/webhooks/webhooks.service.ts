import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Tx, UnitOfWork } from '@tidings/feed';
import { RetryLater, type JobHandler, type Logger, type Metrics } from '@tidings/platform';
import type { MerchantSync, Prepared } from '../merchant-sync/index.js';
import type { Disputes, Outcome, Settled, TopUps, UnmatchedPayments } from '../wallet/index.js';
import { subjectOf, webhookJobKind, type Followers } from './followers.js';
import { payingProvider, type ProviderMessage, type WebhookProvider } from './message.js';
import type { WebhookSources } from './sources/index.js';
import type { DeliveryDocument, DeliveryState, WebhookModels } from './webhooks.model.js';

export interface Webhooks {
  /**
   * Stores the event and leaves its work to a job, so that the provider has its answer at once. One that is known changes nothing.
   * @throws Problem `invalid-signature`, `bad-request`
   */
  receive(provider: WebhookProvider, body: Buffer, headers: IncomingHttpHeaders): Promise<void>;
  /** The job that does what a stored event says, in one transaction with the job's own end: twice is once. */
  process: JobHandler;
}

/** What the domain does for providers' messages. */
export interface WebhookActions {
  topUps: Pick<TopUps, 'credit' | 'fail' | 'refund' | 'refundFailed'>;
  unmatched: Pick<UnmatchedPayments, 'receive'>;
  disputes: Disputes;
  /** Missing where there are no merchants: in a rehearsal of payments. */
  merchantSync?: MerchantSync | undefined;
}

/** The first retries are quick, as two events that belong together come within a second; the last is after some 17 minutes. */
const retryDelayMs = (attempts: number): number => 250 * 2 ** attempts;

const plainId = /^[A-Za-z0-9_.-]{1,128}$/;
const digest = (value: Buffer | string): string => createHash('sha256').update(value).digest('hex');

/** Ids go into addresses and the audit log, so one of another form is named by its digest, as is a message that has none by its body's. */
export function deliveryId(provider: WebhookProvider, id: string | undefined, body: Buffer): string {
  if (!id) return `${provider}:body-${digest(body)}`;
  return `${provider}:${plainId.test(id) ? id : `id-${digest(id)}`}`;
}

export function createWebhooks(options: {
  models: WebhookModels;
  followers: Followers;
  unitOfWork: UnitOfWork;
  actions: WebhookActions;
  logger: Logger;
  metrics: Metrics;
  sources: WebhookSources;
}): Webhooks {
  const { models, followers, unitOfWork, actions, logger, metrics, sources } = options;
  const { deliveries } = models;
  const reached = metrics.counter('webhooks_total', 'Messages of providers, by the state that they reached', ['provider', 'state']);

  /** After the commit. A held one is money that came and is on no account: nobody would know before the customer asks. */
  const tell = (
    { _id, provider, type }: Pick<DeliveryDocument, '_id' | 'provider' | 'type'>,
    state: DeliveryState,
    reason?: string,
  ): void => {
    reached.inc({ provider, state });
    if (state === 'held') logger.warn({ delivery: _id, type, reason }, 'A message contradicts what we know: a person has to look');
    if (state === 'unmatched') logger.warn({ delivery: _id, type, reason }, 'A payment came that is nobody’s: a person has to assign it');
  };

  /** A payment that waits for a person keeps what follows it: to try that again would be in vain. */
  const withPayment = async (tx: Tx, delivery: DeliveryDocument, outcome: Outcome): Promise<Outcome & { heldFor?: string }> => {
    if (outcome.state !== 'early' && outcome.state !== 'held') return outcome;
    const heldFor = await followers.heldPayment(tx, delivery);
    return heldFor ? { state: 'held', reason: 'The payment that it is about is held', heldFor } : outcome;
  };

  const settle = async (tx: Tx, delivery: DeliveryDocument, outcome: Settled & { heldFor?: string }): Promise<DeliveryState> => {
    const { state, heldFor } = outcome;
    // As it is now: another job may have done it meanwhile.
    const stored = await deliveries.findById(delivery._id, { changed: 1 }, { session: tx.session }).lean<DeliveryDocument>();
    const shown = state === 'ignored' && stored?.changed ? 'processed' : state;
    if (state === 'processed') await followers.wake(tx, delivery);
    const reason = 'reason' in outcome ? { reason: outcome.reason } : {};
    await deliveries.updateOne(
      { _id: delivery._id },
      {
        $set: {
          state: shown,
          processedAt: tx.now,
          ...reason,
          ...(heldFor ? { heldFor } : {}),
          ...(state === 'processed' ? { changed: true as const } : {}),
        },
        $unset: { ...('reason' in outcome ? {} : { reason: 1 }), ...(heldFor ? {} : { heldFor: 1 }) },
      },
      { session: tx.session },
    );
    return shown;
  };

  return {
    async receive(provider, body, headers) {
      const source = sources[provider];
      const verified = source.verify(body, headers);
      const { id, type, message } = source.read(body.toString('utf8'), verified.headers);
      const _id = deliveryId(provider, verified.id ?? id, body);
      const { result: state } = await unitOfWork.run({ actor: null }, async (tx): Promise<DeliveryState | undefined> => {
        if (await deliveries.exists({ _id }).session(tx.session)) return;
        const delivery: DeliveryDocument = {
          _id,
          provider,
          type,
          body: body.toString('utf8'),
          headers: verified.headers,
          ...subjectOf(message),
          state: 'received',
          replays: 0,
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
      if (state) tell({ _id, provider, type }, state);
    },

    async process(job, finish) {
      const id = String(job.data['deliveryId']);
      const delivery = await deliveries.findById(id).lean<DeliveryDocument>();
      if (!delivery) throw new Error(`There is no delivery ${id}`);
      const { provider, body, headers } = delivery;
      const { message } = sources[provider].read(body, headers);
      try {
        // What takes its time is done before the transaction.
        const prepared = message.kind === 'merchant-news' ? await actions.merchantSync?.prepare(message.news) : undefined;
        const { result } = await unitOfWork.run({ actor: null, cause: { kind: 'webhook', id } }, async (tx) => {
          if (!(await finish(tx.session))) return;
          const outcome = await withPayment(tx, delivery, await act(tx, actions, { provider, message, prepared }));
          if (outcome.state === 'early') throw new RetryLater(outcome.reason, retryDelayMs(job.attempts));
          return { state: await settle(tx, delivery, outcome), reason: 'reason' in outcome ? outcome.reason : undefined };
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

async function act(
  tx: Tx,
  { topUps, unmatched, disputes, merchantSync }: WebhookActions,
  told: { provider: WebhookProvider; message: ProviderMessage; prepared: Prepared | undefined },
): Promise<Outcome> {
  const { message, prepared = null } = told;
  if (message.kind === 'none') return { state: 'ignored', reason: message.reason };
  if (message.kind === 'merchant-news')
    return merchantSync ? merchantSync.apply(tx, message.news, prepared) : { state: 'ignored', reason: 'Merchants are not kept here' };
  const provider = payingProvider(told.provider);
  switch (message.kind) {
    case 'succeeded':
      return topUps.credit(tx, { provider, ...message });
    case 'received':
      return unmatched.receive(tx, { provider, ...message });
    case 'failed':
      return topUps.fail(tx, { provider, ...message });
    case 'refunded':
      return topUps.refund(tx, { provider, ...message });
    case 'refund-failed':
      return topUps.refundFailed(tx, { provider, ...message });
    case 'disputed':
      return disputes.report(tx, { provider, ...message });
    case 'dispute-ended':
      return { state: 'held', reason: `A dispute ended as ${message.end}: who has the money?` };
  }
}
