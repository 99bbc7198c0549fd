import type { AdminTransactionsQuery } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { olderThan, pageByTime, type Paged } from '../../http/lists.js';
import { walletModels, type TransferDocument } from '../wallet/index.js';
import { within } from './period.js';

export interface Transactions {
  /** Newest first; the transfer's name settles what was written in the same millisecond, as in the reducer of the clients. */
  list(query: AdminTransactionsQuery): Promise<Paged<TransferDocument>>;
}

export function createTransactions(mongo: Mongo): Transactions {
  const { transfers } = walletModels(mongo);
  return {
    async list(query) {
      const { limit, cursor } = query;
      const found = await transfers
        .find({ $and: [transactionFilterOf(query), olderThan(cursor, 'at')] })
        .sort({ at: -1, _id: -1 })
        .limit(limit + 1)
        .lean<TransferDocument[]>();
      return pageByTime(found, limit, 'at');
    },
  };
}

/** The same as `isTransactionShown` says of one transaction. */
export function transactionFilterOf(query: Omit<AdminTransactionsQuery, 'limit' | 'cursor'>): Record<string, unknown> {
  const { type, userId, merchantId, paymentMethod, from, to, min, max } = query;
  const equal = Object.entries({ type, userId, merchantId, paymentMethod }).filter(([, value]) => value !== undefined);
  const amount = { ...(min === undefined ? {} : { $gte: min }), ...(max === undefined ? {} : { $lte: max }) };
  return { ...Object.fromEntries(equal), ...within('at', { from, to }), ...(Object.keys(amount).length > 0 ? { amount } : {}) };
}
