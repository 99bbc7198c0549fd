import { setTimeout as pause } from 'node:timers/promises';
import { startCluster } from '@tidings/dev';
import type { ReplicaSet, ServerProcess } from '../../../tools/servers/index.mjs';
import { createCaller } from './caller.js';
import { faults, isHealed, type Struck, type World } from './faults.js';
import { createLoad, type Load } from './load.js';
import { createPeople, openScreens } from './people.js';
import { createRandom, type Random } from '@tidings/testing';
import { openRecorder, type Recorder } from './recorder.js';
import { checkLedger, checkNotifications, checkPromises } from './verdict-domain.js';
import { checkLog, checkScreen, replaysOf, type Screen } from './verdict-events.js';

export interface Report {
  scenario: string;
  seed: number;
  /** In this scenario. */
  events: number;
  clients: number;
  deliveries: number;
  replays: number;
  retries: number;
  target: string;
  /** What was in flight when it struck. */
  hit: string;
  strikes: number;
  healMs: number;
  /** Empty when everything holds. */
  faults: string[];
}

export interface ChaosOptions {
  mongo: ReplicaSet;
  redis: ServerProcess & { url: string };
  /** Clients come through it, as in production. */
  nginxPath: string;
  seed: number;
  /** A database that does not exist yet. */
  database: string;
  customers?: number;
  /** How long the load runs before the strike and after healing, at most. */
  loadMs?: number;
}

export interface Chaos {
  run(scenario: string): Promise<Report>;
  stop(): Promise<void>;
}

const shops = 3;
/** Everybody here has one address, and more to do in a minute than people have. */
const unlimited = {
  LOG_LEVEL: 'warn',
  ACCESS_TOKEN_SECONDS: '86400',
  SOCKET_EVENTS_PER_MINUTE: '1000000',
  HTTP_REQUESTS_PER_MINUTE: '1000000',
  LOGIN_ATTEMPTS_PER_MINUTE: '1000000',
};
const maxStrikes = 12;
const settleMs = 40_000;

export const scenarios = Object.keys(faults);

