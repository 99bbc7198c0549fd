import { Problem, type DeliveriesQuery, type Principal, type ResolveDelivery, type WebhookDelivery } from '@tidings/contracts';
import { auditRead, type AuditDetails, type Tx } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';
import { olderThan, pageByTime, type Paged } from '../../http/lists.js';
import type { FourEyes } from '../identity/index.js';
import type { Disputes, Outcome, PaymentNames, TopUps, UnmatchedPayments } from '../wallet/index.js';
import { webhookJobKind, type Followers } from './followers.js';
import { payingProvider, type ProviderMessage } from './message.js';
import type { WebhookSources } from './sources/index.js';
import type { DeliveryDocument, WebhookModels } from './webhooks.model.js';

/** What administrators do with the messages of providers. */
export interface Deliveries {
  /** Newest first. */
  list(query: DeliveriesQuery): Promise<Paged<DeliveryDocument>>;
  /** With the body, which says who paid: the look is audited. @throws Problem `not-found` */
  get(caller: Principal, id: string): Promise<DeliveryDocument>;
  /** Has it done again, by a job: what it has done already it does not do twice. @throws Problem `not-found` */
  replay(tx: Tx, id: string): Promise<DeliveryDocument>;
  /**
   * Ends a held one: nothing is done for it; or the amount and currency that were really paid are credited; or, of a dispute that ended in a
   * way that nobody knows here, the money is the user's (`credit`) or the bank's (`debit`). What was held because of it goes the same way.
   * @throws Problem `not-found`; `invalid-transition` when it is not held, or is nothing that could be credited (debited); `forbidden` for
   *   what is about a payment of one's own (see `FourEyes`)
   */
  resolve(tx: Tx, caller: Principal, id: string, decision: ResolveDelivery): Promise<DeliveryDocument>;
}

