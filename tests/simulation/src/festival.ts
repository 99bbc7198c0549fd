import { setTimeout as pause } from 'node:timers/promises';
import { startCluster } from '@tidings/dev';
import { connectMongo, type Mongo } from '@tidings/platform';
import { createRandom, settled, waitFor } from '@tidings/testing';
import { supervise } from './admin.js';
import { visit } from './guest.js';
import { createMeter, type Meter } from './meter.js';
import { gather, type Counts, type People } from './people.js';
import { createProvider, type Provider } from './provider.js';
import { checkStrangers } from './strangers.js';
import { openKitchen } from './vendor.js';
import { checkMoney, checkOrders, checkReturns, checkScreens } from './verdict.js';

export interface FestivalOptions extends Counts {
  /** How long guests act; what they left open is finished afterwards. */
  seconds: number;
  seed: number;
  /** A guest's pause between two actions, on average. */
  thinkMs?: number;
  mongodbUrl: string;
  redisUrl: string;
  nginxPath: string;
  /** Told of each stage, and how far it has got (0 to 1). */
  onProgress?: (stage: string, share: number) => void;
}

export interface FestivalReport {
  seed: number;
  seconds: number;
  meter: Meter;
  clients: number;
  /** Entries of feeds that clients got. */
  deliveries: number;
  /** Of them those that came after a reconnection, out of the log. */
  replayed: number;
  /** States that were compared with what is fetched, and events that were looked at for strangers. */
  compared: number;
  checked: number;
  /** Empty when everything holds. */
  faults: string[];
}

/** Everybody here has one address, and more to do in a minute than people have. */
const unlimited = {
  LOG_LEVEL: 'warn',
  ACCESS_TOKEN_SECONDS: '86400',
  SOCKET_EVENTS_PER_MINUTE: '1000000',
  HTTP_REQUESTS_PER_MINUTE: '1000000',
  LOGIN_ATTEMPTS_PER_MINUTE: '1000000',
  HEAVY_REQUESTS_PER_MINUTE: '1000000',
  NGINX_REQUESTS_PER_SECOND: '100000',
  NGINX_POLLS_PER_SECOND: '100000',
  NGINX_CONNECTIONS_PER_ADDRESS: '10000',
};
const settleMs = 120_000;

/**
 * A festival on a cluster of its own: 2 replicas of the API and of the gateway, a relay and a worker, behind nginx. Guests act for some seconds, everything
 * open is finished, and then all that happened is judged.
 */
export async function holdFestival(options: FestivalOptions): Promise<FestivalReport> {
  const { seconds, seed, thinkMs = 6_000, mongodbUrl, redisUrl, nginxPath, onProgress = () => undefined, ...counts } = options;
  const meter = createMeter();
  onProgress('starting the cluster', 0);
  const cluster = await startCluster({ api: 2, gateways: 2, mongodbUrl, redisUrl, nginxPath, env: unlimited });
  const mongo = await connectMongo(mongodbUrl);
  let people: People | undefined;
  try {
    const expected = counts.guests + counts.vendors + counts.admins;
    let here = 0;
    const { url } = cluster;
    const onEach = (): void => onProgress('people arrive', ++here / expected);
    people = await gather({ url, admin: cluster.admin, counts, seed, meter, onEach });

    const provider = createProvider({
      url,
      secret: cluster.stripeSecret,
      random: createRandom(seed, 'provider'),
      meter,
      maxDelayMs: 4_000,
    });
    const fair = { vendors: people.vendors, provider, meter };
    const over = new AbortController();
    const kitchens = people.vendors.map((vendor) => openKitchen(vendor, meter).work(over.signal));
    const closed = new AbortController();
    const { guests, admins } = people;
    const visits = [
      ...guests.map((guest) => visit(guest, fair, { thinkMs, over: closed.signal })),
      ...admins.map((admin) => supervise(admin, guests, { meter, pauseMs: thinkMs, over: closed.signal })),
    ];
    const start = performance.now();
    for (let passed = 0; passed < seconds; passed = (performance.now() - start) / 1_000) {
      onProgress('the festival', passed / seconds);
      await pause(Math.min(500, (seconds - passed) * 1_000));
    }
    closed.abort();
    onProgress('what is open is finished', 0);
    await Promise.all(visits);
    await provider.drained();
    over.abort();
    await Promise.all(kitchens);
    onProgress('everything settles', 0.5);
    await settle(mongo, people);
    onProgress('judgement', 0);
    return await judge({ mongo, people, provider, meter, seed, seconds });
  } finally {
    for (const { client } of people ? [...people.guests, ...people.vendors, ...people.admins] : []) client.close();
    await mongo.close();
    await cluster.stop();
  }
}

/** Nothing is under way any more, and every client has all that there is. */
async function settle(mongo: Mongo, { guests, vendors, admins }: People): Promise<void> {
  const { db } = mongo;
  await waitFor(
    'webhooks and roll-ups',
    async () =>
      (await db.collection('webhook_deliveries').countDocuments({ state: { $in: ['received', 'waiting'] } })) === 0 &&
      (await db.collection('postings').countDocuments({ pending: true })) === 0,
    settleMs,
  );
  await settled(mongo);
  for (const { name, client } of [...guests, ...vendors, ...admins]) {
    await waitFor(
      `${name}'s screen`,
      async () => {
        const { heads } = (await client.call('heartbeat')) as { heads: Record<string, number> };
        return Object.entries(heads).every(([feed, head]) => (client.cursors[feed] ?? 0) >= head);
      },
      settleMs,
    );
  }
}

async function judge(options: {
  mongo: Mongo;
  people: People;
  provider: Provider;
  meter: Meter;
  seed: number;
  seconds: number;
}): Promise<FestivalReport> {
  const { mongo, people, provider, meter, seed, seconds } = options;
  const screens = await checkScreens(people);
  const strangers = await checkStrangers(mongo, people);
  const count = (what: string): number => meter.counts.get(what) ?? 0;
  const faults = [
    ...meter.faults,
    ...(await checkMoney(mongo)),
    ...(await checkOrders(mongo, { orders: count('orders'), topUps: count('top-ups') })),
    ...(await checkReturns(mongo, provider.verdicts)),
    ...screens.faults,
    ...strangers.faults,
  ];
  const clients = [...people.guests, ...people.vendors, ...people.admins].map(({ client }) => client);
  let deliveries = 0;
  let replayed = 0;
  for (const { received } of clients) {
    let heads: Record<string, number> = {};
    for (const { type, payload, at } of received) {
      if (type === 'connected') heads = payload['feeds'] as Record<string, number>;
      if (!payload?.meta) continue;
      deliveries++;
      if (payload.meta.seq <= (heads[payload.meta.feed] ?? 0)) replayed++;
      else meter.note('change → screen', at - Date.parse(payload.meta.at));
    }
  }
  return {
    seed,
    seconds,
    meter,
    clients: clients.length,
    deliveries,
    replayed,
    compared: screens.compared,
    checked: strangers.checked,
    faults,
  };
}
