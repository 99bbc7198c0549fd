import type { Mongo } from '@tidings/platform';
import { waitFor } from '@tidings/testing';

/** Whatever is wrong with the ledger, in words: sums that are not zero, balances that their postings do not explain once rolled up, or below zero. */
export async function ledgerProblems({ db }: Pick<Mongo, 'db'>, books = { accounts: 'accounts', postings: 'postings' }): Promise<string[]> {
  const postings = db.collection(books.postings);
  await waitFor('the roll-ups', async () => (await postings.countDocuments({ pending: true })) === 0);
  const unbalanced = await postings
    .aggregate<{ _id: string; sum: number }>([
      { $group: { _id: '$transferId', sum: { $sum: '$amount' } } },
      { $match: { sum: { $ne: 0 } } },
    ])
    .toArray();
  const byAccount = await postings
    .aggregate<{ _id: string; sum: number }>([{ $group: { _id: '$account', sum: { $sum: '$amount' } } }])
    .toArray();
  const posted = new Map(byAccount.map(({ _id, sum }) => [_id, sum]));
  const accounts = await db.collection<{ _id: string; kind: string; balance: number }>(books.accounts).find().toArray();
  return [
    ...unbalanced.map(({ _id, sum }) => `the transfer ${_id} sums to ${sum}`),
    ...accounts
      .filter(({ _id, balance }) => balance !== (posted.get(_id) ?? 0))
      .map(({ _id, balance }) => `${_id} has ${balance}, its postings ${posted.get(_id)}`),
    ...accounts
      .filter(({ kind, balance }) => (kind === 'user' || kind === 'merchant') && balance < 0)
      .map(({ _id, balance }) => `${_id} has ${balance}`),
  ];
}
