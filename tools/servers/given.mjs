import { reasonOf, SetupError } from './errors.mjs';

const ANSWER_MS = 5_000;

/** The Redis that the environment names, by REDIS_URL or by REDIS_HOST and REDIS_PORT. @param {NodeJS.ProcessEnv} env */
export function givenRedisUrl(env = process.env) {
  if (env['REDIS_URL']) return env['REDIS_URL'];
  if (!env['REDIS_HOST'] && !env['REDIS_PORT']) return undefined;
  return `redis://${env['REDIS_HOST'] || '127.0.0.1'}:${env['REDIS_PORT'] || '6379'}`;
}

/** A server's address without the password. @param {string} url */
export const withoutPassword = (url) => url.replace(/(\/\/[^:@/]*):[^@/]*@/, '$1:***@');

/**
 * @param {string} url
 * @throws SetupError when it does not answer within 5 s or is no replica set
 */
export async function checkMongo(url, answerMs = ANSWER_MS) {
  const { MongoClient } = await import('mongodb');
  const shown = withoutPassword(url);
  /** @type {import('mongodb').Document} */
  let answer;
  try {
    const client = new MongoClient(url, { serverSelectionTimeoutMS: answerMs, connectTimeoutMS: answerMs });
    try {
      answer = await client.db('admin').command({ hello: 1 });
    } finally {
      await client.close();
    }
  } catch (error) {
    throw new SetupError(
      `MongoDB does not answer at MONGODB_URL=${shown} (${reasonOf(error)}). Start it, correct MONGODB_URL, or unset it to have one provided.`,
    );
  }
  if (!answer['setName'] && answer['msg'] !== 'isdbgrid') {
    throw new SetupError(
      `MongoDB at MONGODB_URL=${shown} is not a replica set, and transactions and change streams need one. ` +
        'Start it with --replSet rs0 and run rs.initiate(), or unset MONGODB_URL to have one provided.',
    );
  }
}

/**
 * @param {string} url
 * @throws SetupError when it does not answer within 5 s or is older than Redis 7
 */
export async function checkRedis(url) {
  const { Redis } = await import('ioredis');
  const shown = withoutPassword(url);
  const redis = new Redis(url, { lazyConnect: true, connectTimeout: ANSWER_MS, maxRetriesPerRequest: 0, retryStrategy: () => null });
  /** @type {unknown} */
  let reason; // what `connect` rejects with says only that the connection is closed
  redis.on('error', (error) => (reason = error));
  /** @type {string} */
  let info;
  try {
    await redis.connect();
    info = await redis.info('server');
  } catch (error) {
    throw new SetupError(
      `Redis does not answer at ${shown} (${reasonOf(reason ?? error)}). Start it, correct REDIS_URL, or unset it to have one provided.`,
    );
  } finally {
    redis.disconnect();
  }
  const version = /redis_version:(\S+)/.exec(info)?.[1] ?? 'unknown';
  if (Number.parseInt(version, 10) < 7) throw new SetupError(`Redis at ${shown} is version ${version}; 7 or later is needed.`);
}
