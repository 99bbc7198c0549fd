import { newId } from '@tidings/platform';
import { waitFor } from '@tidings/testing';
import type { Ordered, OrderRequest } from './payers-process.js';
import type { Child } from './processes.js';
import type { Person, Rig } from './rig.js';

const price = 100;
const purse = 1_000_000;
const currency = 'INR';

/** Money for everybody, as double entry has it, written straight to the database: thousands of top-ups would take minutes. */
export async function fillWallets({ mongo: { db } }: Rig, people: readonly Person[]): Promise<void> {
  const at = new Date();
  const facts = { type: 'top-up', description: 'Top-up', paymentMethod: 'sandbox', currency, at };
  const userAccount = ({ id }: Person): string => `user:${id}:${currency}`;
  await db.collection<{ _id: string }>('transfers').insertMany(people.map(({ id }) => ({ ...facts, _id: `topup:bench-${id}` })));
  await db.collection<{ _id: string }>('postings').insertMany(
    people.flatMap((person) => {
      const posting = { ...facts, transferId: `topup:bench-${person.id}` };
      return [
        { ...posting, _id: newId(), account: userAccount(person), amount: purse, balanceAfter: purse, accountVersion: 1 },
        { ...posting, _id: newId(), account: `provider:sandbox:${currency}`, amount: -purse, pending: true },
      ];
    }),
  );
  await db.collection<{ _id: string }>('accounts').insertMany(
    people.map((person) => {
      const account = { kind: 'user', ownerId: person.id, currency, balance: purse, held: 0, version: 1, lastAt: at };
      return { ...account, _id: userAccount(person) };
    }),
  );
}

/** Each process has its own customers: of one wallet, payments are done one after another. */
export async function orderAll(
  payers: readonly Child[],
  people: readonly Person[],
  request: Omit<OrderRequest, 'tokens'>,
): Promise<Ordered> {
  const { perSecond, abreast = 0, ...rest } = request;
  const share = perSecond === undefined ? { abreast: abreast / payers.length } : { perSecond: perSecond / payers.length };
  const results = await Promise.all(
    payers.map((child, index) =>
      child.request<Ordered>('order', {
        ...rest,
        ...share,
        tokens: people.filter((_, at) => at % payers.length === index).map(({ token }) => token),
      }),
    ),
  );
  return sumOf(results);
}

export function sumOf(results: readonly Ordered[]): Ordered {
  return {
    milliseconds: results.flatMap(({ milliseconds }) => milliseconds),
    paid: results.reduce((sum, { paid }) => sum + paid, 0),
    putOff: results.reduce((sum, { putOff }) => sum + putOff, 0),
    cutOff: results.reduce((sum, { cutOff }) => sum + cutOff, 0),
    refused: results.flatMap(({ refused }) => refused),
    seconds: Math.max(...results.map(({ seconds }) => seconds)),
  };
}

/** Orders that are not stored once, and whatever the merchant did not get of their price. */
export async function wrongSums({ mongo: { db } }: Rig, merchantId: string, paid: number): Promise<number> {
  await waitFor('the roll-ups', async () => (await db.collection('postings').countDocuments({ pending: true })) === 0, 60_000);
  const stored = await db.collection('orders').countDocuments({ vendorId: merchantId });
  const account = await db.collection<{ _id: string; balance: number }>('accounts').findOne({ _id: `merchant:${merchantId}:${currency}` });
  const [sum] = await db
    .collection('postings')
    .aggregate<{ amount: number }>([{ $group: { _id: null, amount: { $sum: '$amount' } } }])
    .toArray();
  return Math.abs(stored - paid) + Math.abs((account?.balance ?? 0) / price - paid) + Math.abs(sum?.amount ?? 0);
}
