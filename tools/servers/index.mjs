import { join } from 'node:path';
import { SetupError } from './errors.mjs';
import { checkMongo, checkRedis, givenRedisUrl } from './given.mjs';
import { takeFolder } from './lock.mjs';
import { startMongo } from './mongo.mjs';
import { startRedis } from './redis.mjs';

export { mongodBinary, provideNginx, redisBinary } from './binaries.mjs';
export { SetupError } from './errors.mjs';
export { givenRedisUrl } from './given.mjs';
export { ownerOf } from './lock.mjs';
export { startMongo } from './mongo.mjs';
export { freePort, guard } from './process.mjs';
export { providePython } from './python.mjs';
export { startRedis } from './redis.mjs';

/**
 * MongoDB (a replica set) and Redis: those that the environment names (MONGODB_URL, REDIS_URL or REDIS_HOST and REDIS_PORT), else own ones on free
 * ports of 127.0.0.1 with their data in `dataDir`. Own ones end with `stop()`, and also when this process dies without it.
 * @param {{ dataDir: string, mongo?: boolean, redis?: boolean, persist?: boolean, port?: number | undefined, log?: import('./binaries.mjs').Log }} options
 * `persist`: Redis keeps its data over a restart; `port`: where the product listens, told to whoever starts it twice
 * @returns {Promise<{ mongodbUrl: string, redisUrl: string, stop(): Promise<void> }>} an empty URL for what was not asked for
 * @throws SetupError with what to install or to set
 */
export async function provideServers({ dataDir, mongo = true, redis = true, persist = false, port, log = () => {} }) {
  let mongodbUrl = mongo ? (process.env['MONGODB_URL'] ?? '') : '';
  let redisUrl = redis ? (givenRedisUrl() ?? '') : '';
  if (mongodbUrl) await checkMongo(mongodbUrl);
  if (redisUrl) await checkRedis(redisUrl);

  /** @type {{ stop(): Promise<void> }[]} */
  const own = [];
  let release = () => {};
  /** @type {(more: { mongodbUrl: string }) => void} */
  let tell = () => {};
  const stop = async () => {
    await Promise.all(own.splice(0).map((server) => server.stop()));
    release();
  };
  if ((mongo && !mongodbUrl) || (redis && !redisUrl)) {
    const folder = takeFolder(dataDir, { port });
    if (!folder.taken) {
      const where = folder.owner.port ? `, on port ${folder.owner.port}` : '';
      throw new SetupError(
        `Tidings already runs in this folder (process ${folder.owner.pid}${where}). Stop that one, or give this one its own data with MONGODB_URL and REDIS_URL.`,
      );
    }
    ({ release, tell } = folder);
  }
  try {
    if (mongo && !mongodbUrl) {
      const server = await startMongo({ dataDir: join(dataDir, 'mongo'), log });
      own.push(server);
      mongodbUrl = server.url;
      tell({ mongodbUrl });
      log('MongoDB started');
    }
    if (redis && !redisUrl) {
      const server = await startRedis({ dataDir: join(dataDir, 'redis'), persist, log });
      own.push(server);
      redisUrl = server.url;
      log('Redis started');
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { mongodbUrl, redisUrl, stop };
}