/** One cluster, its people and their screens, on which any number of scenarios run one after another. What is judged is all that happened since its start. */
export async function startChaos({
  mongo,
  redis,
  nginxPath,
  seed,
  database,
  customers = 16,
  loadMs = 1_500,
}: ChaosOptions): Promise<Chaos> {
  const mongodbUrl = mongo.url.replace(/\/[^/?]*(\?|$)/, `/${database}$1`);
  const closers: (() => Promise<unknown> | void)[] = [];
  const stop = async (): Promise<void> => {
    for (const close of closers.toReversed()) await close();
  };
  try {
    const recorder = await openRecorder(mongodbUrl);
    closers.push(() => recorder.close());
    const cluster = await startCluster({
      api: 2,
      gateways: 2,
      relays: 2,
      workers: 2,
      mongodbUrl,
      redisUrl: redis.url,
      nginxPath,
      env: unlimited,
    });
    closers.push(() => cluster.stop());
    const caller = createCaller(cluster.apiUrls, createRandom(seed, 'caller'));
    const people = await createPeople(caller, cluster.admin, { customers, shops });
    const screens = await openScreens(people, cluster.url);
    closers.push(() => screens.forEach(({ client }) => client.close()));
    const load = createLoad({
      caller,
      people,
      stripeSecret: cluster.stripeSecret,
      random: createRandom(seed, 'load'),
      abreast: 6,
      pauseMs: 40,
    });
    const world = { cluster, mongo, redis, recorder, screens, caller };
    return { run: (scenario) => runScenario({ ...world, random: createRandom(seed, scenario) }, { scenario, seed, load, loadMs }), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function runScenario(world: World, options: { scenario: string; seed: number; load: Load; loadMs: number }): Promise<Report> {
  const { recorder, screens, caller, random } = world;
  const { scenario, seed, load, loadMs } = options;
  const fault = faults[scenario];
  if (!fault) throw new Error(`There is no scenario ${scenario}; there are ${scenarios.join(', ')}`);
  const count = (): { events: number; deliveries: number; replays: number; retries: number } => ({
    events: recorder.events.length,
    deliveries: screens.reduce((sum, { client }) => sum + client.received.filter(({ payload }) => payload?.meta).length, 0),
    replays: screens.reduce((sum, screen) => sum + replaysOf(screen), 0),
    retries: caller.retries,
  });
  const before = count();

  load.start();
  const wandering = wander(screens, random);
  let struck: Struck;
  let strikes = 0;
  let healMs = 0;
  const faultsFound: string[] = [];
  do {
    strikes++;
    await pause(random.between(loadMs / 3, loadMs));
    struck = await fault(world);
    const healing = struck.heal();
    const healed = await until(settleMs, () => isHealed(world, struck));
    healMs = Math.round(performance.now() - struck.at);
    if (!healed) faultsFound.push(`not healed within ${settleMs} ms`);
    await healing;
  } while (struck.hit === '' && strikes < maxStrikes);
  await pause(random.between(loadMs / 3, loadMs));
  await load.stop();
  await wandering.stop();

  if (struck.hit === '') faultsFound.push(`${strikes} strikes hit no work in flight: this run proves nothing`);
  if (!(await until(settleMs, () => isSettled(world)))) faultsFound.push(`not settled within ${settleMs} ms`);
  faultsFound.push(...(await judge(recorder, screens, load)));
  const after = count();
  return {
    scenario,
    seed,
    events: after.events - before.events,
    clients: screens.length,
    deliveries: after.deliveries - before.deliveries,
    replays: after.replays - before.replays,
    retries: after.retries - before.retries,
    target: struck.target,
    hit: struck.hit,
    strikes,
    healMs,
    faults: faultsFound,
  };
}

async function judge(recorder: Recorder, screens: readonly Screen[], load: Load): Promise<string[]> {
  const found = await Promise.all([checkLog(recorder), checkLedger(recorder), checkPromises(recorder, load), checkNotifications(recorder)]);
  return [...found.flat(), ...screens.flatMap((screen) => checkScreen(recorder, screen))];
}

/** Nothing is under way any more, as far as the collections and the clients tell. */
async function isSettled({ recorder, screens }: World): Promise<boolean> {
  const { db, events } = recorder;
  const [stored, pending, due, waiting, untold] = await Promise.all([
    db.collection('outbox').countDocuments(),
    db.collection('outbox').countDocuments({ pending: true }),
    // There is always a next one of those that come by the clock. One that failed when its process or database was away comes again.
    db.collection('jobs').countDocuments({ state: 'due', $or: [{ dueAt: { $lte: new Date() } }, { lastError: { $exists: true } }] }),
    db.collection('postings').countDocuments({ pending: true }),
    // The administrators' feed tells of transfers by the second.
    db.collection('transfers').countDocuments({ untold: true }),
  ]);
  if (stored !== events.length || pending + due + waiting + untold > 0) return false;
  return screens.every(({ client, start }) =>
    Object.keys(start).every((feed) => (client.cursors[feed] ?? 0) >= recorder.feed(feed).length),
  );
}

/** Some clients go away for a while and come back, as phones do. */
function wander(screens: readonly Screen[], random: Random): { stop(): Promise<void> } {
  const over = new AbortController();
  const going = (async () => {
    while (!over.signal.aborted) {
      await pause(random.between(100, 400));
      const { client } = random.pick(screens);
      client.socket.disconnect();
      await pause(random.between(50, 500));
      client.socket.connect();
    }
  })();
  return {
    async stop() {
      over.abort();
      await going;
    },
  };
}

/** False when it did not come true in time. A database that does not answer yet is not yet. */
async function until(limitMs: number, condition: () => Promise<boolean>): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    if (await condition().catch(() => false)) return true;
    if (performance.now() > deadline) return false;
    await pause(20);
  }
}
