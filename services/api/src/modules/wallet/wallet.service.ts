import type { Tx } from '@tidings/feed';
import { after, page, type Page, type PageQuery } from '../../paging.js';
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

export interface Wallet {
  /** An account that nothing has touched yet is empty, at version 0. */
  balance(userId: string, currency?: string): Promise<AccountDocument>;
  /** Newest first. */
  history(userId: string, query: PageQuery & { currency?: string | undefined }): Promise<Page<PostingDocument>>;
  /** Whether the balance covers it as things stand: saves the work of an order that cannot be paid. `charge` decides. */
  covers(tx: Tx, charge: Pick<OrderCharge, 'userId' | 'amount' | 'currency'>): Promise<boolean>;
  /**
   * Moves the price from the customer to the merchant, and emits `balance-updated`.
   * @throws Problem `insufficient-funds`
   */
  charge(tx: Tx, charge: OrderCharge): Promise<void>;
  /**
   * Gives the price back, and emits `payment-refunded` and `balance-updated`; a second time changes nothing.
   * @throws Problem `insufficient-funds` when the merchant's balance does not cover it
   */
  refund(tx: Tx, charge: OrderCharge & { reason: string }): Promise<void>;
}

export function createWallet(options: { models: WalletModels; ledger: Ledger; defaultCurrency: string }): Wallet {
  const { models, ledger, defaultCurrency } = options;
  const { accounts, postings, transfers } = models;
  const owned = (kind: AccountRef['kind'], ownerId: string, currency = defaultCurrency): AccountRef => ({ kind, ownerId, currency });

  return {
    async balance(userId, currency) {
      const ref = owned('user', userId, currency);
      const account = await accounts.findById(accountId(ref)).lean<AccountDocument>();
      return account ?? { _id: accountId(ref), ...ref, balance: 0, held: 0, version: 0 };
    },

    async history(userId, { currency, limit, cursor }) {
      const account = accountId(owned('user', userId, currency));
      const found = await postings
        .find({ account, ...after('at', cursor) })
        .sort({ at: -1, _id: -1 })
        .limit(limit + 1)
        .lean<PostingDocument[]>();
      return page(found, limit, 'at');
    },

    async covers(tx, { userId, amount, currency }) {
      const account = await accounts.findById(accountId(owned('user', userId, currency)), null, { session: tx.session }).lean<AccountDocument>();
      return (account?.balance ?? 0) >= amount;
    },

    async charge(tx, { orderId, userId, merchantId, amount, currency }) {
      const { changes } = await ledger.post(tx, {
        key: `order:${orderId}`,
        kind: 'order',
        paymentMethod: 'wallet',
        reference: { orderId },
        legs: [
          { account: owned('user', userId, currency), amount: -amount },
          { account: owned('merchant', merchantId, currency), amount },
        ],
      });
      announce(tx, changes, 'order');
    },

    async refund(tx, { orderId, userId, merchantId, amount, currency, reason }) {
      const key = `refund:${orderId}`;
      if (await transfers.exists({ _id: key }).session(tx.session)) return;
      const merchant = owned('merchant', merchantId, currency);
      // What the merchant has earned may still wait for a roll-up, this very order's price for one.
      for (let rolled = await ledger.rollUp(tx, accountId(merchant)); rolled; rolled = await ledger.rollUp(tx, accountId(merchant))) {
        announceBalance(tx, rolled.change, 'sales');
      }
      const { changes, postings: written } = await ledger.post(tx, {
        key,
        kind: 'order-refund',
        paymentMethod: 'wallet',
        reference: { orderId },
        legs: [
          { account: owned('user', userId, currency), amount },
          { account: merchant, amount: -amount },
        ],
      });
      tx.emit('payment-refunded', { userId, amount, currency, paymentMethod: 'wallet', transactionId: written[0]!._id, reason }, { userId });
      announce(tx, changes, 'order-refund');
    },
  };
}

function announce(tx: Tx, changes: readonly BalanceChange[], reason: Parameters<typeof announceBalance>[2]): void {
  for (const change of changes) announceBalance(tx, change, reason);
}
