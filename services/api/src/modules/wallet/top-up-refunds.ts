import { createHash } from 'node:crypto';
import type { Tx } from '@tidings/feed';
import type { Debts } from './debts.js';
import { accountId, type BalanceChange, type Ledger } from './ledger.js';
import { credited, providerOf, userOf, type Outcome, type PaymentNames, type Reported } from './payment-names.js';
import type { PendingRefunds } from './pending-refunds.js';
import type { RefundDocument } from './refunds.model.js';
import { announceBalance } from './wallet.events.js';
import type { AccountDocument, TopUpDocument, WalletModels } from './wallet.model.js';

/** A refund, as the provider's webhook or our own question to it tells. */
export interface ProviderRefunded extends PaymentNames {
  /** What the provider has given back of this payment in all, minor units; without what has failed before it said so. */
  amount: number;
  currency: string;
  /** When the provider said so. Without it, it is the newest word. */
  at?: Date | undefined;
  /** Ours, when the amount grows by this one alone. */
  refundId?: string;
  /** The provider's own id of the refund that made it grow, where it says that. */
  refundRef?: string | undefined;
}

/** A refund that the provider had begun, and that did not arrive. */
export interface FailedRefund extends PaymentNames {
  /** The provider's own id of it. */
  refundRef: string;
  /** Ours, where we asked for it. */
  refundId?: string | undefined;
  /** Minor units. */
  amount: number;
  currency: string;
  at: Date;
  /** The provider's word for it. */
  reason: string;
}

export interface TopUpRefunds {
  /**
   * Books what the provider has given back and we have not booked: first of what administrators asked for, which is set aside. Whoever hears
   * of it first, the webhook or the job that asked, the sum is the provider's.
   */
  refund(tx: Tx, refund: Reported<ProviderRefunded>): Promise<Outcome>;
  /**
   * A refund that failed after all: what was booked of it comes back into the wallet, what is set aside for it is free. Once for each refund,
   * whether the news of it comes before that of the refund itself, after it, or before the provider's answer to us.
   */
  refundFailed(tx: Tx, failed: Reported<FailedRefund>): Promise<Outcome>;
}

/**
 * A provider's sum falls when a refund fails, and its messages come in any order. What only grows is all that was ever begun: the sum, and
 * what had failed by then. That is compared, and names the transfers.
 */
