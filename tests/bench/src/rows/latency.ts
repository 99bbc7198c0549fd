import { createHttp, topUp, waitFor, type Stall } from '@tidings/testing';
import { startClients, type Clients } from '../clients.js';
import { pace } from '../pace.js';
import { post } from '../post.js';
import { cpuOf, foreign } from '../processes.js';
import { createRig, settled, type Person, type Rig, type Service } from '../rig.js';
import { openStalls } from '../stalls.js';
import { lossesOf, median, percentile, type Line, type Row } from '../table.js';

const rates = [50, 200];

/**
 * Customers pay for orders over HTTP, and everybody concerned is connected to one of two gateways. Measured from the commit, by the time that
 * the database wrote into its oplog with it, to the arrival at each client, for every entry that the payments caused. An event's own time
 * is that of its transaction's start, and in a busy API the answer to a commit is read later than clients get the event.
 */
export const latency: Row = async ({ rounds, short, log }) => {
  const [customers, seconds] = short ? [20, 1] : [200, 10];
  const rig = await createRig();
  const api = await rig.start('api');
  const relay = await rig.start('event-relay');
  const worker = await rig.start('notification-worker');
  const gateways = [await rig.start('socket-gateway'), await rig.start('socket-gateway')];
  const clients = startClients(1, 'latency');
  const { people, stalls } = await prepare(rig, api, customers, short ? 4 : 20);
  const connected = [...people, ...stalls.map(({ owner }) => owner)];
  for (const [index, { port }] of gateways.entries()) {
    await clients.connect(
      port,
      connected.filter((_, at) => at % gateways.length === index).map(({ token }) => ({ token })),
    );
  }

  const { pid } = await rig.mongo.db.command({ serverStatus: 1 });
  const processes = [api, relay, worker, ...gateways, ...foreign('mongod', Number(pid))];
  const setting: Setting = { rig, api, clients, people, stalls };
  // Until the code is compiled and the pools are filled: each rate at which it is measured.
  for (const rate of rates) await pay(setting, rate, Math.min(5, seconds));
  const results = rates.map((): Rounds => ({ p50: [], p99: [], arrivals: 0, payments: 0, retries: 0, losses: 0 }));
  const cores: number[][][] = rates.map(() => []);
  for (let round = 0; round < rounds; round++) {
    for (const [index, rate] of rates.entries()) {
      let one: Measured = nothing();
      const start = performance.now();
      const cpu = await cpuOf(processes, async () => (one = await pay(setting, rate, seconds)));
      const wall = (performance.now() - start) / 1_000;
      for (const [at, used] of cpu.entries()) (cores[index]![at] ??= []).push(used / wall);
      const sum = results[index]!;
      results[index] = {
        p50: [...sum.p50, percentile(one.milliseconds, 0.5)],
        p99: [...sum.p99, percentile(one.milliseconds, 0.99)],
        arrivals: sum.arrivals + one.milliseconds.length,
        payments: sum.payments + one.payments,
        retries: sum.retries + one.retries,
        losses: sum.losses + one.losses,
      };
      log(
        `latency at ${rate}/s: p50 ${percentile(one.milliseconds, 0.5).toFixed(1)} ms, p99 ${percentile(one.milliseconds, 0.99).toFixed(1)} ms`,
      );
    }
  }
  await clients.stop();
  await rig.stop();
  return {
    lines: results.map((result, index): Line => {
      const [p50, p99] = [median(result.p50), median(result.p99)];
      return {
        what: `commit → client at ${rates[index]} payments/s, two gateways`,
        tidings: `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`,
        aim: 'p50 ≤ 8 ms, p99 ≤ 25 ms',
        met: p50 <= 8 && p99 <= 25,
      };
    }),
    notes: results.map(
      ({ arrivals, payments, retries }, index) =>
        `latency at ${rates[index]}/s: ${payments} payments, ${arrivals} arrivals, ${retries} payments asked again after a 503; ` +
        `cores in use: ${processes.map(({ name }, at) => `${name} ${median(cores[index]![at]!).toFixed(2)}`).join(', ')}`,
    ),
    losses: results.reduce((sum, { losses }) => sum + losses, 0),
  };
};

