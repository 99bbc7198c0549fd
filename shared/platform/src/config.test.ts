import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, environmentNames, loadConfig } from './config.js';

const enough = { MONGODB_URL: 'mongodb://db/tidings', REDIS_URL: 'redis://redis:6379', JWT_SECRET: 'sixteen characters' };

/** What an operator reads, without the first and the last line. */
function problemsOf(environment: Record<string, string>): string[] {
  try {
    loadConfig(environment);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as Error).message
      .split('\n')
      .slice(1, -1)
      .map((line) => line.replace('  - ', ''));
  }
  return [];
}

describe('the environment', () => {
  test('needs a database, a Redis and a secret, and names all that is missing at once', () => {
    expect(problemsOf({})).toEqual([
      'MONGODB_URL: is required',
      'JWT_SECRET (or JWT_KEYS): is required',
      'REDIS_URL (or REDIS_HOST and REDIS_PORT): is required',
    ]);
    expect(problemsOf(enough)).toEqual([]);
  });

  test.each([
    [{ MONGODB_URL: 'postgres://db' }, 'MONGODB_URL: must begin with mongodb:// or mongodb+srv://'],
    [{ REDIS_URL: 'localhost:6379' }, 'REDIS_URL: must begin with redis:// or rediss://'],
    [{ JWT_SECRET: 'short' }, 'JWT_SECRET: must have at least 16 characters'],
    [{ JWT_KEYS: 'a:short' }, 'JWT_KEYS: must be kid:secret[,kid:secret…], secrets of at least 16 characters'],
    [{ JWT_KEYS: 'a secret without a name' }, 'JWT_KEYS: must be kid:secret[,kid:secret…], secrets of at least 16 characters'],
    [{ JWT_KEYS: 'a:sixteen characters,a:sixteen other ones' }, 'JWT_KEYS: each kid must be there once'],
    [{ DEFAULT_CURRENCY: 'rupees' }, 'DEFAULT_CURRENCY: must be an ISO 4217 code'],
    [{ ADMIN_EMAIL: 'admin@example.com' }, 'ADMIN_EMAIL and ADMIN_PASSWORD: set both or neither'],
    [{ ADMIN_EMAIL: 'admin@example.com', ADMIN_PASSWORD: 'short' }, 'ADMIN_PASSWORD: must have at least 10 characters'],
  ])('refuses %j', (wrong, reason) => {
    expect(problemsOf({ ...enough, ...wrong })).toEqual([reason]);
  });

  test.each([
    ['PORT', '70000'],
    ['PORT', 'http'],
    ['NODE_ENV', 'prod'],
    ['LOG_LEVEL', 'loud'],
    ['GATEWAY_ID', 'g_1'],
    ['REDIS_PREFIX', 'a:b'],
    ['HTTP_REQUESTS_PER_MINUTE', '0'],
    ['SANDBOX_PAYMENTS', 'yes'],
    ['PUBLIC_URL', 'example.com'],
    ['FEED_RETENTION_DAYS', '1.5'],
    ['TRUST_PROXY', 'true'],
    ['TRUST_PROXY', '2'],
    ['TRUST_PROXY', 'loopback,everybody'],
  ])('names %s when it is %s', (name, value) => {
    expect(problemsOf({ ...enough, [name]: value })).toEqual([expect.stringMatching(new RegExp(`^${name}: .`))]);
  });

  test('never shows a secret in a message', () => {
    const environment = {
      JWT_SECRET: 'hunter2',
      ADMIN_EMAIL: 'a@example.com',
      ADMIN_PASSWORD: 'hunter2',
      STRIPE_WEBHOOK_SECRET: 'hunter2',
    };
    expect(problemsOf(environment)).toHaveLength(5);
    expect(problemsOf(environment).join()).not.toContain('hunter2');
  });

  test('takes an empty variable for one that is not set, and defaults for what is not set', () => {
    const config = loadConfig(
      { ...enough, PORT: '', DEFAULT_CURRENCY: '', LOG_LEVEL: 'warn' },
      { LOG_LEVEL: 'debug', DEFAULT_CURRENCY: 'EUR' },
    );
    expect(config).toMatchObject({ PORT: 8000, DEFAULT_CURRENCY: 'EUR', LOG_LEVEL: 'warn', CORS_ORIGINS: ['http://localhost:3000'] });
  });

  test('makes the address of Redis from its parts', () => {
    const { REDIS_URL: _, ...rest } = enough;
    expect(loadConfig({ ...rest, REDIS_HOST: 'cache' }).REDIS_URL).toBe('redis://cache:6379');
    expect(loadConfig({ ...rest, REDIS_HOST: 'cache', REDIS_PORT: '7000' }).REDIS_URL).toBe('redis://cache:7000');
  });

  test('keeps several keys in their order, the first signs, and secrets out of the rest', () => {
    const config = loadConfig({ ...enough, JWT_KEYS: 'new:a secret: with a colon,default:sixteen characters' });
    expect(config.jwtKeys).toEqual([
      { kid: 'new', secret: 'a secret: with a colon' },
      { kid: 'default', secret: 'sixteen characters' },
    ]);
    expect(config).not.toHaveProperty('JWT_KEYS');
    expect(loadConfig(enough).jwtKeys).toEqual([{ kid: 'default', secret: enough.JWT_SECRET }]);
  });

  test.each([
    [{}, true],
    [{ NODE_ENV: 'production' }, false],
    [{ STRIPE_API_KEY: 'sk_test_1' }, false],
    [{ NODE_ENV: 'production', SANDBOX_PAYMENTS: 'true' }, true],
  ])('offers sandbox payments with %j: %s', (environment, expected) => {
    expect(loadConfig({ ...enough, ...environment }).SANDBOX_PAYMENTS).toBe(expected);
  });
});

describe('.env.example', () => {
  const example = readFileSync(join(__dirname, '../../../.env.example'), 'utf8');
  const lines = example.split('\n');

  test('names the variables that are read, each once', () => {
    const named = lines.flatMap((line) => /^(?:# )?([A-Z][A-Z_]+)=/.exec(line)?.[1] ?? []);
    expect(named.toSorted((a, b) => a.localeCompare(b))).toEqual(environmentNames.toSorted((a, b) => a.localeCompare(b)));
  });

  test('says what each is for, on the lines before it', () => {
    const bare = lines.filter(
      (line, index) =>
        /^(?:# )?[A-Z][A-Z_]+=/.test(line) && !/^# ./.test(lines[index - 1] ?? '') && !/^[A-Z# ]+.*=/.test(lines[index - 1] ?? ''),
    );
    expect(bare).toEqual([]);
  });

  test('is a configuration that starts, once its secrets are filled in', () => {
    const set = lines.flatMap((line) => (/^[A-Z]/.test(line) ? [line.split(/=(.*)/s).slice(0, 2)] : []));
    const environment = Object.fromEntries(set) as Record<string, string>;
    expect(problemsOf(environment)).toEqual(['JWT_SECRET (or JWT_KEYS): is required']);
    expect(problemsOf({ ...environment, JWT_SECRET: enough.JWT_SECRET })).toEqual([]);
  });
});
