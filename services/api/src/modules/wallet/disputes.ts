import { createHash } from 'node:crypto';
import type { Dispute, DisputesQuery } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';
import type { Debts } from './debts.js';
import { accountId, type AccountRef, type Ledger } from './ledger.js';
import { credited, holdOf, providerOf, userOf, type Outcome, type PaymentNames, type Reported } from './payment-names.js';
import { announceBalance } from './wallet.events.js';
import type { AccountDocument, DisputeDocument, TopUpDocument, WalletModels } from './wallet.model.js';

/** What a provider says of a dispute. */
export interface DisputeMessage extends PaymentNames {
  /** The provider's own id of it. */
  disputeId: string;
  status: DisputeDocument['status'];
  /** Minor units. */
  amount: number;
  currency: string;
  /** The bank's word for it. */
  reason?: string | undefined;
}

export interface Disputes {
  /**
   * Opened: what the balance covers of the amount is set aside, the rest is owed by the user (`receivable`), who pays it with what comes in
   * meanwhile. Won: all of it is undone. Lost: the money goes back through the provider, and what is left of the debt stays. Each emits `payment-disputed`, and `balance-updated` where one moved.
   * News may come in any order and often: a decision that comes first opens the dispute, too, and what comes after it changes nothing.
   * @param allow throws when whoever says it may not decide about this user's money
   */
  report(tx: Tx, message: Reported<DisputeMessage>, allow?: (userId: string) => Promise<void>): Promise<Outcome>;
  /** Newest first. */
  list(query: DisputesQuery): Promise<Paged<DisputeDocument>>;
}

export function createDisputes({ models, ledger, debts }: { models: WalletModels; ledger: Ledger; debts: Debts }): Disputes {
  const { accounts, disputes, topUps } = models;

  const open = async (tx: Tx, topUp: TopUpDocument, _id: string, message: Reported<DisputeMessage>): Promise<DisputeDocument> => {
    const { amount, currency, reason } = message;
    const user = userOf(topUp);
    const account = await accounts.findById(accountId(user), null, { session: tx.session }).lean<AccountDocument>();
    const frozen = Math.min(amount, account?.balance ?? 0);
    const dispute: DisputeDocument = {
      _id,
      provider: message.provider,
      disputeId: message.disputeId,
      topUpId: topUp._id,
      userId: topUp.userId,
      amount,
      frozen,
      currency,
      status: 'opened',
      ...(reason ? { reason } : {}),
      version: 1,
      createdAt: tx.now,
    };
    await disputes.insertMany([dispute], { session: tx.session });
    // A refund that is asked for at this moment meets us at the user's account, where it finds nothing, or runs again and is refused.
    await move(tx, topUp, dispute, `A bank disputes the top-up${reason ? `: ${reason}` : ''}`, [
      { account: user, amount: -frozen },
      { account: holdOf(topUp), amount: frozen },
      { account: { ...user, kind: 'receivable' }, amount: frozen - amount },
      { account: claims(currency), amount: amount - frozen },
    ]);
    return dispute;
  };

  const close = async (tx: Tx, topUp: TopUpDocument, opened: DisputeDocument, status: 'won' | 'lost'): Promise<void> => {
    const { _id, amount, frozen, currency } = opened;
    const closed: DisputeDocument = { ...opened, status, version: opened.version + 1, closedAt: tx.now };
    await disputes.updateOne({ _id }, { $set: { status, version: closed.version, closedAt: tx.now } }, { session: tx.session });
    const user = userOf(topUp);
    const owed = amount - frozen;
    const legs =
      status === 'won'
        ? [
            { account: user, amount: frozen },
            { account: holdOf(topUp), amount: -frozen },
            { account: { ...user, kind: 'receivable' as const }, amount: owed },
            { account: claims(currency), amount: -owed },
          ]
        : [
            { account: holdOf(topUp), amount: -frozen },
            { account: claims(currency), amount: -owed },
            { account: providerOf(topUp), amount },
          ];
    const description = status === 'won' ? 'The dispute was won' : 'The dispute was lost';
    await move(tx, topUp, closed, description, legs);
    if (status === 'lost') return;
    const incoming = { key: disputeTransfer({ _id, status }), amount: frozen };
    for (const change of await debts.settle(tx, user, incoming)) announceBalance(tx, change, 'debt');
  };

  const move = async (
    tx: Tx,
    topUp: TopUpDocument,
    dispute: DisputeDocument,
    description: string,
    legs: { account: AccountRef; amount: number }[],
  ): Promise<void> => {
    const { _id, amount, frozen, status, reason } = dispute;
    const { userId, currency, provider: paymentMethod } = topUp;
    const { changes } = await ledger.post(tx, {
      key: disputeTransfer({ _id, status }),
      type: 'dispute',
      description,
      paymentMethod,
      topUpId: topUp._id,
      legs: legs.filter((leg) => leg.amount !== 0),
    });
    const transactionId = changes.find(({ posting }) => posting)?.posting?._id ?? topUp._id;
    tx.emit(
      'payment-disputed',
      {
        userId,
        amount,
        frozen,
        currency,
        paymentMethod,
        transactionId,
        topUpId: topUp._id,
        status,
        ...(reason ? { reason } : {}),
        dispute: presentDispute(dispute),
      },
      { userId },
    );
    for (const change of changes) announceBalance(tx, change, 'dispute');
  };

  return {
    async report(tx, message, allow) {
      const { session } = tx;
      const { topUp, refused } = await credited(tx, topUps, message);
      if (refused) return refused;
      await allow?.(topUp.userId);
      if (message.amount === 0) return { state: 'ignored', reason: 'It is about no money' };
      const _id = disputeKey(message);
      const known = await disputes.findById(_id, null, { session }).lean<DisputeDocument>();
      if (known && (message.status === 'opened' || known.status !== 'opened'))
        return { state: 'ignored', reason: `The dispute is ${known.status}` };
      const opened = known ?? (await open(tx, topUp, _id, message));
      if (message.status !== 'opened') await close(tx, topUp, opened, message.status);
      return { state: 'processed' };
    },

    async list({ limit, cursor, ...filter }) {
      const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
      const found = await disputes
        .find({ ...given, ...olderThan(cursor) })
        .sort(newestFirst)
        .limit(limit + 1)
        .lean<DisputeDocument[]>();
      return pageByTime(found, limit);
    },
  };
}

export function presentDispute(dispute: DisputeDocument): Dispute {
  const { _id, status, provider, disputeId, topUpId, userId, amount, frozen, currency, reason, version, createdAt, closedAt } = dispute;
  return {
    id: _id,
    status,
    provider,
    disputeId,
    topUpId,
    userId,
    amount,
    frozen,
    currency,
    ...(reason ? { reason } : {}),
    version,
    createdAt: createdAt.toISOString(),
    ...(closedAt ? { closedAt: closedAt.toISOString() } : {}),
  };
}

/** What users owe for disputes that are not decided: no money has gone anywhere yet. */
const claims = (currency: string): AccountRef => ({ kind: 'system', ownerId: 'disputes', currency });

const disputeTransfer = ({ _id, status }: Pick<DisputeDocument, '_id' | 'status'>): string => `dispute:${_id}:${status}`;

const disputeKey = ({ provider, disputeId }: Reported<DisputeMessage>): string =>
  `${provider}_${createHash('sha256').update(disputeId).digest('hex').slice(0, 40)}`;
