import { waitFor } from '@tidings/testing';
import { get } from '../post.js';
import type { Service } from '../rig.js';
import { fillBusiness, type Filled } from './fill.js';
import { openBusinesses, type Store } from './store.js';
import { dayMs, localDate, windowDays } from './visits.js';

/** A business with many customers, others beside it, and a member who looks. */
export interface Scene {
  api: Service;
  token: string;
  merchantId: string;
  filled: Filled;
  /** How far what the product counts and answers is from what was filled in. */
  losses: number;
}

interface SceneOptions {
  customers: number;
  scans: number;
  /** Businesses of a hundredth of that size, so that indexes have to choose. */
  others: number;
  /** The end of the last day, milliseconds. */
  until: number;
  log: (line: string) => void;
}

const large = ['scans', 'interactions', 'points', 'points_transfers', 'points_postings', 'cards', 'loyalty_customers'];
const countedMs = 600_000;

export async function openScene(store: Store, { customers, scans, others, until, log }: SceneOptions): Promise<Scene> {
  const { rig } = store;
  const { db } = rig.mongo;
  const [member] = await rig.people(1);
  const maker = await store.api();
  const [big, open, ...small] = await openBusinesses(rig, maker, member!, others + 1);
  await maker.stop();

  // Indexes are made over what is there, which takes half the time; the API makes them when it starts.
  for (const name of large) await db.collection(name).dropIndexes();
  const start = performance.now();
  const seconds = (): string => ((performance.now() - start) / 1_000).toFixed(0);
  const part = { until, customers: customers / 100, scans: scans / 100 };
  const filled = await fillBusiness(rig.mongo, big!, { until, customers, scans, seed: 1, rolledUp: true });
  for (const [index, business] of small.entries()) await fillBusiness(rig.mongo, business, { ...part, seed: 100 + index, rolledUp: true });
  // Of this one the product has counted nothing yet: what it makes of it must be what the fill has counted.
  const uncounted = await fillBusiness(rig.mongo, open!, { ...part, seed: 50, rolledUp: false });
  log(`loyalty: filled after ${seconds()} s`);
  const api = await store.api();
  const token = member!.token;
  await waitFor('the figures to be counted', async () => !(await db.collection('interactions').findOne({ pending: true })), countedMs);
  log(`loyalty: indexed and counted after ${seconds()} s`);

  const { merchantId } = big!;
  const losses = [
    await wrongFigures(api, token, merchantId, filled, until),
    await wrongFigures(api, token, open!.merchantId, uncounted, until),
  ];
  return { api, token, merchantId, filled, losses: losses[0]! + losses[1]! };
}

async function wrongFigures({ url }: Service, token: string, merchantId: string, filled: Filled, until: number): Promise<number> {
  const [from, to] = [localDate(until - windowDays * dayMs), localDate(until - 1)];
  const path = `/api/merchants/${merchantId}/analytics?from=${from}&to=${to}`;
  const { text } = await get(url + path, { authorization: `Bearer ${token}` });
  const { total, customers, outstanding } = JSON.parse(text) as {
    total: Record<'scans' | 'enrolled' | 'issued', number>;
    customers: number;
    outstanding: number;
  };
  const names = ['scans', 'enrolled', 'issued'] as const;
  const wrong = names.map((name) => Math.abs(total[name] - filled.counted.sum(name, from, to)));
  return (
    wrong.reduce((sum, one) => sum + one, 0) + Math.abs(customers - filled.userIds.length) + Math.abs(outstanding - filled.outstanding)
  );
}
