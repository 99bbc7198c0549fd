import { deepSort, loyaltyAsks, type Ask } from '../loyalty/asks.js';
import { createByAggregation } from '../loyalty/by-aggregation.js';
import { measureCold, measureWarm, walk, type Measured } from '../loyalty/measure.js';
import { openScene, type Scene } from '../loyalty/scene.js';
import { openStore, type Store } from '../loyalty/store.js';
import { dayMs, lastMidnight, localDate } from '../loyalty/visits.js';
import { median, percentile, type Line, type Row, type RowOptions, type RowResult } from '../table.js';

const warmMs = 50;
const coldMs = 300;

/** What a business with many customers looks at, over HTTP, and what adding the scans up for each look would take. */
export const loyalty: Row = async (options) => {
  const store = await openStore();
  try {
    return await measure(store, options);
  } finally {
    await store.stop();
  }
};

async function measure(store: Store, { rounds, short, log }: RowOptions): Promise<RowResult> {
  const [customers, scans, others, times] = short ? [2_000, 20_000, 3, 8] : [100_000, 1_000_000, 21, 200];
  const restarts = short ? 1 : rounds;
  const until = lastMidnight(Date.now());
  const scene = await openScene(store, { customers, scans, others, until, log });
  const { userIds } = scene.filled;
  const stats = await store.rig.mongo.db.stats();

  const asks = await asksOf(scene, { until, pages: Math.floor(customers / 200) });
  const measured = await measureWarm(store, scene, asks, times);
  log('loyalty: measured warm');
  const beside = await measureBeside(store, scene, { until, rounds });
  log('loyalty: measured the aggregations');
  await measureCold(store, scene, { asks, measured, restarts });

  const all = [...measured.values()];
  const firsts = all.flatMap(({ cold }) => cold);
  const costs = [...measured].map(([name, { cpu }]) => `${name} ${cpu.map((ms) => ms.toFixed(1)).join(' and ')}`);
  return {
    lines: [...measured].map(([name, one]) => lineOf(name, one, beside.took.get(name))),
    notes: [
      `loyalty: ${userIds.length} customers and ${scans} scans of one business, ${others} businesses of a hundredth beside it; ${stats['objects']} documents, ${gib(stats['dataSize'])} GiB of data, ${gib(stats['indexSize'])} GiB of indexes, 1 GiB of cache`,
      `loyalty: ${times} requests of each kind, one after the other; cold: the first of its kind after each of ${restarts} restarts of mongod with Redis empty, their median and the slowest, which is judged; the longest answer has ${Math.max(...all.map(({ bytes }) => bytes))} bytes`,
      `loyalty: of all ${firsts.length} such first requests p50 ${median(firsts).toFixed(0)} ms, p95 ${percentile(firsts, 0.95).toFixed(0)} ms`,
      `loyalty: CPU for each warm request, API and mongod: ${costs.join(', ')} ms`,
    ],
    losses: scene.losses + beside.losses,
  };
}

async function asksOf(scene: Scene, { until, pages }: { until: number; pages: number }): Promise<Ask[]> {
  const { merchantId, filled } = scene;
  const base = `/api/merchants/${merchantId}`;
  const cursors = {
    customers: await walk(scene, `${base}/customers?sort=${deepSort}`, pages),
    scans: await walk(scene, `${base}/scans?`, pages),
  };
  return loyaltyAsks({ merchantId, userIds: filled.userIds, until, cursors });
}

/** The medians, by the name of what they stand beside; they must find what was filled in, too. */
async function measureBeside(store: Store, { merchantId, filled }: Scene, { until, rounds }: { until: number; rounds: number }) {
  const byAggregation = createByAggregation(store.rig.mongo, merchantId, until);
  const took = new Map<string, number>();
  let losses = 0;
  const measureOne = async (name: string, work: () => Promise<number>, expected: number): Promise<void> => {
    const each: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const start = performance.now();
      losses += Math.abs((await work()) - expected);
      // The first one only warms.
      if (round > 0) each.push(performance.now() - start);
    }
    took.set(name, median(each));
  };
  const last = localDate(until - 1);
  for (const days of [7, 30, 90]) {
    const scans = filled.counted.sum('scans', localDate(until - days * dayMs), last);
    await measureOne(`figures of ${days} days`, () => byAggregation.figures(days), scans);
  }
  took.set('figures of 90 days, not in Redis', took.get('figures of 90 days')!);
  await measureOne('customers by last-visit', () => byAggregation.customers(), 50);
  return { took, losses };
}

const gib = (bytes: number): string => (bytes / 2 ** 30).toFixed(1);

function lineOf(name: string, { warm, cold }: Measured, beside: number | undefined): Line {
  const [p50, p95, worst] = [median(warm), percentile(warm, 0.95), Math.max(...cold)];
  return {
    what: name,
    tidings: `p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms, cold ${median(cold).toFixed(0)} to ${worst.toFixed(0)} ms`,
    ...(beside === undefined ? {} : { peer: `${beside.toFixed(0)} ms, added up`, ratio: `${(beside / p50).toFixed(0)}×` }),
    aim: `p95 ≤ ${warmMs} ms, cold ≤ ${coldMs} ms`,
    met: p95 <= warmMs && worst <= coldMs,
  };
}
