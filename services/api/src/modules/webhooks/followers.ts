import type { Tx } from '@tidings/feed';
import type { ProviderMessage } from './message.js';
import type { DeliveryDocument, WebhookModels } from './webhooks.model.js';

export const webhookJobKind = 'webhook';

/**
 * A refund, a failure of one, a dispute: each is about a payment, and can be done when that is credited. While a person has to decide about the
 * payment, what follows it is held, too, and goes the payment's way at once when that is decided: nobody waits for a next try.
 */
export interface Followers {
  /** The held message of the payment that this one is about. Whoever decides of it at this moment meets us there, and one of us sees the other. */
  heldPayment(tx: Tx, delivery: DeliveryDocument): Promise<string | undefined>;
  /** The payment was credited: what was told of it before is done now. */
  wake(tx: Tx, payment: DeliveryDocument): Promise<void>;
  /** Nothing was done for the payment, and nothing is for what follows it. */
  dismiss(tx: Tx, payment: DeliveryDocument, reason: string): Promise<void>;
}

/** By what a message is found: the payment that it tells of, or the one that it follows. */
export function subjectOf(message: ProviderMessage): Pick<DeliveryDocument, 'pays' | 'follows'> {
  switch (message.kind) {
    case 'succeeded':
      return { pays: namesOf(message.providerRef, message.topUpId) };
    case 'received':
      return { pays: namesOf(message.providerRef, message.reference) };
    case 'refunded':
    case 'refund-failed':
    case 'disputed':
    case 'dispute-ended': {
      // The provider's own name is of one payment; two may name the same top-up.
      const [name] = namesOf(message.providerRef, message.topUpId);
      return name ? { follows: name } : {};
    }
    case 'failed':
    case 'none':
      return {};
  }
}

const namesOf = (providerRef: string | undefined, topUpId: string | undefined): string[] => [
  ...(providerRef ? [`payment:${providerRef}`] : []),
  ...(topUpId ? [`top-up:${topUpId}`] : []),
];

export function createFollowers({ deliveries }: WebhookModels): Followers {
  return {
    async heldPayment(tx, { provider, follows }) {
      if (!follows) return undefined;
      const held = await deliveries
        .findOneAndUpdate({ provider, pays: follows, state: 'held' }, { $inc: { followers: 1 } }, { session: tx.session })
        .lean<DeliveryDocument>();
      return held?._id;
    },

    async wake(tx, { _id, provider, pays }) {
      if (!pays) return;
      const { session } = tx;
      const after = await deliveries
        .find({ provider, follows: { $in: pays }, $or: [{ state: 'waiting' }, { state: 'held', heldFor: _id }] }, { _id: 1 }, { session })
        .lean<Pick<DeliveryDocument, '_id'>[]>();
      for (const follower of after) {
        await deliveries.updateOne({ _id: follower._id }, { $set: { state: 'received' }, $unset: { reason: 1, heldFor: 1 } }, { session });
        await tx.job({ kind: webhookJobKind, key: `webhook:${follower._id}:after:${_id}`, data: { deliveryId: follower._id } });
      }
    },

    async dismiss(tx, { _id }, reason) {
      await deliveries.updateMany(
        { heldFor: _id, state: 'held' },
        { $set: { state: 'dismissed', reason, processedAt: tx.now }, $unset: { heldFor: 1 } },
        { session: tx.session },
      );
    },
  };
}