interface Setting {
  rig: Rig;
  api: Service;
  clients: Clients;
  people: readonly Person[];
  stalls: readonly Stall[];
}

interface Measured {
  milliseconds: number[];
  payments: number;
  retries: number;
  losses: number;
}

/** The percentiles of each round; the rest is summed. */
interface Rounds extends Omit<Measured, 'milliseconds'> {
  p50: number[];
  p99: number[];
  arrivals: number;
}

const nothing = (): Measured => ({ milliseconds: [], payments: 0, retries: 0, losses: 0 });

/** Customers with money, and merchants with an owner and an item. */
async function prepare(rig: Rig, api: Service, customers: number, merchants: number): Promise<{ people: Person[]; stalls: Stall[] }> {
  const stalls = await openStalls(rig, api, merchants);
  const people = await rig.people(customers);
  for (const { id, token } of people) {
    await topUp(
      { apiUrl: api.url, stripeSecret: rig.stripeSecret },
      { id, email: `${id}@example.com`, name: 'Bench Customer', token, refreshToken: '', http: createHttp(api.url, token) },
      1_000_000,
    );
  }
  await waitFor('the top-ups', async () => (await rig.mongo.db.collection('accounts').countDocuments({ balance: 1_000_000 })) >= customers);
  return { people, stalls };
}

async function pay({ rig, api, clients, people, stalls }: Setting, perSecond: number, seconds: number): Promise<Measured> {
  await settled(rig);
  await clients.reset();
  await clients.record();
  const commitTimes = await watchCommits(rig);
  const payments: Promise<void>[] = [];
  let retries = 0;
  const order = async (index: number): Promise<void> => {
    const stall = stalls[index % stalls.length]!;
    const { token } = people[index % people.length]!;
    const key = `bench-${performance.now()}-${index}`;
    const body = JSON.stringify({ vendorId: stall.merchant.id, items: [{ itemId: stall.item.id, quantity: 1 }] });
    // A machine that is too busy may refuse one, or an idle connection close under it: it is asked again with the same key.
    const ask = () => post(`${api.url}/api/orders`, body, { authorization: `Bearer ${token}`, 'idempotency-key': key });
    let answer = await ask();
    for (; answer.status === 503 || answer.status === 0; answer = await ask()) retries++;
    if (answer.status !== 201) throw new Error(`An order was refused: ${answer.status} ${answer.text}`);
  };
  await pace({
    perSecond,
    seconds,
    emit: (from, to) => {
      for (let index = from; index < to; index++) payments.push(order(index));
    },
  });
  await Promise.all(payments);
  await settled(rig);

  const commits = await commitTimes();
  const connected = new Set([
    ...people.map(({ id }) => `user:${id}`),
    ...stalls.flatMap(({ owner, merchant }) => [`user:${owner.id}`, `merchant:${merchant.id}`]),
  ]);
  const entries = await rig.mongo.db
    .collection('feed_entries')
    .find({ eventId: { $in: [...commits.keys()] } }, { projection: { _id: 1 } })
    .toArray();
  const expected = entries.filter(({ _id }) => connected.has((_id as unknown as { feed: string }).feed)).length;
  const tally = await clients.wait(expected, 5_000);
  const arrivals = await clients.arrivals();
  return {
    milliseconds: arrivals.map(([id, at]) => at - (commits.get(id) ?? Number.NaN)),
    payments: payments.length,
    retries,
    losses: lossesOf(tally, expected),
  };
}

/** Answers, when asked, with the time at which each event since now was committed (`wallTime` of change streams, MongoDB 6). */
async function watchCommits({ mongo }: Rig): Promise<() => Promise<Map<string, number>>> {
  const { operationTime } = await mongo.db.command({ ping: 1 });
  return async () => {
    const stream = mongo.db
      .collection<{ _id: string }>('outbox')
      .watch([{ $match: { operationType: 'insert' } }, { $project: { documentKey: 1, wallTime: 1 } }], {
        startAtOperationTime: operationTime,
      });
    const times = new Map<string, number>();
    for (let change = await stream.tryNext(); change; change = await stream.tryNext()) {
      const { documentKey, wallTime } = change as unknown as { documentKey: { _id: string }; wallTime: Date };
      times.set(documentKey._id, wallTime.getTime());
    }
    await stream.close();
    return times;
  };
}
