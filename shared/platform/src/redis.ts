import { Redis } from 'ioredis';
import type { Logger } from './logger.js';
import { maskUrl } from './mongo.js';

export { Redis };

/**
 * A connection that comes back by itself. Commands given while it is away wait for it (`waiting: true`: BullMQ and subscribers need that)
 * or fail at once, so that nobody hangs on a Redis that is down. One that is up and does not answer fails its commands after
 * `commandTimeoutMs` (2 s unless given), and counts as down from then on.
 */
export function createRedis(url: string, options: { name: string; waiting?: boolean; commandTimeoutMs?: number; logger?: Logger }): Redis {
  const { commandTimeoutMs = 2_000 } = options;
  let over = false;
  const redis = new Redis(url, {
    connectionName: `tidings:${options.name}`,
    maxRetriesPerRequest: options.waiting ? null : 1,
    enableOfflineQueue: options.waiting ?? false,
    // BullMQ duplicates a connection with its options: once this one is closed for good, the duplicates do not go on for ever either.
    retryStrategy: (attempt) => (over ? null : Math.min(50 * attempt, 1_000)),
    connectTimeout: 3_000,
    // Blocking commands are silent on purpose, so only those who do not wait may take silence for an end.
    ...(options.waiting ? {} : { commandTimeout: commandTimeoutMs, socketTimeout: commandTimeoutMs }),
  });
  redis.on('end', () => {
    over = true;
  });
  let lost = false;
  redis.on('error', (error) => {
    if (!lost) options.logger?.warn({ url: maskUrl(url), reason: error.message }, 'Redis cannot be reached; trying again');
    lost = true;
  });
  redis.on('ready', () => {
    if (lost) options.logger?.info('Redis is back');
    lost = false;
  });
  return redis;
}

/**
 * Waits for the first answer, at start.
 * @throws Error with a message for the operator after `timeoutMs`, or when the server is older than Redis 7 (sharded pub/sub)
 */
export async function requireRedis(url: string, timeoutMs = 5_000): Promise<void> {
  const redis = new Redis(url, { lazyConnect: true, retryStrategy: () => null, connectTimeout: timeoutMs, maxRetriesPerRequest: 0 });
  redis.on('error', () => undefined); // connect() reports it
  try {
    await redis.connect();
    const version = /redis_version:(\d+)/.exec(await redis.info('server'))?.[1] ?? '0';
    if (Number(version) < 7) throw new Error(`it is version ${version}, and 7 is needed`);
  } catch (error) {
    throw new Error(
      `Redis at ${maskUrl(url)} cannot be used: ${error instanceof Error ? error.message : String(error)}. Check REDIS_URL.`,
      { cause: error },
    );
  } finally {
    redis.disconnect();
  }
}