export function createTopUpRefunds(options: {
  models: Pick<WalletModels, 'topUps' | 'accounts'>;
  ledger: Ledger;
  debts: Debts;
  pending: PendingRefunds;
}): TopUpRefunds {
  const { models, ledger, debts, pending } = options;
  const { topUps, accounts } = models;

  const change = async (tx: Tx, topUp: TopUpDocument, fields: Partial<TopUpDocument>): Promise<TopUpDocument> => {
    await topUps.updateOne({ _id: topUp._id }, { $set: fields }, { session: tx.session });
    return { ...topUp, ...fields };
  };

  /** Notes who said what, for what comes late: a failure that is older than a sum that we know. */
  const note = async (tx: Tx, topUp: TopUpDocument, { amount, at, refundRef }: ProviderRefunded): Promise<TopUpDocument> => {
    const isNews = at && (!topUp.reported || topUp.reported.at < at);
    const refs = topUp.refundRefs ?? [];
    const isNewRef = refundRef && !refs.includes(refundRef);
    if (!isNews && !isNewRef) return topUp;
    return change(tx, topUp, {
      ...(isNews ? { reported: { total: amount, at } } : {}),
      ...(isNewRef ? { refundRefs: [...refs, refundRef] } : {}),
    });
  };

  const book = async (tx: Tx, topUp: TopUpDocument, begun: number, refundId?: string): Promise<Outcome> => {
    const amount = begun - begunOf(topUp);
    if (amount <= 0) return { state: 'ignored', reason: 'This much has been refunded' };
    const shares = await pending.take(tx, topUp._id, amount, refundId);
    const user = userOf(topUp);
    const account = await accounts.findById(accountId(user), null, { session: tx.session }).lean<AccountDocument>();
    // The provider has given the money back already. What the customer has spent meanwhile is owed to us, on an account of its own.
    const covered = Math.min(amount, account?.balance ?? 0);
    const { changes } = await ledger.post(tx, {
      key: `topup-refund:${topUp._id}:${begun}`,
      type: 'refund',
      description: 'Top-up given back by the provider',
      paymentMethod: topUp.provider,
      topUpId: topUp._id,
      legs: [
        { account: user, amount: -covered },
        { account: { ...user, kind: 'receivable' as const }, amount: covered - amount },
        { account: providerOf(topUp), amount },
      ].filter((leg) => leg.amount !== 0),
    });
    const refunded = topUp.refunded + amount;
    await change(tx, topUp, { refunded, ...(refunded === topUp.amount ? { status: 'refunded' as const } : {}) });
    const { userId, currency, provider: paymentMethod } = topUp;
    const reason = shares[0]?.refund.reason ?? 'Refunded by the payment provider';
    const transactionId = transactionOf(topUp, changes[0]);
    tx.emit('payment-refunded', { userId, amount, currency, paymentMethod, transactionId, topUpId: topUp._id, reason }, { userId });
    for (const moved of changes) announceBalance(tx, moved, 'top-up-refund');
    await pending.settle(tx, shares);
    return { state: 'processed' };
  };

  /** The money is at the provider again: it goes back into the wallet, where it pays what is owed first. */
  const takeBack = async (tx: Tx, topUp: TopUpDocument, { refundRef, amount }: FailedRefund): Promise<BalanceChange | undefined> => {
    const user = userOf(topUp);
    const key = `topup-refund-failed:${topUp._id}:${digest(refundRef)}`;
    const { changes } = await ledger.post(tx, {
      key,
      type: 'refund',
      description: 'The refund failed: the amount is back',
      paymentMethod: topUp.provider,
      topUpId: topUp._id,
      legs: [
        { account: user, amount },
        { account: providerOf(topUp), amount: -amount },
      ],
    });
    for (const moved of changes) announceBalance(tx, moved, 'top-up-refund-failed');
    for (const moved of await debts.settle(tx, user, { key, amount })) announceBalance(tx, moved, 'debt');
    return changes[0];
  };

  /** An administrator's, which has not come about: what is still set aside for it is free. */
  const endOurs = async (tx: Tx, ours: RefundDocument, wasBooked: boolean, reason: string): Promise<void> => {
    if (ours.status === 'pending' && !wasBooked) await pending.release(tx, ours);
    await pending.end(tx, ours, { status: 'failed', failure: reason.slice(0, 500), ...(wasBooked ? { settled: 0 } : {}) });
  };

  return {
    async refund(tx, message) {
      const { topUp, refused } = await credited(tx, topUps, message);
      if (refused) return refused;
      return book(tx, await note(tx, topUp, message), begunBy(topUp, message.amount, message.at), message.refundId);
    },

    async refundFailed(tx, message) {
      const { topUp, refused } = await credited(tx, topUps, message);
      if (refused) return refused;
      const { refundRef, refundId, amount, currency, at, reason } = message;
      const known = topUp.failedRefunds ?? [];
      if (known.some(({ ref }) => ref === refundRef)) return { state: 'ignored', reason: 'It is known that this refund failed' };
      const found = refundId ? await pending.find(tx, topUp._id, refundId) : null;
      const ours = found && found.status !== 'failed' ? found : undefined;
      const wasBooked = ours ? ours.settled === ours.amount : isBooked(topUp, message);
      const back = wasBooked ? amount : 0;
      const after = await change(tx, topUp, {
        failedRefunds: [...known, { ref: refundRef, amount, at }],
        ...(wasBooked ? { refunded: topUp.refunded - amount, status: 'succeeded' as const } : {}),
      });
      const { userId, provider: paymentMethod, _id: topUpId } = topUp;
      const moved = wasBooked ? await takeBack(tx, topUp, message) : undefined;
      if (back > 0 || ours) {
        const transactionId = transactionOf(topUp, moved);
        tx.emit('payment-refund-failed', { userId, amount, currency, paymentMethod, transactionId, topUpId, reason }, { userId });
      }
      if (ours) await endOurs(tx, ours, wasBooked, reason);
      // A sum that came before this, though it is younger: only now is it clear what it says.
      if (after.reported) await book(tx, after, begunBy(after, after.reported.total, after.reported.at));
      return { state: 'processed' };
    },
  };
}

/** All that was ever begun to be given back, as we know it, minor units. */
const begunOf = (topUp: TopUpDocument): number => topUp.refunded + failedBy(topUp);

/** The same as a sum of the provider's tells it. A failure within the same second is younger: it is of something that was begun before. */
const begunBy = (topUp: TopUpDocument, total: number, at?: Date): number => total + failedBy(topUp, at);

const failedBy = ({ failedRefunds = [] }: TopUpDocument, before?: Date): number =>
  failedRefunds.reduce((sum, { amount, at }) => (before && at >= before ? sum : sum + amount), 0);

/**
 * Whether a refund that nobody here asked for was booked. Razorpay names each one that it has done, and may fail one that it never told of;
 * Stripe counts each from its beginning, and tells sums alone.
 */
function isBooked({ refunded, refundRefs = [] }: TopUpDocument, { provider, refundRef, amount }: Reported<FailedRefund>): boolean {
  return refunded >= amount && (provider !== 'razorpay' || refundRefs.includes(refundRef));
}

const digest = (ref: string): string => createHash('sha256').update(ref).digest('hex').slice(0, 40);

/** The entry of the wallet's history; where nothing moved (yet), the top-up itself. */
export const transactionOf = (topUp: TopUpDocument, change: BalanceChange | undefined): string => change?.posting?._id ?? topUp._id;
