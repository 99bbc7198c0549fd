import type { DifferenceKind } from '@tidings/contracts';
import { newId, type Mongo } from '@tidings/platform';
import { walletModels, type ListedPayment, type PaymentProvider, type TopUpDocument } from '../wallet/index.js';
import type { DifferenceDocument, OurSide, ReconciliationDocument, ReconciliationModels, TheirSide } from './reconciliation.model.js';

export interface Compared {
  attempt: string;
  payments: number;
  topUps: number;
  differences: number;
}

const batchSize = 200;
/** The two clocks differ, and a payment is credited some time after it was made: a neighbour's payments are looked at, too, not reported. */
const marginMs = 86_400_000;

/**
 * Compares what the provider lists in `[from, to)` with what the ledger has of it, a page at a time: first from their side, then from ours.
 * What it finds is stored and not open yet.
 * @throws Problem `provider-error`
 */
export async function compare(
  mongo: Pick<Mongo, 'connection'>,
  { differences, seen }: ReconciliationModels,
  run: Pick<ReconciliationDocument, '_id' | 'provider' | 'from' | 'to'>,
  list: NonNullable<PaymentProvider['list']>,
): Promise<Compared> {
  const { provider, from, to } = run;
  const attempt = newId();
  const result: Compared = { attempt, payments: 0, topUps: 0, differences: 0 };
  const { topUps, postings } = walletModels(mongo);

  const found = async (
    kind: DifferenceKind,
    about: string,
    at: Date,
    sides: Pick<DifferenceDocument, 'ours' | 'theirs' | 'topUpId' | 'userId'>,
  ) => {
    const _id = `${run._id}:${kind}:${about}`;
    const difference: DifferenceDocument = { _id, reconciliationId: run._id, attempt, provider, kind, ...sides, at, open: false };
    await differences.replaceOne({ _id }, difference, { upsert: true });
    result.differences++;
  };

  /** What the provider's account in the ledger has of each top-up. */
  const booked = async (rows: readonly TopUpDocument[]): Promise<Map<string, OurSide>> => {
    const sums = await postings.aggregate<{ _id: { topUpId: string; type: string }; sum: number }>([
      { $match: { topUpId: { $in: rows.map(({ _id }) => _id) }, account: { $regex: `^provider:${provider}:` } } },
      { $group: { _id: { topUpId: '$topUpId', type: '$type' }, sum: { $sum: '$amount' } } },
    ]);
    const sumOf = (topUpId: string, type: string) => sums.find(({ _id }) => _id.topUpId === topUpId && _id.type === type)?.sum ?? 0;
    return new Map(
      rows.map(({ _id, status, currency, creditedAt, createdAt }) => [
        _id,
        // What the provider gave us is what its account is down by.
        { status, credited: -sumOf(_id, 'top-up') || 0, refunded: sumOf(_id, 'refund'), currency, at: creditedAt ?? createdAt },
      ]),
    );
  };

  const checkTheirs = async (payments: readonly ListedPayment[]): Promise<void> => {
    const ids = payments.flatMap(({ topUpId }) => topUpId ?? []);
    const refs = payments.map(({ providerRef }) => providerRef);
    const rows = await topUps.find({ provider, $or: [{ _id: { $in: ids } }, { providerRef: { $in: refs } }] }).lean<TopUpDocument[]>();
    const sides = await booked(rows);
    const byRef = new Map(rows.map((row) => [row.providerRef, row]));
    const byId = new Map(rows.map((row) => [row._id, row]));
    /** A second payment of a top-up names it, too, and is another one: what was paid and not credited would be taken for the first. */
    const paidBy = ({ topUpId, providerRef }: ListedPayment): TopUpDocument | undefined => {
      const named = topUpId === undefined ? undefined : byId.get(topUpId);
      return byRef.get(providerRef) ?? (named?.creditedAt && named.providerRef ? undefined : named);
    };
    for (const payment of payments) {
      const { topUpId, ...theirs } = payment;
      const row = paidBy(payment);
      const ours = row && sides.get(row._id);
      if (row) await seen.updateOne({ _id: `${attempt}:${row._id}` }, { $setOnInsert: { attempt, at: new Date() } }, { upsert: true });
      if (theirs.at < from || theirs.at >= to) continue;
      result.payments++;
      const kind = differenceOf(theirs, ours);
      const unknown = topUpId === undefined ? {} : { topUpId };
      const names = row ? { topUpId: row._id, userId: row.userId } : unknown;
      if (kind) await found(kind, theirs.providerRef, theirs.at, { ...names, theirs, ...(ours ? { ours } : {}) });
    }
  };

  const checkOurs = async (rows: readonly TopUpDocument[]): Promise<void> => {
    result.topUps += rows.length;
    const known = await seen.find({ _id: { $in: rows.map(({ _id }) => `${attempt}:${_id}`) } }, { _id: 1 }).lean<{ _id: string }[]>();
    const listed = new Set(known.map(({ _id }) => _id));
    const missing = rows.filter(({ _id }) => !listed.has(`${attempt}:${_id}`));
    const sides = missing.length > 0 ? await booked(missing) : new Map<string, OurSide>();
    for (const { _id: topUpId, userId } of missing) {
      const ours = sides.get(topUpId);
      if (ours && ours.credited > 0) await found('not-at-provider', topUpId, ours.at, { topUpId, userId, ours });
    }
  };

  await inBatches(list({ from: new Date(from.getTime() - marginMs), to: new Date(to.getTime() + marginMs) }), checkTheirs);
  const ours = topUps
    .find({ provider, creditedAt: { $gte: from, $lt: to } })
    .sort({ creditedAt: 1 })
    .lean<TopUpDocument[]>()
    .cursor({ batchSize });
  await inBatches(ours, checkOurs);
  await seen.deleteMany({ attempt });
  return result;
}

function differenceOf(theirs: TheirSide, ours: OurSide | undefined): DifferenceKind | undefined {
  if (!ours || ours.credited === 0) return 'not-credited';
  if (ours.currency !== theirs.currency) return 'currency-differs';
  if (ours.credited !== theirs.amount) return 'amount-differs';
  return ours.refunded === theirs.refunded ? undefined : 'refund-differs';
}

async function inBatches<T>(items: AsyncIterable<T>, work: (batch: readonly T[]) => Promise<void>): Promise<void> {
  let batch: T[] = [];
  for await (const item of items) {
    batch.push(item);
    if (batch.length < batchSize) continue;
    await work(batch);
    batch = [];
  }
  if (batch.length > 0) await work(batch);
}
