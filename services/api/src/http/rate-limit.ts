import { Problem } from '@tidings/contracts';
import type { Config, Redis } from '@tidings/platform';
import type { Response } from 'express';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';

const windowSeconds = 60;

/** What a route may declare beside the limit of all requests, by user and route. `heavy`: reads a lot; `rehearsal`: makes databases of its own. */
export type OwnLimit = 'heavy' | 'rehearsal';

export interface RateLimits extends Record<OwnLimit, (key: string, res: Response) => Promise<void>> {
  /** Each request to the API, by user or address. Sets the `RateLimit-*` headers. @throws Problem rate-limited */
  request(key: string, res: Response): Promise<void>;
  /** Each webhook, by address: providers send in bursts from few addresses. @throws Problem rate-limited */
  webhook(key: string, res: Response): Promise<void>;
  /** Each attempt at a login and the like, by whom it is about. The headers tell of the tighter limit. @throws Problem rate-limited */
  attempt(key: string, res: Response): Promise<void>;
  /** The same attempts by address, which many people share (a festival's Wi-Fi): ten times as many. @throws Problem rate-limited */
  attemptFrom(key: string, res: Response): Promise<void>;
}

/** Counts in Redis, over all replicas; while Redis is away each replica counts for itself. */
export function createRateLimits(
  redis: Redis,
  config: Pick<
    Config,
    'REDIS_PREFIX' | 'HTTP_REQUESTS_PER_MINUTE' | 'LOGIN_ATTEMPTS_PER_MINUTE' | 'HEAVY_REQUESTS_PER_MINUTE' | 'REHEARSALS_PER_MINUTE'
  >,
): RateLimits {
  const limiter = (name: string, points: number) => {
    const options = { keyPrefix: `${config.REDIS_PREFIX}:limit:${name}`, points, duration: windowSeconds };
    const counter = new RateLimiterRedis({
      ...options,
      storeClient: redis,
      rejectIfRedisNotReady: true,
      insuranceLimiter: new RateLimiterMemory(options),
    });
    return async (key: string, res: Response): Promise<void> => {
      const consumed = await counter.consume(key).catch((refusal: unknown) => {
        if (refusal instanceof RateLimiterRes) return refusal;
        throw refusal;
      });
      const seconds = Math.max(1, Math.ceil(consumed.msBeforeNext / 1_000));
      res.setHeader('RateLimit-Limit', String(points));
      res.setHeader('RateLimit-Remaining', String(Math.max(0, consumed.remainingPoints)));
      res.setHeader('RateLimit-Reset', String(seconds));
      if (consumed.consumedPoints > points)
        throw new Problem('rate-limited', `At most ${points} in ${windowSeconds} s`, { retryAfterSeconds: seconds });
    };
  };
  return {
    request: limiter('http', config.HTTP_REQUESTS_PER_MINUTE),
    webhook: limiter('webhook', config.HTTP_REQUESTS_PER_MINUTE * 10),
    attempt: limiter('attempt', config.LOGIN_ATTEMPTS_PER_MINUTE),
    heavy: limiter('heavy', config.HEAVY_REQUESTS_PER_MINUTE),
    rehearsal: limiter('rehearsal', config.REHEARSALS_PER_MINUTE),
    attemptFrom: limiter('attempt-from', config.LOGIN_ATTEMPTS_PER_MINUTE * 10),
  };
}
