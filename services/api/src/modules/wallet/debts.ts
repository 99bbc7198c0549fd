import type { Tx } from '@tidings/feed';
import { accountId, type AccountRef, type BalanceChange, type Ledger } from './ledger.js';
import type { AccountDocument, WalletModels } from './wallet.model.js';

/** Money that has just come into a balance. */
export interface Incoming {
  /** The key of the transfer that brought it. */
  key: string;
  /** Minor units; none where only a claim has ended. */
  amount: number;
}

/**
 * What users and merchants owe stands on `receivable`, below zero: of a disputed or refunded top-up that was spent, of an order's refund that
 * the merchant's balance did not cover. What comes in pays it first, and never more than came in.
 */
export interface Debts {
  /** Minor units; below zero where more was paid than is owed. */
  owed(tx: Tx, owner: AccountRef): Promise<number>;
  /**
   * In the transaction that brings money to a user or a merchant: pays what they owe with it; gives back what they have paid of a claim that
   * has ended. The caller announces the changes.
   */
  settle(tx: Tx, owner: AccountRef, incoming: Incoming): Promise<readonly BalanceChange[]>;
  /** Puts an amount into a balance that its owner owes from then on. The caller announces the changes. */
  lend(tx: Tx, owner: AccountRef, loan: Incoming & { description: string }): Promise<readonly BalanceChange[]>;
}

export function createDebts({ models: { accounts }, ledger }: { models: Pick<WalletModels, 'accounts'>; ledger: Ledger }): Debts {
  const debtOf = (owner: AccountRef): AccountRef => ({ ...owner, kind: 'receivable' });

  const owed: Debts['owed'] = async (tx, owner) => {
    const account = await accounts.findById(accountId(debtOf(owner)), null, { session: tx.session }).lean<AccountDocument>();
    return 0 - (account?.balance ?? 0);
  };

  return {
    owed,

    async lend(tx, owner, { key, amount, description }) {
      const { changes } = await ledger.post(tx, {
        key: `loan:${key}`,
        type: 'debt',
        description,
        paymentMethod: 'wallet',
        legs: [
          { account: debtOf(owner), amount: -amount },
          { account: owner, amount, atOnce: true },
        ],
      });
      return changes;
    },

    async settle(tx, owner, { key, amount }) {
      const paid = Math.min(await owed(tx, owner), amount);
      if (paid === 0) return [];
      const { changes } = await ledger.post(tx, {
        key: `debt:${key}`,
        type: 'debt',
        description: paid > 0 ? 'Paid what was owed' : 'Given back, as it is not owed any more',
        paymentMethod: 'wallet',
        legs: [
          { account: owner, amount: -paid, atOnce: true },
          { account: debtOf(owner), amount: paid },
        ],
      });
      return changes;
    },
  };
}
