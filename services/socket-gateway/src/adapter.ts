import { createShardedAdapter } from '@socket.io/redis-adapter';
import { createRedis, type Logger, type Redis } from '@tidings/platform';
import type { Namespace } from 'socket.io';
import { createHubs, type Hubs, type HubsOptions } from './hubs.js';

type Adapter = Namespace['adapter'];

/** Goes into `io.adapter(…)`. */
export interface FeedAdapter {
  (namespace: Namespace): Adapter;
  /** The durable part: one hub per feed that clients of this gateway follow. */
  readonly hubs: Hubs;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export type FeedAdapterOptions = HubsOptions;

/**
 * The Redis adapter of this system: rooms whose contents are durable. A feed is a Socket.IO room with a hub beside it. What is addressed to
 * connections (typing, presence, counts) goes through the stock sharded adapter, in static mode (two channels per gateway, whatever the number
 * of clients); what is an entry of a feed goes through the hub, in order and with replay.
 */
export function createFeedAdapter(options: FeedAdapterOptions): FeedAdapter {
  const hubs = createHubs(options);
  const { redisUrl, prefix, logger } = options;
  const publisher = createRedis(redisUrl, { name: 'adapter', logger });
  const subscriber = tolerant(createRedis(redisUrl, { name: 'adapter-subscriber', waiting: true, logger }), logger);
  const stock = createShardedAdapter(publisher, subscriber, { channelPrefix: `${prefix}:io`, subscriptionMode: 'static' });

  // Not an arrow: Socket.IO calls it with `new`.
  const feedAdapter = function feedAdapter(namespace: Namespace): Adapter {
    return stock(namespace) as Adapter;
  };
  return Object.assign(feedAdapter, {
    hubs,
    start: () => hubs.start(),
    async stop() {
      await hubs.stop();
      publisher.disconnect();
      subscriber.disconnect();
    },
  });
}

/** The stock adapter drops the promises of its subscriptions: one that fails when the connection is closed would end the process. */
function tolerant(redis: Redis, logger: Logger): Redis {
  const report = (error: unknown): void => logger.debug({ reason: String(error) }, 'The adapter could not change its subscriptions');
  const subscribe = redis.ssubscribe.bind(redis) as (...channels: string[]) => Promise<unknown>;
  const unsubscribe = redis.sunsubscribe.bind(redis) as (...channels: string[]) => Promise<unknown>;
  const quiet = (call: typeof subscribe) => (channels: string | string[]) => call(...[channels].flat()).catch(report);
  return Object.assign(redis, { ssubscribe: quiet(subscribe), sunsubscribe: quiet(unsubscribe) });
}
