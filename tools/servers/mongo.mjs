import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { mongodBinary } from './binaries.mjs';
import { onFreePort, pause, startProcess } from './process.mjs';

/** @typedef {import('./process.mjs').ServerProcess} ServerProcess */

const REPLICA_SET = 'rs0';
const NOT_YET_INITIALIZED = 94;
const PRIMARY_MS = 40_000;

/**
 * A replica set of ours on 127.0.0.1, with a primary: transactions and change streams work.
 * @param {{ dataDir: string, port?: number | undefined, members?: number, log?: import('./binaries.mjs').Log }} options `port` is the first member's; with
 * three members the set survives the loss of one
 * @returns {Promise<{ url: string, members: ServerProcess[], primary(): Promise<ServerProcess>, stepDown(): Promise<void>, stop(): Promise<void> }>} `url`
 * names the database `tidings`
 */
export async function startMongo({ dataDir, port, members: count = 1, log }) {
  const binary = await mongodBinary(log ? { log } : {});
  /** @type {ServerProcess[]} */
  const members = [];
  async function primary() {
    const deadline = Date.now() + PRIMARY_MS;
    for (;;) {
      for (const member of members) {
        if (member.pid !== undefined && (await hello(member.port))?.['isWritablePrimary']) return member;
      }
      if (Date.now() > deadline) throw new Error('The replica set has no primary');
      await pause(50);
    }
  }
  const stop = async () => void (await Promise.all(members.map((member) => member.stop())));
  try {
    for (let index = 0; index < count; index++) {
      members.push(await startMember(binary, count === 1 ? dataDir : join(dataDir, String(index)), index === 0 ? port : undefined));
    }
    await makeReplicaSet(members.map((member) => `127.0.0.1:${member.port}`));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: `mongodb://${members.map((member) => `127.0.0.1:${member.port}`).join(',')}/tidings?replicaSet=${REPLICA_SET}`,
    members,
    stop,
    primary,
    async stepDown() {
      const { port: at } = await primary();
      // `force`: a set of one member steps down too, and elects itself again after the given seconds.
      await withClient(at, (admin) => admin.command({ replSetStepDown: count === 1 ? 1 : 10, secondaryCatchUpPeriodSecs: 0, force: true }));
    },
  };
}

/** @param {string} binary @param {string} dataDir @param {number | undefined} port */
function startMember(binary, dataDir, port) {
  mkdirSync(dataDir, { recursive: true });
  const logFile = join(dataDir, 'mongod.log');
  return onFreePort(port, (chosen) =>
    startProcess({
      name: 'MongoDB',
      binary,
      args: [
        '--dbpath',
        dataDir,
        '--port',
        String(chosen),
        '--bind_ip',
        '127.0.0.1',
        '--replSet',
        REPLICA_SET,
        '--wiredTigerCacheSizeGB',
        '1',
        '--oplogSize',
        '512',
        '--logpath',
        logFile,
        '--quiet',
        // On SIGTERM a primary would look for a successor for 15 s, even when all the others are stopping too.
        '--setParameter',
        'shutdownTimeoutMillisForSignaledShutdown=500',
        // What a killed process had open in a transaction stays locked until the server ends that transaction: by default after 60 to 90 s,
        // in which nobody could pay from the wallets it was changing. Ours last milliseconds.
        '--setParameter',
        'transactionLifetimeLimitSeconds=6',
        // How far back a snapshot may read; ours take seconds. Files of dropped collections stay open as long: in the default 300 s some seventy
        // databases of tests come and go with 300 files each, and past the limit of open files, often 20,000, MongoDB ends itself.
        '--setParameter',
        'minSnapshotHistoryWindowInSeconds=30',
        // A file of metrics for MongoDB's support, written every second.
        '--setParameter',
        'diagnosticDataCollectionEnabled=false',
      ],
      port: chosen,
      logFile,
      ready: async () => (await hello(chosen)) !== undefined,
    }),
  );
}

/**
 * Initiates a new set; one from an earlier run has the ports of then, and gets today's.
 * @param {string[]} hosts
 */
async function makeReplicaSet(hosts) {
  const list = hosts.map((host, index) => ({ _id: index, host }));
  // Elections after 2 s instead of 10: the members share a machine.
  const settings = { electionTimeoutMillis: 2_000, heartbeatIntervalMillis: 500 };
  const first = Number(hosts[0]?.split(':')[1]);
  await withClient(first, async (admin) => {
    try {
      const { config } = await admin.command({ replSetGetConfig: 1 });
      const known = config.members.map((/** @type {{ host: string }} */ member) => member.host);
      if (known.join() !== hosts.join()) {
        await admin.command({ replSetReconfig: { ...config, version: config.version + 1, members: list, settings }, force: true });
      }
    } catch (error) {
      if (/** @type {{ code?: unknown }} */ (error).code !== NOT_YET_INITIALIZED) throw error;
      await admin.command({ replSetInitiate: { _id: REPLICA_SET, members: list, settings } });
    }
  });
  const deadline = Date.now() + PRIMARY_MS;
  for (;;) {
    const answers = await Promise.all(hosts.map((host) => hello(Number(host.split(':')[1]))));
    const ready = answers.every((answer) => answer?.['isWritablePrimary'] || answer?.['secondary']);
    if (ready && answers.some((answer) => answer?.['isWritablePrimary'])) return;
    if (Date.now() > deadline) throw new Error('The replica set got no primary');
    await pause(50);
  }
}

/**
 * @template T
 * @param {number} port
 * @param {(admin: import('mongodb').Db) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function withClient(port, work) {
  const { MongoClient } = await import('mongodb');
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, { serverSelectionTimeoutMS: 5_000 });
  try {
    return await work(client.db('admin'));
  } finally {
    await client.close();
  }
}

/** @param {number} port @returns {Promise<import('mongodb').Document | undefined>} undefined while it does not answer */
async function hello(port) {
  const { MongoClient } = await import('mongodb');
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, {
    serverSelectionTimeoutMS: 500,
    connectTimeoutMS: 500,
  });
  try {
    return await client.db('admin').command({ hello: 1 });
  } catch {
    return undefined;
  } finally {
    await client.close();
  }
}
