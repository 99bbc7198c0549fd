import type { WalletTransaction } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { z } from 'zod';
import { decodeCursor, pageOf, type Paged } from '../../http/lists.js';
import { nameOf, refundOf, subjectOf, type Charge, type ChargeSubject } from './charge.js';
import type { Debts, Incoming } from './debts.js';
import { accountId, parseAccountId, type AccountRef, type BalanceChange, type Ledger, type NewTransfer } from './ledger.js';
import { announceBalance } from './wallet.events.js';
import { bringUpToDate } from './roll-up.js';
import type { AccountDocument, PostingDocument, WalletModels } from './wallet.model.js';

/** Money of a user that is set aside until it is given back or spent. */
export interface Hold {
  /** Names it for ever; `release` takes it. */
  key: string;
  userId: string;
  /** Minor units. */
  amount: number;
  currency: string;
  /** For people. */
  description: string;
}

export interface Adjustment {
  /** Names it for ever: a second one with the same key changes nothing. */
  key: string;
  userId: string;
  /** Signed minor units. */
  amount: number;
  currency: string;
  /** For people: the user reads it in the history. */
  description: string;
}

export interface HistoryQuery {
  limit: number;
  cursor?: string | undefined;
  currency?: string | undefined;
  type?: WalletTransaction['type'] | undefined;
}

export interface Wallet {
  /** An account that nothing has touched yet is empty, at version 0. */
  balance(userId: string, currency?: string): Promise<Omit<AccountDocument, 'lastAt'>>;
  /** Every wallet that the user has, by currency; the one in the default currency is always there. */
  balances(userId: string): Promise<Omit<AccountDocument, 'lastAt'>[]>;
  /** Of the rolled-up postings; what was paid within the last second may be missing. */
  merchantBalance(merchantId: string, currency: string): Promise<Omit<AccountDocument, 'lastAt'>>;
  /** Newest first. */
  history(userId: string, query: HistoryQuery): Promise<Paged<PostingDocument>>;
  /**
   * Moves the price from the customer to the merchant. The caller tells of it (`announcePayment`) when its own event, which says what
   * for, is out.
   * @throws Problem `insufficient-funds`
   */
  charge(tx: Tx, charge: Charge, options?: Pick<NewTransfer, 'isNew'>): Promise<readonly BalanceChange[]>;
  /**
   * Gives the price back, or a part of it, and emits `payment-refunded` and `balance-updated`. `key` names the refund (that of the whole charge unless
   * given): a second time changes nothing. The caller sees to it that the parts do not come to more than the price.
   * @param charge.lend what the merchant's balance does not cover, the merchant owes from then on, and pays with its next sales; it and
   *   administrators are told
   * @throws Problem `insufficient-funds` when the merchant's balance does not cover it
   */
  refund(tx: Tx, charge: Charge & { reason: string; key?: string; lend?: true }): Promise<void>;
  /**
   * Sets money aside and emits `balance-updated`: it leaves `balance` and is shown as `held`. A second time with the same key changes nothing.
   * @throws Problem `insufficient-funds`
   */
  hold(tx: Tx, hold: Hold): Promise<void>;
  /**
   * Gives back all that was set aside under this key, and emits `balance-updated`. Once: what was released or never held stays as it is.
   * To spend a hold, release it and charge in the same transaction, and say here how much: of the rest the user's debts are paid first.
   * @param spent minor units
   */
  release(tx: Tx, key: string, spent?: number): Promise<void>;
  /**
   * Gives or takes by an administrator's decision, and emits `balance-updated`. The caller writes the reason to the audit log. Answers with the
   * change, or undefined when there was one with this key.
   * @throws Problem `insufficient-funds` when more is taken than is there
   */
  adjust(tx: Tx, adjustment: Adjustment): Promise<BalanceChange | undefined>;
}

const versionKey = z.tuple([z.int().min(1)]);

