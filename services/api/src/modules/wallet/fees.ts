import type { Tx } from '@tidings/feed';
import type { WalletTransaction } from '@tidings/contracts';
import { accountId, type AccountRef, type Ledger } from './ledger.js';
import { announceBalance } from './wallet.events.js';
import type { AccountDocument, WalletModels } from './wallet.model.js';

/** What a user pays to the house. */
export interface Fee {
  /** Names it for ever: a second one with the same key changes nothing. */
  key: string;
  userId: string;
  /** Minor units. */
  amount: number;
  currency: string;
  /** What for: as the user's history says it, and where the house keeps it. */
  type: Extract<WalletTransaction['type'], 'subscription'>;
  /** The house's account. */
  to: string;
  /** For people. */
  description: string;
}

export interface Fees {
  /**
   * Takes it from the user's wallet, and emits `balance-updated`. Answers with the id that the user's history has for it; null when it was paid before.
   * @throws Problem `insufficient-funds`
   */
  charge(tx: Tx, fee: Fee): Promise<string | null>;
  /** Whether the wallet has so much, as the transaction sees it: for who must go on when it has not. */
  covers(tx: Tx, fee: Pick<Fee, 'userId' | 'amount' | 'currency'>): Promise<boolean>;
}

export function createFees({ models: { accounts }, ledger }: { models: Pick<WalletModels, 'accounts'>; ledger: Ledger }): Fees {
  const walletOf = ({ userId, currency }: Pick<Fee, 'userId' | 'currency'>): AccountRef => ({ kind: 'user', ownerId: userId, currency });
  return {
    async charge(tx, fee) {
      const { key, type, description, amount, currency, to } = fee;
      const { changes } = await ledger.post(tx, {
        key,
        type,
        description,
        paymentMethod: 'wallet',
        legs: [
          { account: walletOf(fee), amount: -amount },
          { account: { kind: 'system', ownerId: to, currency }, amount },
        ],
      });
      for (const change of changes) announceBalance(tx, change, type);
      return changes[0]?.posting?._id ?? null;
    },

    async covers(tx, fee) {
      const account = await accounts.findById(accountId(walletOf(fee)), null, { session: tx.session }).lean<AccountDocument>();
      return (account?.balance ?? 0) >= fee.amount;
    },
  };
}
