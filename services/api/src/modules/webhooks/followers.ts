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
  /** Nothing was done for the payment, and nothing is for what follows it, unless another message tells of the same payment: then that decides. */
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
    case 'merchant-news':
    case 'none':
      return {};
  }
}

const namesOf = (providerRef: string | undefined, topUpId: string | undefined): string[] => [
  ...(providerRef ? [`payment:${providerRef}`] : []),
  ...(topUpId ? [`top-up:${topUpId}`] : []),
];

export function createFollowers({ deliveries }: WebhookModels): Followers {
  const goOn = async (tx: Tx, _id: string, payment: string): Promise<void> => {
    await deliveries.updateOne({ _id }, { $set: { state: 'received' }, $unset: { reason: 1, heldFor: 1 } }, { session: tx.session });
    await tx.job({ kind: webhookJobKind, key: `webhook:${_id}:after:${payment}`, data: { deliveryId: _id } });
  };

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
      // Also those that are held for another message of this payment: providers tell of one in two now and then.
      const after = await deliveries
        .find(
          { provider, follows: { $in: pays }, $or: [{ state: 'waiting' }, { state: 'held', heldFor: { $exists: true } }] },
          { _id: 1 },
          { session: tx.session },
        )
        .lean<Pick<DeliveryDocument, '_id'>[]>();
      for (const follower of after) await goOn(tx, follower._id, _id);
    },

    async dismiss(tx, { _id, provider }, reason) {
      const { session } = tx;
      const kept = await deliveries
        .find({ heldFor: _id, state: 'held' }, { follows: 1 }, { session })
        .lean<{ _id: string; follows: string }[]>();
      for (const { _id: followerId, follows } of kept) {
        const other = await deliveries
          .exists({ provider, pays: follows, _id: { $ne: _id }, state: { $in: ['held', 'processed'] } })
          .session(session);
        if (other) await goOn(tx, followerId, _id);
        else {
          const ended = { state: 'dismissed', reason, processedAt: tx.now };
          await deliveries.updateOne({ _id: followerId }, { $set: ended, $unset: { heldFor: 1 } }, { session });
        }
      }
    },
  };
}
