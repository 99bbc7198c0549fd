import type { AdminTransactionsQuery } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { z } from 'zod';
import { decodeCursor, pageOf } from '../../http/lists.js';
import { walletModels, type TransferDocument } from '../wallet/index.js';
import { within } from './period.js';

export interface Transactions {
  /** Newest first; the transfer's name settles what was written in the same millisecond, as in the reducer of the clients. */
  list(query: AdminTransactionsQuery): Promise<{ page: TransferDocument[]; nextCursor: string | null }>;
}

const placeKey = z.tuple([z.int().min(0).max(8_640_000_000_000_000), z.string().max(300)]);

export function createTransactions(mongo: Mongo): Transactions {
  const { transfers } = walletModels(mongo);
  return {
    async list(query) {
      const { limit, cursor } = query;
      const found = await transfers
        .find({ $and: [transactionFilterOf(query), olderThan(cursor)] })
        .sort({ at: -1, _id: -1 })
        .limit(limit + 1)
        .lean<TransferDocument[]>();
      return pageOf(found, limit, ({ at, _id }) => [at.getTime(), _id]);
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

function olderThan(cursor: string | undefined): Record<string, unknown> {
  const key = decodeCursor(cursor, placeKey);
  if (!key) return {};
  const at = new Date(key[0]);
  return { $or: [{ at: { $lt: at } }, { at, _id: { $lt: key[1] } }] };
}
