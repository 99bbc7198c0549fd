import { expect } from '@jest/globals';
import type { Mongo } from '@tidings/platform';

/** What MongoDB noted of one query. */
interface Noted {
  ns: string;
  op: string;
  ts: Date;
  command: object;
  planSummary: string;
  hasSortStage?: boolean;
  docsExamined: number;
  keysExamined: number;
  nreturned: number;
}

/** Ends of ranges, of which one query may have two. */
const ends = 2;

/**
 * By MongoDB’s own profile of `work`: no query of these collections read more than it gave plus a constant, sorted by itself,
 * or read a collection from one end to the other.
 */
export async function expectFrugal({ db }: Mongo, collections: readonly string[], work: () => Promise<unknown>): Promise<void> {
  const from = new Date();
  await db.command({ profile: 2 });
  try {
    await work();
  } finally {
    await db.command({ profile: 0 });
  }
  const noted = await db
    .collection<Noted>('system.profile')
    .find({ ns: { $in: collections.map((name) => `${db.databaseName}.${name}`) }, op: { $in: ['query', 'command'] }, ts: { $gte: from } })
    .toArray();
  expect(noted.length).toBeGreaterThan(0);
  // A look by ids seeks each of its keys.
  const keysOf = ({ planSummary, nreturned }: Noted): number =>
    planSummary === 'IXSCAN { _id: 1 }' ? 2 * nreturned + ends : nreturned + ends;
  const spent = noted.filter(
    (one) =>
      one.hasSortStage === true || one.planSummary === 'COLLSCAN' || one.docsExamined > one.nreturned || one.keysExamined > keysOf(one),
  );
  expect(
    spent.map(({ command, planSummary, docsExamined, keysExamined }) => ({ command, planSummary, docsExamined, keysExamined })),
  ).toEqual([]);
}
