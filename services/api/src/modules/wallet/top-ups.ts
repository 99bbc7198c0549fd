import { Problem, type TopUpInput } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { newId } from '@tidings/platform';
import { accountId, type AccountRef, type BalanceChange, type Ledger } from './ledger.js';
import type { PendingRefunds } from './pending-refunds.js';
import type { NewTopUp, OpenedPayment, PaymentProvider } from './providers/provider.js';
import { announceBalance } from './wallet.events.js';
import type { AccountDocument, TopUpDocument, WalletModels } from './wallet.model.js';

/** A top-up that the provider knows of and that is not stored yet. */
export interface PreparedTopUp {
  topUp: NewTopUp;
  opened: OpenedPayment;
}

/** What a provider says of a payment. */
export interface ProviderPayment {
  topUpId: string;
  amount: number;
  currency: string;
  providerRef: string;
}

/** A refund, as the provider's webhook or our own question to it tells. */
export interface ProviderRefunded {
  topUpId?: string | undefined;
  providerRef?: string | undefined;
  /** What the provider has given back of this payment in all, minor units. */
  amount: number;
  currency: string;
  /** Ours, when the amount grows by this one alone. */
  refundId?: string;
}

/**
 * What became of a provider's message: done; nothing to do, and why; kept for a person to look at; or too early, as the thing it names is not
 * there (yet).
 */
export type Outcome = { state: 'processed' } | { state: 'ignored' | 'held' | 'early'; reason: string };

export interface TopUps {
  /**
   * The part outside of the transaction; see `PaymentProvider.open`.
   * @throws Problem `provider-unavailable`, `provider-error`
   */
  prepare(userId: string, input: TopUpInput): Promise<PreparedTopUp>;
  store(tx: Tx, prepared: PreparedTopUp): Promise<TopUpDocument>;
  credit(tx: Tx, payment: ProviderPayment): Promise<Outcome>;
  fail(tx: Tx, payment: Pick<ProviderPayment, 'topUpId'> & { reason: string }): Promise<Outcome>;
  /**
   * Books what the provider has given back and we have not booked: first of what administrators asked for, which is set aside. Whoever hears
   * of it first, the webhook or the job that asked, the sum is the provider's.
   */
  refund(tx: Tx, refund: ProviderRefunded): Promise<Outcome>;
}

