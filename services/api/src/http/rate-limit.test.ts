import { describe, expect, test } from '@jest/globals';
import { createRedis } from '@tidings/platform';
import type { Response } from 'express';
import { createRateLimits } from './rate-limit.js';

describe('rate limits', () => {
  test('hold in each replica while Redis is away', async () => {
    const redis = createRedis('redis://127.0.0.1:1', { name: 'away' });
    const headers = new Map<string, string>();
    const res = { setHeader: (name: string, value: string) => headers.set(name, value) } as unknown as Response;
    const limits = createRateLimits(redis, {
      REDIS_PREFIX: 'test',
      HTTP_REQUESTS_PER_MINUTE: 2,
      LOGIN_ATTEMPTS_PER_MINUTE: 1,
      HEAVY_REQUESTS_PER_MINUTE: 1,
      REHEARSALS_PER_MINUTE: 1,
    });
    await limits.request('user:1', res);
    await limits.request('user:1', res);
    await expect(limits.request('user:1', res)).rejects.toMatchObject({ code: 'rate-limited', extra: { retryAfterSeconds: 60 } });
    expect(Object.fromEntries(headers)).toMatchObject({ 'RateLimit-Limit': '2', 'RateLimit-Remaining': '0' });
    await limits.request('user:2', res);
    await limits.attempt('user:1', res);
    redis.disconnect();
  });
});
