import type { WalletTransaction } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { z } from 'zod';
import { decodeCursor, pageOf } from '../../http/lists.js';
import { accountId, type AccountRef, type BalanceChange, type Ledger } from './ledger.js';
import { announceBalance } from './wallet.events.js';
import type { AccountDocument, PostingDocument, WalletModels } from './wallet.model.js';

/** What an order costs whom, and who gets it. */
export interface OrderCharge {
  orderId: string;
  userId: string;
  merchantId: string;
  /** Minor units. */
  amount: number;
  currency: string;
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
  /** Newest first. */
  history(userId: string, query: HistoryQuery): Promise<{ page: PostingDocument[]; nextCursor: string | null }>;
  /**
   * Moves the price from the customer to the merchant. The caller emits `balance-updated` (`announceBalance`) when its own event, which
   * says what for, is out.
   * @throws Problem `insufficient-funds`
   */
  charge(tx: Tx, charge: OrderCharge): Promise<readonly BalanceChange[]>;
  /**
   * Gives the price back, and emits `payment-refunded` and `balance-updated`; a second time changes nothing.
   * @throws Problem `insufficient-funds` when the merchant's balance does not cover it
   */
  refund(tx: Tx, charge: OrderCharge & { reason: string }): Promise<void>;
}

const versionKey = z.tuple([z.int().min(1)]);

export function createWallet(options: { models: WalletModels; ledger: Ledger; defaultCurrency: string }): Wallet {
  const { models, ledger, defaultCurrency } = options;
  const { accounts, postings, transfers } = models;
  const userAccount = (ownerId: string, currency = defaultCurrency): AccountRef => ({ kind: 'user', ownerId, currency });
  const merchantAccount = (ownerId: string, currency: string): AccountRef => ({ kind: 'merchant', ownerId, currency });

  return {
    async balance(userId, currency) {
      const ref = userAccount(userId, currency);
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

    async charge(tx, { orderId, userId, merchantId, amount, currency }) {
      const { changes } = await ledger.post(tx, {
        key: `order:${orderId}`,
        type: 'payment',
        description: 'Order',
        paymentMethod: 'wallet',
        orderId,
        legs: [
          { account: userAccount(userId, currency), amount: -amount },
          { account: merchantAccount(merchantId, currency), amount },
        ],
      });
      return changes;
    },

    async refund(tx, { orderId, userId, merchantId, amount, currency, reason }) {
      const key = `refund:${orderId}`;
      if (await transfers.exists({ _id: key }).session(tx.session)) return;
      const merchant = merchantAccount(merchantId, currency);
      // What the merchant has earned may still wait for a roll-up, this very order's price for one.
      for (let rolled = await ledger.rollUp(tx, accountId(merchant)); rolled; rolled = await ledger.rollUp(tx, accountId(merchant))) {
        announceBalance(tx, rolled.change, 'sales');
      }
      const { changes } = await ledger.post(tx, {
        key,
        type: 'refund',
        description: 'Order refunded',
        paymentMethod: 'wallet',
        orderId,
        legs: [
          { account: userAccount(userId, currency), amount },
          // Last, as all of this merchant's refunds and roll-ups meet there.
          { account: merchant, amount: -amount },
        ],
      });
      const transactionId = changes[0]?.posting?._id ?? orderId;
      tx.emit('payment-refunded', { userId, amount, currency, paymentMethod: 'wallet', transactionId, orderId, reason }, { userId });
      for (const change of changes) announceBalance(tx, change, 'order-refund');
    },
  };
}
