import { startClients } from '../clients.js';
import type { Ordered, OrderRequest } from '../payers-process.js';
import { fillWallets, orderAll, sumOf, wrongSums } from '../orders.js';
import { cpuOf, foreign, startChild, type Child } from '../processes.js';
import { createRig, settled, type Rig } from '../rig.js';
import { openStalls } from '../stalls.js';
import { lossesOf, median, percentile, type Row } from '../table.js';

const rate = 100;

/**
 * Everybody orders at one stall: 100 a second at a fixed rate, then as many as it takes. All customers pay over HTTP from two processes; some of them, and the
 * stall's owner, have a screen.
 */
export const hotVendor: Row = async ({ rounds, short, log }) => {
  const [customers, screens, seconds] = short ? [100, 20, 1] : [5_000, 200, 10];
  const rig = await createRig();
  const api = await rig.start('api');
  const relay = await rig.start('event-relay');
  const worker = await rig.start('notification-worker');
  const gateway = await rig.start('socket-gateway');
  const payers = [1, 2].map((number) => startChild({ name: `payers-${number}`, file: './payers-process.js' }));
  const clients = startClients(1, 'hot-vendor');
  const [stall] = await openStalls(rig, api, 1);
  const people = await rig.people(customers);
  await fillWallets(rig, people);
  const { merchant, item, owner } = stall!;
  const connected = [...people.slice(0, screens), owner];
  await clients.connect(
    gateway.port,
    connected.map(({ token }) => ({ token })),
  );
  const followed = [...connected.map(({ id }) => `user:${id}`), `merchant:${merchant.id}`];
  const entriesBefore = await entriesOf(rig, followed);
  const { pid } = await rig.mongo.db.command({ serverStatus: 1 });
  const measured = [api, relay, worker, gateway, ...foreign('mongod', Number(pid)), ...payers];

  const orders = { url: api.url, vendorId: merchant.id, itemId: item.id, seconds };
  const order = (how: Pick<OrderRequest, 'perSecond' | 'abreast'>) => orderAll(payers, people, { ...orders, ...how });
  const all: Ordered[] = [];
  const paced = { p50: [] as number[], p99: [] as number[], rate: [] as number[], conflicts: [] as number[], cores: [] as number[][] };
  const most = { rate: [] as number[], p99: [] as number[], cores: [] as number[][] };
  // Until the code is compiled and the pools are filled.
  all.push(await order({ perSecond: rate }));
  for (let round = 0; round < rounds; round++) {
    await settled(rig);
    const before = await conflictsOf(rig);
    let one = all[0]!;
    paced.cores.push(await coresOf(measured, async () => (one = await order({ perSecond: rate }))));
    paced.conflicts.push((await conflictsOf(rig)) - before);
    paced.rate.push(one.paid / one.seconds);
    paced.p50.push(percentile(one.milliseconds, 0.5));
    paced.p99.push(percentile(one.milliseconds, 0.99));
    all.push(one);
    await settled(rig);
    most.cores.push(await coresOf(measured, async () => (one = await order({ abreast: 32 }))));
    most.rate.push(one.paid / one.seconds);
    most.p99.push(percentile(one.milliseconds, 0.99));
    all.push(one);
    log(
      `hot vendor at ${rate}/s: p50 ${paced.p50.at(-1)!.toFixed(1)} ms, p99 ${paced.p99.at(-1)!.toFixed(1)} ms; at most ${most.rate.at(-1)!.toFixed(0)}/s`,
    );
  }
  const { putOff, cutOff, refused, paid } = sumOf(all);
  await settled(rig);
  const unpaid = refused.length + (await wrongSums(rig, merchant.id, paid));
  await settled(rig); // of the roll-ups
  const expected = (await entriesOf(rig, followed)) - entriesBefore;
  const losses = unpaid + lossesOf(await clients.wait(expected), expected);
  for (const reason of new Set(refused)) log(`refused: ${reason}`);
  for (const child of payers) await child.stop();
  await clients.stop();
  await rig.stop();

  const [p50, p99, reached] = [median(paced.p50), median(paced.p99), median(paced.rate)];
  const cores = (rows: number[][]): string =>
    measured.map(({ name }, at) => `${name} ${median(rows.map((row) => row[at]!)).toFixed(2)}`).join(', ');
  return {
    lines: [
      {
        what: `${rate} orders/s to one vendor from ${customers.toLocaleString('en')} customers`,
        tidings: `${reached.toFixed(0)}/s, p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
        aim: `all paid, none put off, p99 ≤ 50 ms`,
        met: p99 <= 50 && reached >= rate * 0.95 && putOff === 0 && unpaid === 0,
      },
      {
        what: 'orders/s to one vendor at most, 32 at a time',
        tidings: `${median(most.rate).toFixed(0)}/s, p99 ${median(most.p99).toFixed(1)} ms`,
        aim: `≥ ${rate}/s`,
        met: median(most.rate) >= rate,
      },
    ],
    notes: [
      `hot vendor: ${paid} orders paid, ${putOff} put off by a 503 and ${cutOff} cut off (both asked again), ${refused.length} refused; ` +
        `${expected} arrivals at ${connected.length} screens; ${median(paced.conflicts)} write conflicts inside MongoDB in a round at ${rate}/s`,
      `hot vendor at ${rate}/s, cores in use: ${cores(paced.cores)}`,
      `hot vendor at most, cores in use: ${cores(most.cores)}`,
    ],
    losses,
  };
};

async function coresOf(processes: readonly Pick<Child, 'cpu'>[], work: () => Promise<unknown>): Promise<number[]> {
  const start = performance.now();
  const used = await cpuOf(processes, work);
  const seconds = (performance.now() - start) / 1_000;
  return used.map((cpu) => cpu / seconds);
}

/** Since MongoDB started, in all that it does. */
async function conflictsOf({ mongo }: Rig): Promise<number> {
  const { metrics } = await mongo.db.command({ serverStatus: 1 });
  return Number((metrics as { operation: { writeConflicts: number | bigint } }).operation.writeConflicts);
}

const entriesOf = ({ mongo }: Rig, feeds: readonly string[]): Promise<number> =>
  mongo.db.collection('feed_entries').countDocuments({ '_id.feed': { $in: [...feeds] } });