export function createDeliveries({
  mongo,
  models: { deliveries },
  followers,
  topUps,
  unmatched,
  disputes,
  sources,
  fourEyes,
}: {
  mongo: Mongo;
  models: WebhookModels;
  followers: Followers;
  topUps: Pick<TopUps, 'creditAsPaid' | 'payer'>;
  unmatched: Pick<UnmatchedPayments, 'credited'>;
  disputes: Disputes;
  sources: WebhookSources;
  fourEyes: FourEyes;
}): Deliveries {
  const find = async (id: string, tx?: Tx): Promise<DeliveryDocument> => {
    const found = await deliveries.findById(id, null, tx ? { session: tx.session } : {}).lean<DeliveryDocument>();
    if (!found) throw new Problem('not-found');
    return found;
  };

  const messageOf = ({ provider, body, headers }: DeliveryDocument): ProviderMessage => sources[provider].read(body, headers).message;

  const change = async (tx: Tx, id: string, update: object): Promise<DeliveryDocument> => {
    const changed = await deliveries
      .findOneAndUpdate({ _id: id }, update, { session: tx.session, returnDocument: 'after' })
      .lean<DeliveryDocument>();
    if (!changed) throw new Problem('not-found');
    return changed;
  };

  return {
    async list({ limit, cursor, state, provider }) {
      const found = await deliveries
        .find(
          {
            ...(state ? { state } : {}),
            ...(provider ? { provider } : {}),
            ...olderThan(cursor, 'receivedAt'),
          },
          { body: 0, headers: 0 },
        )
        .sort({ receivedAt: -1, _id: -1 })
        .limit(limit + 1)
        .lean<DeliveryDocument[]>();
      return pageByTime(found, limit, 'receivedAt');
    },

    async get(caller, id) {
      const delivery = await find(id);
      await auditRead(mongo, caller, { action: 'webhook-delivery.look', target: `webhook-delivery:${id}` });
      return delivery;
    },

    async replay(tx, id) {
      const before = await find(id, tx);
      const delivery = await change(tx, id, { $set: { state: 'received' }, $unset: { reason: 1 }, $inc: { replays: 1 } });
      await tx.job({ kind: webhookJobKind, key: `webhook:${id}:replay:${delivery.replays}`, data: { deliveryId: id } });
      await tx.audit({
        action: 'webhook.replay',
        target: `webhook-delivery:${id}`,
        details: { state: before.state },
        before: presentDelivery(before),
        after: presentDelivery(delivery),
      });
      return delivery;
    },

    async resolve(tx, caller, id, { decision, reason }) {
      const held = await find(id, tx);
      if (held.state !== 'held') throw new Problem('invalid-transition', `The delivery is ${held.state}, not held`);
      const eyes = decision === 'dismiss' ? await dismiss(tx, caller, held, reason) : await act(tx, caller, held, decision);
      await tx.audit({
        action: 'webhook.resolve',
        target: `webhook-delivery:${id}`,
        details: { decision, reason, held: held.reason ?? '', ...eyes },
      });
      const resolved = await change(tx, id, {
        $set: { state: decision === 'dismiss' ? 'dismissed' : 'processed', reason, processedAt: tx.now },
      });
      tx.auditChange({ before: presentDelivery(held), after: presentDelivery(resolved) });
      return resolved;
    },
  };

  /** Who dismisses that their bank has the money back keeps it twice. */
  async function dismiss(tx: Tx, caller: Principal, held: DeliveryDocument, reason: string): Promise<AuditDetails> {
    const message = messageOf(held);
    const isPayment = message.kind !== 'none' && message.kind !== 'merchant-news';
    const payer = isPayment ? await topUps.payer(tx, { provider: payingProvider(held.provider), ...namesIn(message) }) : undefined;
    const refusal = 'Another administrator dismisses what is about your payment';
    const eyes = await fourEyes(tx, caller, { own: payer === caller.userId, refusal });
    await followers.dismiss(tx, held, reason);
    return eyes;
  }

  async function act(tx: Tx, caller: Principal, held: DeliveryDocument, decision: 'credit' | 'debit'): Promise<AuditDetails> {
    let eyes: AuditDetails = {};
    const allow = async (userId: string): Promise<void> => {
      eyes = await fourEyes(tx, caller, { own: userId === caller.userId, refusal: 'Another administrator credits your payment' });
    };
    const message = messageOf(held);
    if (message.kind === 'dispute-ended') {
      const provider = payingProvider(held.provider);
      const { end: _, kind: __, ...dispute } = message;
      assertDone(await disputes.report(tx, { provider, ...dispute, status: decision === 'credit' ? 'won' : 'lost' }, allow));
      return eyes;
    }
    if (decision === 'debit') throw new Problem('invalid-transition', 'Only the end of a dispute can be debited');
    if (message.kind !== 'succeeded' && message.kind !== 'received')
      throw new Problem('invalid-transition', 'Only a payment can be credited');
    const provider = payingProvider(held.provider);
    const topUpId = message.kind === 'received' ? message.reference : message.topUpId;
    assertDone(await topUps.creditAsPaid(tx, { provider, ...message, topUpId }, allow));
    // It may have been told of without the reference, too, and then be on the list of those that are nobody's.
    await unmatched.credited(tx, { provider, ...message });
    await followers.wake(tx, held);
    return eyes;
  }
}

function namesIn(message: Exclude<ProviderMessage, { kind: 'none' | 'merchant-news' }>): PaymentNames {
  return message.kind === 'received' ? { topUpId: message.reference, providerRef: message.providerRef } : message;
}

/** @throws Problem `invalid-transition` */
function assertDone(outcome: Outcome): void {
  if (outcome.state !== 'processed') throw new Problem('invalid-transition', outcome.reason);
}

export function presentDelivery(delivery: DeliveryDocument): WebhookDelivery {
  const { _id, provider, type, state, reason, replays, receivedAt, processedAt } = delivery;
  return {
    id: _id,
    provider,
    type,
    state,
    ...(reason ? { reason } : {}),
    replays,
    receivedAt: receivedAt.toISOString(),
    ...(processedAt ? { processedAt: processedAt.toISOString() } : {}),
  };
}
