import { createHash } from 'node:crypto';
import { Problem, type TopUpInput } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { newId } from '@tidings/platform';
import type { Debts } from './debts.js';
import type { Ledger } from './ledger.js';
import {
  byNames,
  named,
  ofAnother,
  providerOf,
  userOf,
  type Outcome,
  type PaymentNames,
  type Reported,
  unusable,
} from './payment-names.js';
import type { PendingRefunds } from './pending-refunds.js';
import type { NewTopUp, OpenedPayment, PaymentProvider } from './providers/provider.js';
import { createTopUpRefunds, transactionOf, type TopUpRefunds } from './top-up-refunds.js';
import { announceBalance } from './wallet.events.js';
import type { TopUpDocument, TopUpStatus, WalletModels } from './wallet.model.js';

/** A top-up that the provider knows of and that is not stored yet. */
export interface PreparedTopUp {
  topUp: NewTopUp;
  opened: OpenedPayment;
}

/** What a provider says of a payment. */
export interface ProviderPayment extends Omit<PaymentNames, 'providerRef'> {
  amount: number;
  currency: string;
  /** The provider's own id of it. */
  providerRef: string;
}

export type { Outcome } from './payment-names.js';
export type { FailedRefund } from './top-up-refunds.js';

export interface TopUps extends TopUpRefunds {
  /**
   * The part outside of the transaction; see `PaymentProvider.open`.
   * @throws Problem `provider-unavailable`, `provider-error`
   */
  prepare(userId: string, input: TopUpInput): Promise<PreparedTopUp>;
  /** @param followedBy a kind of job, added with `{ topUpId }` when the money has come: what the user paid it for is done then */
  store(tx: Tx, prepared: PreparedTopUp, followedBy?: string): Promise<TopUpDocument>;
  credit(tx: Tx, payment: Reported<ProviderPayment>): Promise<Outcome>;
  /**
   * By an administrator's decision: credits what was paid to the user of the top-up that it names, whatever was asked for. A second payment
   * of one top-up becomes a top-up of its own.
   * @param allow throws when the one who decides may not credit that user
   */
  creditAsPaid(tx: Tx, payment: Reported<ProviderPayment>, allow: (userId: string) => Promise<void>): Promise<Outcome>;
  /** Credits a payment that no top-up was made for: it becomes one, whose id follows from the payment's, so that it is credited once. */
  creditUnannounced(tx: Tx, userId: string, payment: Reported<ProviderPayment>): Promise<Outcome>;
  /** Whose payment a message is about; undefined where no top-up has such a name. */
  payer(tx: Tx, names: Reported<PaymentNames>): Promise<string | undefined>;
  fail(tx: Tx, payment: Reported<Omit<PaymentNames, 'providerRef'>> & { reason: string }): Promise<Outcome>;
}

/** The id of a payment's top-up, where none was made before it came. */
export const unannouncedId = ({ provider, providerRef }: Reported<{ providerRef: string }>): string =>
  `${provider}_${createHash('sha256').update(providerRef).digest('hex').slice(0, 40)}`;

