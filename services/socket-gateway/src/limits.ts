import type { Redis } from '@tidings/platform';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { Problem } from '@tidings/contracts';

export type LimitKind = 'command' | 'subscription' | 'heartbeat' | 'typing' | 'stream' | 'poll';

export interface Limits {
  /** @throws Problem `rate-limited` */
  /** @param who a user's id, or the address of who has not logged in */
  consume(kind: LimitKind, who: string): Promise<void>;
}

/**
 * Per user and minute. Client events are counted across all replicas in Redis; while that is away each replica counts for itself.
 * Heartbeats and subscriptions cost the gateway alone, so each counts its own, ten times as many. Who types does not use up the events with
 * which to send what was typed.
 */
export function createLimits(options: { redis: Redis; prefix: string; perMinute: number }): Limits {
  const { redis, prefix, perMinute } = options;
  const local = (kind: LimitKind, points: number): RateLimiterMemory => new RateLimiterMemory({ keyPrefix: kind, points, duration: 60 });
  const limiters = {
    command: new RateLimiterRedis({
      storeClient: redis,
      keyPrefix: `${prefix}:limit:socket`,
      points: perMinute,
      duration: 60,
      rejectIfRedisNotReady: true,
      insuranceLimiter: local('command', perMinute),
    }),
    subscription: local('subscription', perMinute * 10),
    heartbeat: local('heartbeat', perMinute * 10),
    // One each second is more than any keyboard needs, and each is a message to others.
    typing: local('typing', perMinute),
    stream: local('stream', perMinute * 10),
    poll: local('poll', perMinute * 10),
  };
  return {
    async consume(kind, who) {
      try {
        await limiters[kind].consume(who);
      } catch (refused) {
        if (!(refused instanceof RateLimiterRes)) throw refused;
        const seconds = Math.max(1, Math.ceil(refused.msBeforeNext / 1_000));
        throw new Problem('rate-limited', `Try again in ${seconds} s`, { retryAfterSeconds: seconds });
      }
    },
  };
}
