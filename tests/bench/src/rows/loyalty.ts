import { waitFor } from '@tidings/testing';
import { loyaltyAsks, deepSort } from '../loyalty/asks.js';
import { createByAggregation } from '../loyalty/by-aggregation.js';
import { fillBusiness } from '../loyalty/fill.js';
import { measureCold, measureWarm, walk, type Measured } from '../loyalty/measure.js';
import { openBusinesses, openStore, type Store } from '../loyalty/store.js';
import { dayMs, lastMidnight, localDate, windowDays } from '../loyalty/visits.js';
import { get } from '../post.js';
import { median, percentile, type Line, type Row } from '../table.js';

const filled = ['scans', 'interactions', 'points', 'points_transfers', 'points_postings', 'cards', 'loyalty_customers'];
const warmMs = 50;
const coldMs = 300;

/** What a business with many customers looks at, over HTTP, and what adding the scans up for each look would cost. */
export const loyalty: Row = async ({ rounds, short, log }) => {
  const store = await openStore();
  try {
    return await measure(store, { rounds, short, log });
  } finally {
    await store.stop();
  }
};

const measure = async (store: Store, { rounds, short, log }: Parameters<Row>[0]): ReturnType<Row> => {
  const [customers, scans, others, times] = short ? [2_000, 20_000, 2, 8] : [100_000, 1_000_000, 20, 200];
  const { rig } = store;
  const until = lastMidnight(Date.now());
  const [member] = await rig.people(1);
  const maker = await store.api();
  const businesses = await openBusinesses(rig, maker, member!, others + 2);
  await maker.stop();

  // Indexes are made over what is there, which takes half the time; the API makes them when it starts.
  for (const name of filled) await rig.mongo.db.collection(name).dropIndexes();
  const started = performance.now();
  const [big, open, ...small] = businesses;
  const size = { until, rolledUp: true };
  const of = await fillBusiness(rig.mongo, big!, { ...size, customers, scans, seed: 1 });
  for (const [index, business] of small.entries())
    await fillBusiness(rig.mongo, business, { ...size, customers: customers / 100, scans: scans / 100, seed: 100 + index });
  // Of this one the product has counted nothing yet: what it makes of it must be what the fill has counted.
  const fresh = await fillBusiness(rig.mongo, open!, {
    ...size,
    rolledUp: false,
    customers: customers / 100,
    scans: scans / 100,
    seed: 50,
  });
  log(`loyalty: filled in ${((performance.now() - started) / 1_000).toFixed(0)} s`);
  const api = await store.api();
  const caller = { api, token: member!.token };
  const stats = await rig.mongo.db.stats();
  log(`loyalty: indexed after ${((performance.now() - started) / 1_000).toFixed(0)} s`);

  const [from, to] = [localDate(until - windowDays * dayMs), localDate(until - 1)];
  const figuresOf = async (merchantId: string) => {
    const { text } = await get(`${api.url}/api/merchants/${merchantId}/analytics?from=${from}&to=${to}`, {
      authorization: `Bearer ${caller.token}`,
    });
    return JSON.parse(text) as { total: { scans: number; enrolled: number; issued: number }; customers: number; outstanding: number };
  };
  await waitFor(
    'the figures to be counted',
    async () => (await rig.mongo.db.collection('interactions').findOne({ pending: true })) === null,
    600_000,
  );
  let losses = 0;
  for (const [{ merchantId }, { counted, userIds, outstanding }] of [
    [big!, of],
    [open!, fresh],
  ] as const) {
    const { total, ...now } = await figuresOf(merchantId);
    for (const name of ['scans', 'enrolled', 'issued'] as const) losses += Math.abs(total[name] - counted.sum(name, from, to));
    losses += Math.abs(now.customers - userIds.length) + Math.abs(now.outstanding - outstanding);
  }

  const base = `/api/merchants/${big!.merchantId}`;
  const pages = Math.floor(customers / 200);
  const cursors = {
    customers: await walk(caller, `${base}/customers?sort=${deepSort}`, pages),
    scans: await walk(caller, `${base}/scans?`, pages),
  };
  const asks = loyaltyAsks({ merchantId: big!.merchantId, userIds: of.userIds, until, cursors });
  const measured = await measureWarm(store, caller, asks, times);
  log('loyalty: measured warm');

  const beside = createByAggregation(rig.mongo, big!.merchantId, until);
  const peers = new Map<string, number>();
  const peer = async (name: string, work: () => Promise<number>, expected: number): Promise<void> => {
    const took: number[] = [];
    for (let round = 0; round <= rounds; round++) {
      const start = performance.now();
      losses += Math.abs((await work()) - expected);
      // The first one only warms.
      if (round > 0) took.push(performance.now() - start);
    }
    peers.set(name, median(took));
  };
  for (const days of [7, 30, 90])
    await peer(`figures of ${days} days`, () => beside.figures(days), of.counted.sum('scans', localDate(until - days * dayMs), to));
  peers.set('figures of 90 days, not in Redis', peers.get('figures of 90 days')!);
  await peer('customers by last-visit', () => beside.customers(), 50);
  log('loyalty: measured the aggregations');

  await measureCold(store, caller, { asks, measured, restarts: short ? 1 : rounds });
  const firsts = [...measured.values()].flatMap(({ cold }) => cold);
  return {
    lines: [...measured].map(([name, one]) => lineOf(name, one, peers.get(name))),
    notes: [
      `loyalty: ${of.userIds.length} customers and ${scans} scans of one business, ${others + 1} businesses of a hundredth beside it; ${stats['objects']} documents, ${gib(stats['dataSize'])} GiB of data, ${gib(stats['indexSize'])} GiB of indexes, 1 GiB of cache`,
      `loyalty: ${times} requests of each kind, one after the other; cold: the first of its kind after each of ${short ? 1 : rounds} restarts of mongod with Redis empty, their median and the slowest, which is judged; the longest answer has ${Math.max(...[...measured.values()].map(({ bytes }) => bytes))} bytes`,
      `loyalty: of all ${firsts.length} such first requests p50 ${median(firsts).toFixed(0)} ms, p95 ${percentile(firsts, 0.95).toFixed(0)} ms`,
      `loyalty: CPU for each warm request, API and mongod: ${[...measured].map(([name, { cpu }]) => `${name} ${cpu.map((ms) => ms.toFixed(1)).join(' and ')}`).join(', ')} ms`,
    ],
    losses,
  };
};

const gib = (bytes: number): string => (bytes / 2 ** 30).toFixed(1);

function lineOf(name: string, { warm, cold }: Measured, peer: number | undefined): Line {
  const [p50, p95, worst] = [median(warm), percentile(warm, 0.95), Math.max(...cold)];
  return {
    what: name,
    tidings: `p50 ${p50.toFixed(1)} ms, p95 ${p95.toFixed(1)} ms, cold ${median(cold).toFixed(0)} to ${worst.toFixed(0)} ms`,
    ...(peer === undefined ? {} : { peer: `${peer.toFixed(0)} ms, added up`, ratio: `${(peer / p50).toFixed(0)}×` }),
    aim: `p95 ≤ ${warmMs} ms, cold ≤ ${coldMs} ms`,
    met: p95 <= warmMs && worst <= coldMs,
  };
}
