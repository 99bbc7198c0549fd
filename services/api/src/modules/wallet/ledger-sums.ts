import type { Mongo } from '@tidings/platform';
import { accountId, isGuarded } from './ledger.js';
import type { AccountDocument, PostingDocument } from './wallet.model.js';

export interface LedgerSums {
  /** Of all postings, per currency: each must be 0. */
  byCurrency: Record<string, number>;
  /** Transfers whose own postings do not sum to zero: must be empty. */
  unbalancedTransfers: string[];
  /** Accounts whose balance is not the sum of the postings that it includes: must be empty. */
  differing: { account: string; balance: number; posted: number }[];
  /** Accounts of users, merchants and holds below zero: must be empty. */
  negative: string[];
  /** Users whose `held` is not the balance of their `hold` account: must be empty. */
  heldDiffers: string[];
}

/** The collections of a ledger. */
export interface Books {
  accounts: string;
  postings: string;
}

export const moneyBooks: Books = { accounts: 'accounts', postings: 'postings' };

/** Checks a whole ledger at one point in time. It reads every posting: for tests and operators, not for a hot path. */
export async function ledgerSums({ client, db }: Pick<Mongo, 'client' | 'db'>, books = moneyBooks): Promise<LedgerSums> {
  const session = client.startSession({ snapshot: true });
  try {
    const postings = db.collection<PostingDocument>(books.postings, { readConcern: { level: 'snapshot' } });
    const accounts = db.collection<AccountDocument>(books.accounts, { readConcern: { level: 'snapshot' } });
    const included = { $cond: [{ $eq: ['$pending', true] }, 0, '$amount'] };
    const byAccount = await postings
      .aggregate<{ _id: string; posted: number }>([{ $group: { _id: '$account', posted: { $sum: included } } }], { session })
      .toArray();
    const byCurrency = await postings
      .aggregate<{ _id: string; sum: number }>([{ $group: { _id: '$currency', sum: { $sum: '$amount' } } }], { session })
      .toArray();
    const unbalanced = await postings
      .aggregate<{ _id: { transfer: string } }>(
        [
          { $group: { _id: { transfer: '$transferId', currency: '$currency' }, sum: { $sum: '$amount' } } },
          { $match: { sum: { $ne: 0 } } },
        ],
        { session },
      )
      .toArray();
    const stored = await accounts.find({}, { session }).toArray();

    const posted = new Map(byAccount.map((row) => [row._id, row.posted]));
    const balances = new Map(stored.map(({ _id, balance }) => [_id, balance]));
    const differing = [...new Set([...posted.keys(), ...balances.keys()])]
      .map((account) => ({ account, balance: balances.get(account) ?? 0, posted: posted.get(account) ?? 0 }))
      .filter((row) => row.balance !== row.posted);
    return {
      byCurrency: Object.fromEntries(byCurrency.map(({ _id, sum }) => [_id, sum])),
      unbalancedTransfers: unbalanced.map(({ _id }) => _id.transfer),
      differing,
      negative: stored.filter(({ kind, balance }) => isGuarded(kind) && balance < 0).map(({ _id }) => _id),
      heldDiffers: stored
        .filter(
          ({ kind, ownerId, currency, held }) =>
            kind === 'user' && held !== (balances.get(accountId({ kind: 'hold', ownerId, currency })) ?? 0),
        )
        .map(({ _id }) => _id),
    };
  } finally {
    await session.endSession();
  }
}