export function createTopUps(options: {
  models: WalletModels;
  ledger: Ledger;
  pending: PendingRefunds;
  providers: Partial<Record<TopUpDocument['provider'], PaymentProvider>>;
  defaultCurrency: string;
}): TopUps {
  const { models, ledger, pending, providers, defaultCurrency } = options;
  const { topUps, accounts } = models;

  const providerOf = (name: TopUpDocument['provider']): PaymentProvider => {
    const provider = providers[name];
    if (!provider) throw new Problem('provider-unavailable', `Payments by ${name} are not set up here`);
    return provider;
  };

  const change = async (tx: Tx, topUp: TopUpDocument, fields: Partial<TopUpDocument>, unset: Record<string, 1> = {}): Promise<void> => {
    await topUps.updateOne(
      { _id: topUp._id },
      { $set: fields, ...(Object.keys(unset).length > 0 ? { $unset: unset } : {}) },
      { session: tx.session },
    );
  };

  return {
    async prepare(userId, { amount, currency = defaultCurrency, provider }) {
      const topUp = { _id: newId(), userId, amount, currency, provider };
      return { topUp, opened: await providerOf(provider).open(topUp) };
    },

    async store(tx, { topUp, opened }) {
      const document: TopUpDocument = { ...topUp, ...opened, status: 'pending', refunded: 0, createdAt: tx.now };
      await topUps.insertMany([document], { session: tx.session });
      await providerOf(topUp.provider).stored?.(tx, document);
      return document;
    },

    async credit(tx, { topUpId, amount, currency, providerRef }) {
      const topUp = await topUps.findById(topUpId, null, { session: tx.session }).lean<TopUpDocument>();
      if (!topUp) return { state: 'early', reason: `There is no top-up ${topUpId}` };
      if (topUp.status === 'succeeded' || topUp.status === 'refunded') return { state: 'ignored', reason: 'The top-up has been credited' };
      // Never the provider's figure, never ours: when they differ, a person looks.
      if (amount !== topUp.amount || currency !== topUp.currency) {
        return { state: 'held', reason: `Paid ${amount} ${currency}, asked for ${topUp.amount} ${topUp.currency}` };
      }
      const user = userAccount(topUp);
      const { changes } = await ledger.post(tx, {
        key: `topup:${topUpId}`,
        type: 'top-up',
        description: 'Top-up',
        paymentMethod: topUp.provider,
        topUpId,
        legs: [
          { account: user, amount },
          { account: providerAccount(topUp), amount: -amount },
        ],
      });
      await change(tx, topUp, { status: 'succeeded', providerRef, creditedAt: tx.now }, { failureReason: 1 });
      const [moved] = changes;
      if (!moved) return { state: 'ignored', reason: 'The ledger has this transfer' };
      const { userId, provider: paymentMethod } = topUp;
      const { newBalance } = moved;
      tx.emit(
        'payment-completed',
        { userId, amount, currency, newBalance, paymentMethod, transactionId: transactionOf(topUp, moved), topUpId },
        { userId },
      );
      announceBalance(tx, moved, 'top-up');
      return { state: 'processed' };
    },

    async fail(tx, { topUpId, reason }) {
      const topUp = await topUps.findById(topUpId, null, { session: tx.session }).lean<TopUpDocument>();
      if (!topUp) return { state: 'early', reason: `There is no top-up ${topUpId}` };
      // A payment that failed may still succeed at the next attempt; one that succeeded has not failed, whatever order the news came in.
      if (topUp.status !== 'pending') return { state: 'ignored', reason: `The top-up is ${topUp.status}` };
      await change(tx, topUp, { status: 'failed', failureReason: reason });
      const { userId, amount, currency, provider } = topUp;
      tx.emit('payment-failed', { userId, amount, currency, paymentMethod: provider, transactionId: topUpId, topUpId, reason }, { userId });
      return { state: 'processed' };
    },

    async refund(tx, { topUpId, providerRef, amount: total, currency, refundId }) {
      const filter = topUpId ? { _id: topUpId } : { providerRef: providerRef ?? '' };
      const topUp = await topUps.findOne(filter, null, { session: tx.session }).lean<TopUpDocument>();
      if (!topUp) return { state: 'early', reason: 'There is no such top-up' };
      if (topUp.status === 'pending' || topUp.status === 'failed') return { state: 'early', reason: `The top-up is ${topUp.status}` };
      if (currency !== topUp.currency || total > topUp.amount) {
        return { state: 'held', reason: `Refunded ${total} ${currency} of ${topUp.amount} ${topUp.currency}` };
      }
      const amount = total - topUp.refunded;
      if (amount <= 0) return { state: 'ignored', reason: 'This much has been refunded' };

      const shares = await pending.take(tx, topUp._id, amount, refundId);
      const user = userAccount(topUp);
      const account = await accounts.findById(accountId(user), null, { session: tx.session }).lean<AccountDocument>();
      // The provider has given the money back already. What the customer has spent meanwhile is owed to us, on an account of its own.
      const covered = Math.min(amount, account?.balance ?? 0);
      const { changes } = await ledger.post(tx, {
        key: `topup-refund:${topUp._id}:${total}`,
        type: 'refund',
        description: 'Top-up given back by the provider',
        paymentMethod: topUp.provider,
        topUpId: topUp._id,
        legs: [
          { account: user, amount: -covered },
          { account: { ...user, kind: 'receivable' as const }, amount: covered - amount },
          { account: providerAccount(topUp), amount },
        ].filter((leg) => leg.amount !== 0),
      });
      await change(tx, topUp, { refunded: total, ...(total === topUp.amount ? { status: 'refunded' as const } : {}) });
      const { userId, provider: paymentMethod } = topUp;
      const reason = shares[0]?.refund.reason ?? 'Refunded by the payment provider';
      const transactionId = transactionOf(topUp, changes[0]);
      tx.emit('payment-refunded', { userId, amount, currency, paymentMethod, transactionId, topUpId: topUp._id, reason }, { userId });
      for (const moved of changes) announceBalance(tx, moved, 'top-up-refund');
      await pending.settle(tx, shares);
      return { state: 'processed' };
    },
  };
}

const userAccount = ({ userId, currency }: TopUpDocument): AccountRef => ({ kind: 'user', ownerId: userId, currency });
const providerAccount = ({ provider, currency }: TopUpDocument): AccountRef => ({ kind: 'provider', ownerId: provider, currency });

/** The entry of the wallet's history; where nothing moved (yet), the top-up itself. */
const transactionOf = (topUp: TopUpDocument, change: BalanceChange | undefined): string => change?.posting?._id ?? topUp._id;
