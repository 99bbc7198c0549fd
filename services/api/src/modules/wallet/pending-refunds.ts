import type { Tx } from '@tidings/feed';
import type { RefundDocument, RefundModels } from './refunds.model.js';
import { presentRefund } from './refunds.presenter.js';
import type { WalletModels } from './wallet.model.js';
import type { Wallet } from './wallet.service.js';

export const refundJobKind = 'refund';

/** A part of a pending refund that is booked now. */
interface Share {
  refund: RefundDocument;
  /** Minor units. */
  amount: number;
}

/** What administrators have asked for and a provider has not done yet, as far as we know; each holds its amount in the wallet. */
export interface PendingRefunds {
  /** Sets the rest of a refund aside. @throws Problem `insufficient-funds` */
  hold(tx: Tx, refund: RefundDocument): Promise<void>;
  /** Gives back what is still set aside. */
  release(tx: Tx, refund: RefundDocument): Promise<void>;
  /**
   * Frees what is set aside for a top-up's refunds, the oldest first, until they come to `amount`, which is to be booked then.
   * @param only of this refund alone
   */
  take(tx: Tx, topUpId: string, amount: number, only?: string): Promise<Share[]>;
  /** Notes what was booked, and sets the rest of each aside again. */
  settle(tx: Tx, shares: readonly Share[]): Promise<void>;
  /** The oldest of a top-up: the one that the provider is asked for. */
  first(tx: Tx, topUpId: string): Promise<RefundDocument | undefined>;
  /** One of a top-up, in whatever state. */
  find(tx: Tx, topUpId: string, refundId: string): Promise<RefundDocument | null>;
  /** Has the provider asked, with the refund's id. */
  ask(tx: Tx, refund: RefundDocument): Promise<void>;
  /** Writes down how it ended, tells administrators, and has the provider asked for the next one of its top-up. Once. */
  end(tx: Tx, refund: RefundDocument, fields: Pick<RefundDocument, 'status'> & Partial<RefundDocument>): Promise<void>;
  /** What is promised and not booked, minor units. */
  promised(tx: Tx, topUpId: string): Promise<number>;
}

export function createPendingRefunds(
  { refunds, topUps }: RefundModels & Pick<WalletModels, 'topUps'>,
  wallet: Pick<Wallet, 'hold' | 'release'>,
): PendingRefunds {
  const pendingOf = (tx: Tx, topUpId: string) =>
    refunds.find({ topUpId, status: 'pending' }, null, { session: tx.session }).sort({ createdAt: 1, _id: 1 }).lean<RefundDocument[]>();

  const hold: PendingRefunds['hold'] = async (tx, refund) => {
    const { userId, amount, settled, currency, reason } = refund;
    await wallet.hold(tx, { key: holdOf(refund), userId, amount: amount - settled, currency, description: `Refund: ${reason}` });
  };

  /**
   * One refund of a top-up is at the provider at a time. Its webhooks tell a sum: of two under way, what the second one gave back would be
   * booked as the first one's, and stay so when that one is refused.
   */
  const ask: PendingRefunds['ask'] = (tx, { _id: refundId }) =>
    tx.job({ kind: refundJobKind, key: `refund:${refundId}`, data: { refundId } });

  const first: PendingRefunds['first'] = async (tx, topUpId) => (await pendingOf(tx, topUpId))[0];

  return {
    hold,
    ask,
    first,
    find: (tx, topUpId, refundId) => refunds.findOne({ _id: refundId, topUpId }, null, { session: tx.session }).lean<RefundDocument>(),

    async end(tx, { _id, status }, fields) {
      const ended = await refunds
        .findOneAndUpdate({ _id, status }, { $set: fields, $inc: { version: 1 } }, { session: tx.session, returnDocument: 'after' })
        .lean<RefundDocument>();
      if (!ended) throw new Error(`The refund ${_id} changed while it ended`);
      tx.emit('refund-updated', { refund: presentRefund(ended) }, {});
      if (!ended.topUpId) return;
      // One that is asked for at this moment meets us here, and runs again: else each could take the other for the one under way.
      await topUps.updateOne({ _id: ended.topUpId }, { $inc: { refundRequests: 1 } }, { session: tx.session });
      const next = await first(tx, ended.topUpId);
      if (next) await ask(tx, next);
    },

    release: (tx, refund) => wallet.release(tx, holdOf(refund)),

    async take(tx, topUpId, amount, only) {
      const shares: Share[] = [];
      let left = amount;
      for (const refund of await pendingOf(tx, topUpId)) {
        const share = Math.min(left, refund.amount - refund.settled);
        if (share === 0 || (only !== undefined && refund._id !== only)) continue;
        // All of it is taken now, or set aside again.
        await wallet.release(tx, holdOf(refund), refund.amount);
        shares.push({ refund, amount: share });
        left -= share;
      }
      return shares;
    },

    async settle(tx, shares) {
      for (const { refund, amount } of shares) {
        await refunds.updateOne({ _id: refund._id }, { $inc: { settled: amount } }, { session: tx.session });
        const after = { ...refund, settled: refund.settled + amount };
        if (after.settled < after.amount) await hold(tx, after);
      }
    },

    async promised(tx, topUpId) {
      const pending = await pendingOf(tx, topUpId);
      return pending.reduce((sum, { amount, settled }) => sum + amount - settled, 0);
    },
  };
}

/** Each rest is a hold of its own, as a released one is never held again. */
const holdOf = ({ _id, settled }: RefundDocument): string => `refund:${_id}:${settled}`;