export function createTopUps(options: {
  models: WalletModels;
  ledger: Ledger;
  debts: Debts;
  pending: PendingRefunds;
  providers: Partial<Record<TopUpDocument['provider'], PaymentProvider>>;
  defaultCurrency: string;
}): TopUps {
  const { models, ledger, debts, pending, providers, defaultCurrency } = options;
  const { topUps } = models;

  const setUp = (name: TopUpDocument['provider']): PaymentProvider => {
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

  const find = async (tx: Tx, names: Reported<PaymentNames>): Promise<TopUpDocument | null> => {
    // What the provider calls a payment that is not credited yet, we do not know: it is looked for by our own name or the order's.
    const { topUpId, orderRef } = names;
    const wanted = topUpId || orderRef ? { ...names, providerRef: undefined } : names;
    return topUps.findOne(byNames(wanted), null, { session: tx.session }).lean<TopUpDocument>();
  };

  /** One payment is credited once, whichever top-ups the news of it name: an automation may tell of it with and without the reference. */
  const isKnown = async (tx: Tx, { provider, providerRef }: Reported<ProviderPayment>): Promise<boolean> => {
    const query = { ...byNames({ provider, providerRef }), status: { $in: creditedStatuses } };
    return (await topUps.exists(query).session(tx.session)) !== null;
  };

  /** The one place where money comes in. */
  const book = async (tx: Tx, topUp: TopUpDocument, providerRef: string): Promise<Outcome> => {
    const { _id: topUpId, userId, amount, currency, provider: paymentMethod } = topUp;
    const { changes } = await ledger.post(tx, {
      key: `topup:${topUpId}`,
      type: 'top-up',
      description: 'Top-up',
      paymentMethod,
      topUpId,
      legs: [
        { account: userOf(topUp), amount },
        { account: providerOf(topUp), amount: -amount },
      ],
    });
    await change(tx, topUp, { status: 'succeeded', providerRef, creditedAt: tx.now }, { failureReason: 1 });
    const [moved] = changes;
    if (!moved) return { state: 'ignored', reason: 'The ledger has this transfer' };
    const paid = await debts.settle(tx, userOf(topUp), { key: `topup:${topUpId}`, amount });
    const { newBalance } = paid[0] ?? moved;
    tx.emit(
      'payment-completed',
      { userId, amount, currency, newBalance, paymentMethod, transactionId: transactionOf(topUp, moved), topUpId },
      { userId },
    );
    announceBalance(tx, moved, 'top-up');
    for (const change of paid) announceBalance(tx, change, 'debt');
    const { followedBy } = topUp;
    if (followedBy) await tx.job({ kind: followedBy, key: `${followedBy}:${topUpId}`, data: { topUpId } });
    return { state: 'processed' };
  };

  const creditUnannounced = async (tx: Tx, userId: string, payment: Reported<ProviderPayment>): Promise<Outcome> => {
    const { provider, providerRef, amount, currency } = payment;
    const wrong = unusable(amount);
    if (wrong) return wrong;
    const _id = unannouncedId(payment);
    const known = await topUps.findOne({ $or: [{ _id }, byNames({ provider, providerRef })] }, null, { session: tx.session });
    if (known) return alreadyCredited;
    const topUp: TopUpDocument = { _id, userId, amount, currency, provider, status: 'pending', refunded: 0, createdAt: tx.now };
    await topUps.insertMany([topUp], { session: tx.session });
    return book(tx, topUp, providerRef);
  };

  return {
    async prepare(userId, { amount, currency = defaultCurrency, provider }) {
      const topUp = { _id: newId(), userId, amount, currency, provider };
      return { topUp, opened: await setUp(provider).open(topUp) };
    },

    async store(tx, { topUp, opened }, followedBy) {
      const follow = followedBy === undefined ? {} : { followedBy };
      const document: TopUpDocument = { ...topUp, ...opened, ...follow, status: 'pending', refunded: 0, createdAt: tx.now };
      await topUps.insertMany([document], { session: tx.session });
      await setUp(topUp.provider).stored?.(tx, document);
      return document;
    },

    async credit(tx, payment) {
      const topUp = await find(tx, payment);
      if (!topUp) return missing;
      const other = ofAnother(topUp, payment.provider);
      if (other) return other;
      if (await isKnown(tx, payment)) return alreadyCredited;
      const again = paidTwice(topUp, payment);
      if (again) return again;
      const { amount, currency, providerRef } = payment;
      // Never the provider's figure, never ours: when they differ, a person looks.
      if (amount !== topUp.amount || currency !== topUp.currency) {
        return { state: 'held', reason: `Paid ${amount} ${currency}, asked for ${topUp.amount} ${topUp.currency}` };
      }
      return book(tx, topUp, providerRef);
    },

    async creditAsPaid(tx, payment, allow) {
      const { amount, currency, providerRef, provider } = payment;
      const topUp = await find(tx, payment);
      if (!topUp) return missing;
      await allow(topUp.userId);
      if (await isKnown(tx, payment)) return alreadyCredited;
      if (isCredited(topUp) || ofAnother(topUp, provider)) return creditUnannounced(tx, topUp.userId, payment);
      const wrong = unusable(amount);
      if (wrong) return wrong;
      await change(tx, topUp, { amount, currency });
      return book(tx, { ...topUp, amount, currency }, providerRef);
    },

    creditUnannounced,

    payer: async (tx, names) => (await named(tx, topUps, names))?.userId,

    async fail(tx, { reason, ...names }) {
      const topUp = await find(tx, names);
      if (!topUp) return missing;
      const other = ofAnother(topUp, names.provider);
      if (other) return other;
      // A payment that failed may still succeed at the next attempt; one that succeeded has not failed, whatever order the news came in.
      if (topUp.status !== 'pending') return { state: 'ignored', reason: `The top-up is ${topUp.status}` };
      await change(tx, topUp, { status: 'failed', failureReason: reason });
      const { _id: topUpId, userId, amount, currency, provider } = topUp;
      tx.emit('payment-failed', { userId, amount, currency, paymentMethod: provider, transactionId: topUpId, topUpId, reason }, { userId });
      return { state: 'processed' };
    },

    ...createTopUpRefunds({ models, ledger, debts, pending }),
  };
}

const missing: Outcome = { state: 'early', reason: 'There is no such top-up' };
const alreadyCredited: Outcome = { state: 'ignored', reason: 'The top-up has been credited' };
const creditedStatuses: readonly TopUpStatus[] = ['succeeded', 'refunded'];
const isCredited = ({ status }: TopUpDocument): boolean => creditedStatuses.includes(status);

/** A second payment of the same top-up is money that nobody asked for. */
function paidTwice(topUp: TopUpDocument, { amount, currency, providerRef }: ProviderPayment): Outcome | undefined {
  if (!isCredited(topUp)) return undefined;
  return { state: 'held', reason: `Paid ${amount} ${currency} again, as ${providerRef}: the top-up was paid as ${topUp.providerRef}` };
}
