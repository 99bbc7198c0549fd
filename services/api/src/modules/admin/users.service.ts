import {
  Problem,
  type Account,
  type Adjustment,
  type AdjustmentInput,
  type Principal,
  type UserDetail,
  type UsersQuery,
} from '@tidings/contracts';
import { auditRead, type Tx } from '@tidings/feed';
import { newId, type Mongo } from '@tidings/platform';
import { presentPage } from '../../http/lists.js';
import type { AdjustmentLimit } from './adjustment-limit.js';
import { presentAccount, presentSession, type Directory, type IdentityModule } from '../identity/index.js';
import { presentWallet, type Wallet } from '../wallet/index.js';

export interface Users {
  /** Newest first. */
  list(query: UsersQuery): Promise<{ items: Account[]; nextCursor: string | null }>;
  /** @throws Problem `not-found` */
  detail(caller: Principal, id: string): Promise<UserDetail>;
  /**
   * Gives or takes money, and emits `balance-updated` and `balance-adjusted`.
   * @throws Problem `not-found`; `forbidden` for the own wallet, and above the limit; `insufficient-funds` when more is taken than is there
   */
  adjust(tx: Tx, caller: Principal, userId: string, input: AdjustmentInput): Promise<Adjustment>;
}

const shownSessions = 50;

export function createUsers(options: {
  mongo: Mongo;
  directory: Directory;
  sessions: IdentityModule['sessions'];
  wallet: Wallet;
  defaultCurrency: string;
  assertWithinLimit: AdjustmentLimit;
}): Users {
  const { mongo, directory, sessions, wallet, defaultCurrency, assertWithinLimit } = options;
  return {
    async list(query) {
      return presentPage(await directory.list(query), presentAccount);
    },

    async detail(caller, id) {
      const user = await directory.get(id);
      if (id !== caller.userId) await auditRead(mongo, caller, { action: 'user.look', target: `user:${id}` });
      const [wallets, { page }] = await Promise.all([wallet.balances(id), sessions.listLive(id, { limit: shownSessions })]);
      return {
        ...presentAccount(user),
        wallets: wallets.map(presentWallet),
        sessions: page.map((session) => presentSession(session, caller.sessionId)),
      };
    },

    async adjust(tx, caller, userId, { amount, currency = defaultCurrency, reason }) {
      if (userId === caller.userId) throw new Problem('forbidden', 'Nobody adjusts their own balance');
      await directory.get(userId, tx);
      await assertWithinLimit(tx, caller, { userId, amount, currency });
      const id = newId();
      const change = await wallet.adjust(tx, { key: id, userId, amount, currency, description: reason });
      if (!change?.posting) throw new Error(`The adjustment ${id} moved nothing`);
      const fact = { userId, amount, currency, newBalance: change.newBalance, reason, transactionId: change.posting._id };
      tx.emit('balance-adjusted', fact, { userId });
      await tx.audit({
        action: 'balance.adjust',
        target: `user:${userId}`,
        details: { amount, currency, reason, transactionId: fact.transactionId },
        before: { balance: fact.newBalance - amount, currency },
        after: { balance: fact.newBalance, currency },
      });
      return { id, ...fact, createdAt: tx.now.toISOString() };
    },
  };
}