export function createWallet(options: { models: WalletModels; ledger: Ledger; debts: Debts; defaultCurrency: string }): Wallet {
  const { models, ledger, debts, defaultCurrency } = options;
  const { accounts, postings, transfers } = models;
  const userAccount = (ownerId: string, currency = defaultCurrency): AccountRef => ({ kind: 'user', ownerId, currency });
  const merchantAccount = (ownerId: string, currency: string): AccountRef => ({ kind: 'merchant', ownerId, currency });

  const balance: Wallet['balance'] = async (userId, currency) => {
    const ref = userAccount(userId, currency);
    const account = await accounts.findById(accountId(ref)).lean<AccountDocument>();
    return account ?? { _id: accountId(ref), ...ref, balance: 0, held: 0, version: 0 };
  };

  const payDebts = async (tx: Tx, user: AccountRef, incoming: Incoming): Promise<void> => {
    for (const change of await debts.settle(tx, user, incoming)) announceBalance(tx, change, 'debt');
  };

  /** What a merchant lacks for a refund that must not wait for it. */
  const lendFor = async (tx: Tx, merchant: AccountRef, { key, amount }: Incoming, subject: ChargeSubject): Promise<void> => {
    const account = await accounts.findById(accountId(merchant), null, { session: tx.session }).lean<AccountDocument>();
    const lacking = amount - (account?.balance ?? 0);
    if (lacking <= 0) return;
    const changes = await debts.lend(tx, merchant, { key, amount: lacking, description: 'Owed for a refund' });
    const { ownerId: merchantId, currency } = merchant;
    const owed = await debts.owed(tx, merchant);
    tx.emit('merchant-debt-grew', { merchantId, amount: lacking, owed, currency, ...subject }, { merchantId });
    for (const change of changes) announceBalance(tx, change, 'debt');
  };

  return {
    balance,

    async balances(userId) {
      const found = await accounts
        .find({ _id: { $gte: `user:${userId}:`, $lt: `user:${userId};` } })
        .sort({ _id: 1 })
        .lean<AccountDocument[]>();
      return found.some(({ currency }) => currency === defaultCurrency) ? found : [await balance(userId), ...found];
    },

    async merchantBalance(merchantId, currency) {
      const ref = merchantAccount(merchantId, currency);
      const account = await accounts.findById(accountId(ref)).lean<AccountDocument>();
      return account ?? { _id: accountId(ref), ...ref, balance: 0, held: 0, version: 0 };
    },

    async history(userId, { currency, type, limit, cursor }) {
      const before = decodeCursor(cursor, versionKey);
      const found = await postings
        // The account's version, not the time: that is the order in which they were committed, whichever replica wrote them.
        .find({
          account: accountId(userAccount(userId, currency)),
          ...(type ? { type } : {}),
          ...(before ? { accountVersion: { $lt: before[0] } } : {}),
        })
        .sort({ accountVersion: -1 })
        .limit(limit + 1)
        .lean<PostingDocument[]>();
      return pageOf(found, limit, ({ accountVersion = 0 }) => [accountVersion]);
    },

    async charge(tx, charge, { isNew } = {}) {
      const { userId, merchantId, amount, currency } = charge;
      const { changes } = await ledger.post(tx, {
        ...nameOf(charge),
        ...subjectOf(charge),
        ...(isNew ? { isNew } : {}),
        type: 'payment',
        paymentMethod: 'wallet',
        legs: [
          { account: userAccount(userId, currency), amount: -amount },
          { account: merchantAccount(merchantId, currency), amount },
        ],
      });
      return changes;
    },

    async refund(tx, charge) {
      const { userId, merchantId, amount, currency, reason } = charge;
      const subject = subjectOf(charge);
      const whole = refundOf(charge);
      const key = `refund:${charge.key ?? whole.key}`;
      if (await transfers.exists({ _id: key }).session(tx.session)) return;
      const merchant = merchantAccount(merchantId, currency);
      // The very price of this may still wait for a roll-up.
      await bringUpToDate(tx, { ledger, debts }, merchant);
      if (charge.lend) await lendFor(tx, merchant, { key, amount }, subject);
      const { changes } = await ledger.post(tx, {
        key,
        type: 'refund',
        description: whole.description,
        paymentMethod: 'wallet',
        ...subject,
        legs: [
          { account: userAccount(userId, currency), amount },
          // Last, as all of this merchant's refunds and roll-ups meet there.
          { account: merchant, amount: -amount },
        ],
      });
      const transactionId = changes[0]?.posting?._id ?? whole.key;
      tx.emit('payment-refunded', { userId, amount, currency, paymentMethod: 'wallet', transactionId, ...subject, reason }, { userId });
      for (const change of changes) announceBalance(tx, change, whole.reason);
      await payDebts(tx, userAccount(userId, currency), { key, amount });
    },

    async hold(tx, { key, userId, amount, currency, description }) {
      const { changes } = await ledger.post(tx, {
        key: holdKey(key),
        type: 'hold',
        description,
        paymentMethod: 'wallet',
        legs: [
          { account: userAccount(userId, currency), amount: -amount },
          { account: holdAccount(userId, currency), amount },
        ],
      });
      for (const change of changes) announceBalance(tx, change, 'hold');
    },

    async release(tx, key, spent = 0) {
      const held = await postings
        .findOne({ transferId: holdKey(key), amount: { $gt: 0 } }, null, { session: tx.session })
        .lean<PostingDocument>();
      if (!held) return;
      const { account, amount, currency, description } = held;
      const { ownerId } = parseAccountId(account);
      const { changes } = await ledger.post(tx, {
        key: `release:${key}`,
        type: 'release',
        description,
        paymentMethod: 'wallet',
        legs: [
          { account: userAccount(ownerId, currency), amount },
          { account: holdAccount(ownerId, currency), amount: -amount },
        ],
      });
      for (const change of changes) announceBalance(tx, change, 'release');
      if (changes.length > 0)
        await payDebts(tx, userAccount(ownerId, currency), { key: `release:${key}`, amount: Math.max(0, amount - spent) });
    },

    async adjust(tx, { key, userId, amount, currency, description }) {
      const { changes } = await ledger.post(tx, {
        key: `adjust:${key}`,
        type: 'adjustment',
        description,
        paymentMethod: 'wallet',
        legs: [
          { account: userAccount(userId, currency), amount },
          { account: { kind: 'system', ownerId: 'adjustments', currency }, amount: -amount },
        ],
      });
      for (const change of changes) announceBalance(tx, change, 'adjustment');
      return changes[0];
    },
  };
}

const holdKey = (key: string): string => `hold:${key}`;
const holdAccount = (ownerId: string, currency: string): AccountRef => ({ kind: 'hold', ownerId, currency });
