import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster, ClusterProcess } from '@tidings/dev';
import type { ReplicaSet, ServerProcess } from '../../../tools/servers/index.mjs';
import type { Caller } from './caller.js';
import type { Random } from '@tidings/testing';
import type { CommittedEvent, Recorder } from './recorder.js';
import type { Screen } from './verdict-events.js';

/** Everything that can be hit. */
export interface World {
  cluster: Cluster;
  mongo: ReplicaSet;
  redis: ServerProcess;
  recorder: Recorder;
  screens: readonly Screen[];
  caller: Caller;
  random: Random;
}

/** What was under way when it was hit. */
export interface Struck {
  /** What was hit. */
  target: string;
  /** How much work, in words; empty when it hit nothing. */
  hit: string;
  /** Committed by then: they have to reach everybody for the system to be healed. */
  committed: readonly CommittedEvent[];
  /** `performance.now()` */
  at: number;
  /** Brings back what was hit. */
  heal(): Promise<void>;
}

/** Strikes once. When it hit no work in flight, `hit` is empty and it is tried again after healing. */
export type Fault = (world: World) => Promise<Struck>;

const recent = 200;
/** Well below the relay's lease of 3 s. */
const hearingMs = 200;

/** Resolves in the tick in which the recorder hears of the next event: the relay hears of it in the same moment, and is at work on it. */
const nextEvent = ({ recorder }: World, limitMs = 5_000): Promise<void> =>
  new Promise((resolve) => {
    const done = (): void => {
      stop();
      clearTimeout(timer);
      resolve();
    };
    const stop = recorder.onEvent(done);
    const timer = setTimeout(done, limitMs);
  });

/** Events that have not reached every client that follows them, of all clients or those at one gateway: its id begins each `sid`. */
function undelivered({ recorder, screens }: World, at?: string): number {
  let count = 0;
  for (const { client, start } of screens) {
    if (at !== undefined && !client.socket.io.engine?.id?.startsWith(`${at}_`)) continue;
    for (const feed of Object.keys(start)) count += Math.max(0, recorder.feed(feed).length - (client.cursors[feed] ?? 0));
  }
  return count;
}

const urlOf = ({ port }: ClusterProcess): string => `http://127.0.0.1:${port}`;

type Blow = (process: ClusterProcess) => () => Promise<void>;

/** kill -9 now; healed by a restart some time later. */
const kill =
  (random: Random): Blow =>
  (process) => {
    const ended = process.kill();
    return async () => {
      await ended;
      await pause(random.between(200, 1_200));
      await process.restart();
    };
  };

/** SIGSTOP now, SIGCONT after two to four seconds: longer than the relay's lease. */
const suspend =
  (random: Random): Blow =>
  (process) => {
    const paused = process.kill('SIGSTOP');
    return async () => {
      await paused;
      await pause(random.between(2_000, 4_000));
      await process.kill('SIGCONT');
    };
  };

async function strike(
  world: World,
  target: string,
  blow: () => () => Promise<void>,
  measure: (committed: readonly CommittedEvent[]) => Promise<string> | string,
): Promise<Struck> {
  const committed = world.recorder.events.slice(-recent);
  const at = performance.now();
  const heal = blow();
  return { target, committed, at, heal, hit: await measure(committed) };
}

const amount = (count: number, what: string): string => (count > 0 ? `${count} ${what}` : '');
const both = (...parts: string[]): string => parts.filter(Boolean).join(', ');

const api =
  (blowOf: (random: Random) => Blow): Fault =>
  async (world) => {
    const { cluster, caller, random } = world;
    const process = random.pick(cluster.of('api'));
    const url = urlOf(process);
    const giveUpAt = performance.now() + 5_000;
    while (caller.inFlight(url) === 0 && performance.now() < giveUpAt) await pause(1);
    await pause(random.between(0, 8)); // somewhere within the request
    const requests = caller.inFlight(url);
    return strike(
      world,
      process.name,
      () => blowOf(random)(process),
      () => amount(requests, 'requests'),
    );
  };

