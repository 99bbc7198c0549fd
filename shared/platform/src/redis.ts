import { Redis, type RedisOptions } from 'ioredis';
import type { Logger } from './logger.js';
import { maskUrl } from './mongo.js';

export { Redis };

/** Makes it end when it is told to, with its duplicates: BullMQ waits for the end of connections that it duplicates from a given one. */
function ending(redis: Redis): Redis {
  const duplicates: Redis[] = [];
  const disconnect = redis.disconnect.bind(redis);
  const duplicate = redis.duplicate.bind(redis);
  Object.assign(redis, {
    disconnect(reconnect = false): void {
      // Between two attempts nothing is open, as in one that was not begun. Without this ioredis leaves it there and never says that it ended.
      if (!reconnect && redis.status === 'reconnecting') redis.status = 'wait';
      disconnect(reconnect);
      if (!reconnect) for (const other of duplicates) other.disconnect();
    },
    duplicate(options?: Partial<RedisOptions>): Redis {
      const other = ending(duplicate(options));
      duplicates.push(other);
      return other;
    },
  });
  return redis;
}

/**
 * A connection that comes back by itself. Commands given while it is away wait for it (`waiting: true`: BullMQ and subscribers need that)
 * or fail at once, so that nobody hangs on a Redis that is down. One that is up and does not answer fails its commands after
 * `commandTimeoutMs` (2 s unless given), and counts as down from then on. `disconnect` ends it for good, wherever it is, and its duplicates.
 */
export function createRedis(url: string, options: { name: string; waiting?: boolean; commandTimeoutMs?: number; logger?: Logger }): Redis {
  const { commandTimeoutMs = 2_000 } = options;
  const connection = new Redis(url, {
    connectionName: `tidings:${options.name}`,
    maxRetriesPerRequest: options.waiting ? null : 1,
    enableOfflineQueue: options.waiting ?? false,
    retryStrategy: (attempt) => Math.min(50 * attempt, 1_000),
    connectTimeout: 3_000,
    // Blocking commands are silent on purpose, so only those who do not wait may take silence for an end.
    ...(options.waiting ? {} : { commandTimeout: commandTimeoutMs, socketTimeout: commandTimeoutMs }),
  });
  const redis = ending(connection);
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