const relay =
  (blowOf: (random: Random) => Blow): Fault =>
  async (world) => {
    const { cluster, recorder, random } = world;
    const leader = (await cluster.leader()) ?? cluster.of('relay')[0]!;
    await nextEvent(world);
    const struckAt = Date.now();
    return strike(
      world,
      `the leading ${leader.name}`,
      () => blowOf(random)(leader),
      async () => {
        // A busy recorder hears late of what was committed by then; nobody numbers it before the lease has expired.
        await pause(hearingMs);
        const committed = recorder.events.filter(({ committedAt }) => committedAt < struckAt).slice(-recent);
        return amount(await recorder.unnumbered(committed), 'events without a number');
      },
    );
  };

const gateway =
  (blowOf: (random: Random) => Blow): Fault =>
  async (world) => {
    const { cluster, random } = world;
    const gateways = cluster.of('gateway');
    const index = random.between(0, gateways.length - 1);
    const process = gateways[index]!;
    await nextEvent(world);
    const deliveries = undelivered(world, `g${index + 1}`);
    return strike(
      world,
      process.name,
      () => blowOf(random)(process),
      () => amount(deliveries, 'deliveries'),
    );
  };

const worker =
  (blowOf: (random: Random) => Blow): Fault =>
  async (world) => {
    const { cluster, recorder, random } = world;
    const process = random.pick(cluster.of('worker'));
    await nextEvent(world);
    await pause(random.between(0, 15)); // the job comes after the number
    return strike(
      world,
      process.name,
      () => blowOf(random)(process),
      async (committed) => amount(await recorder.unhandled(committed), 'events to notify of'),
    );
  };

const redisEmptied: Fault = async (world) => {
  const { redis, recorder, random } = world;
  await nextEvent(world);
  const deliveries = undelivered(world);
  return strike(
    world,
    'Redis',
    () => {
      const ended = redis.kill();
      return async () => {
        await ended;
        await pause(random.between(200, 1_500));
        await redis.restart();
      };
    },
    async (committed) => both(amount(deliveries, 'deliveries'), amount(await recorder.unhandled(committed), 'events to notify of')),
  );
};

const stepDown: Fault = async (world) => {
  const { mongo, cluster, caller } = world;
  await nextEvent(world);
  const requests = cluster.apiUrls.reduce((sum, url) => sum + caller.inFlight(url), 0);
  const deliveries = undelivered(world);
  return strike(
    world,
    "MongoDB's primary",
    () => {
      const down = mongo.stepDown();
      return async () => {
        await down;
        await mongo.primary();
      };
    },
    () => both(amount(requests, 'requests'), amount(deliveries, 'deliveries')),
  );
};

export const faults: Readonly<Record<string, Fault>> = {
  'api-kill': api(kill),
  'api-pause': api(suspend),
  'relay-kill': relay(kill),
  'relay-pause': relay(suspend),
  'gateway-kill': gateway(kill),
  'gateway-pause': gateway(suspend),
  'worker-kill': worker(kill),
  'worker-pause': worker(suspend),
  'redis-emptied': redisEmptied,
  'mongo-step-down': stepDown,
};

/** Whether what had been committed when it struck has reached every client, and everybody who is to be told. */
export async function isHealed({ recorder, screens }: World, { committed }: Struck): Promise<boolean> {
  const last = new Map<string, number>();
  const ids = new Set(committed.map(({ id }) => id));
  for (const feed of new Set(committed.flatMap(({ feeds }) => feeds.map(({ feed }) => feed))))
    last.set(feed, recorder.feed(feed).findLastIndex(({ id }) => ids.has(id)) + 1);
  for (const { client, start } of screens) {
    for (const feed of Object.keys(start)) if ((client.cursors[feed] ?? 0) < (last.get(feed) ?? 0)) return false;
  }
  return (await recorder.unhandled(committed)) === 0;
}
