import { isIP } from 'node:net';
import { z } from 'zod';

const flag = z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1');
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);
/** `zapier:secret,make:secret`: who may post, each with a secret of its own. */
const sources = z
  .string()
  .regex(/^[a-z0-9-]{1,32}:[\x21-\x2b\x2d-\x7e]{16,}(?:,[a-z0-9-]{1,32}:[\x21-\x2b\x2d-\x7e]{16,})*$/, {
    error: 'must be source:secret[,source:secret…], secrets of at least 16 characters without blanks',
  })
  .transform((text): Readonly<Record<string, string>> =>
    Object.fromEntries(text.split(',').map((pair) => [pair.slice(0, pair.indexOf(':')), pair.slice(pair.indexOf(':') + 1)])),
  );
const lines = z
  .string()
  .max(500)
  .regex(/^[^\p{Cc}]*$/u, 'must be one line')
  .transform((text) =>
    text
      .split('|')
      .map((part) => part.trim())
      .filter(Boolean),
  );
const positive = z.coerce.number().int().positive();

const limit = z.int().min(0).nullable();
/** `{"basic":{"price":49900,"items":50}}`: what is not said of a plan is as it comes. Prices in minor units; a limit of null is none. */
const planTerms = z
  .strictObject({ price: z.int().min(1), months: z.int().min(1).max(36), items: limit, programs: limit, staff: limit })
  .partial();
const plans = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'must be JSON' });
      return z.NEVER;
    }
  })
  .pipe(
    z.strictObject({ freeTrial: planTerms.omit({ price: true }), basic: planTerms, premium: planTerms, enterprise: planTerms }).partial(),
  );

/** Names and networks, and no number of hops: the gateway and the API have to come to the same address. */
function isProxyList(value: string): boolean {
  return value.split(',').every((part) => {
    const word = part.trim();
    return ['loopback', 'linklocal', 'uniquelocal'].includes(word) || isIP(word.split('/')[0] ?? '') !== 0;
  });
}

/** Secrets are read apart from the rest, so that the rest can be logged. */
const environmentSchema = z.object({
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8000),
  HOST: z.string().default('0.0.0.0'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  MONGODB_URL: z.string().regex(/^mongodb(\+srv)?:\/\//, 'must begin with mongodb:// or mongodb+srv://'),
  REDIS_URL: z
    .string()
    .regex(/^rediss?:\/\//, 'must begin with redis:// or rediss://')
    .optional(),
  REDIS_HOST: z.string().optional(),
  REDIS_PORT: z.coerce.number().int().min(1).max(65_535).default(6379),
  /** Prefix of every key, queue and channel: two installations may share a Redis. */
  REDIS_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/)
    .default('tidings'),
  JWT_SECRET: z.string().min(16, 'must have at least 16 characters').optional(),
  JWT_KEYS: z.string().optional(),
  ACCESS_TOKEN_SECONDS: positive.default(900),
  REFRESH_TOKEN_DAYS: positive.default(30),
  CORS_ORIGINS: list.default(['http://localhost:3000']),
  DEFAULT_CURRENCY: z
    .string()
    .regex(/^[A-Z]{3}$/, 'must be an ISO 4217 code')
    .default('INR'),
  ADMIN_EMAIL: z.email().optional(),
  ADMIN_PASSWORD: z.string().min(10, 'must have at least 10 characters').optional(),
  STRIPE_API_KEY: z.string().min(1).optional(),
  STRIPE_WEBHOOK_SECRET: z.string().min(8).optional(),
  STRIPE_API_URL: z.url().optional(),
  RAZORPAY_KEY_ID: z.string().min(1).optional(),
  RAZORPAY_KEY_SECRET: z.string().min(1).optional(),
  RAZORPAY_WEBHOOK_SECRET: z.string().min(8).optional(),
  RAZORPAY_API_URL: z.url().optional(),
  ZEFFY_FORM_URL: z.url({ protocol: /^https?$/ }).optional(),
  ZEFFY_WEBHOOK_SECRET: z
    .string()
    .regex(/^whsec_(?:[A-Za-z0-9+/]{4}){4,}(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/, 'must be whsec_ and at least 12 bytes in base64')
    .optional(),
  ZEFFY_SOURCES: sources.default({}),
  CLOUDINARY_API_SECRET: z.string().min(8).optional(),
  /** Logos are read from there alone. */
  CLOUDINARY_DELIVERY_URL: z.url({ protocol: /^https?$/ }).default('https://res.cloudinary.com'),
  SANDBOX_PAYMENTS: flag.optional(),
  /** Minor units, of one payment: what is above it takes a superadmin. */
  REFUND_LIMIT: z.coerce.number().int().min(0).default(1_000_000),
  /** Minor units, of one user in 24 hours, given and taken counted alike: what is above it takes a superadmin. */
  ADJUSTMENT_LIMIT: z.coerce.number().int().min(0).default(1_000_000),
  /** Past these a scan, or points by hand, are refused and administrators are told. */
  SCANS_PER_CUSTOMER_PER_HOUR: positive.default(12),
  SCANS_PER_BUSINESS_PER_MINUTE: positive.default(120),
  POINTS_BY_HAND_PER_DAY: positive.default(1_000_000),
  /** Investments that follow a changed or withdrawn plan in one transaction, and the pause between two of them. */
  PLAN_BATCH_SIZE: positive.max(1_000).default(200),
  PLAN_BATCH_PAUSE_MS: z.coerce.number().int().min(0).max(60_000).default(100),
  /** What differs from the plans that merchants are offered by default. */
  SUBSCRIPTION_PLANS: plans.default({}),
  /** Who issues invoices: name, address, tax number, a line each, parted by `|`. */
  INVOICE_ISSUER: lines.default([]),
  PUBLIC_URL: z.url().optional(),
  API_URL: z.url().optional(),
  /** Names this gateway in `sid`s, so that nginx routes polling sessions to it. */
  GATEWAY_ID: z
    .string()
    .regex(/^[A-Za-z0-9]{1,16}$/)
    .optional(),
  SOCKET_EVENTS_PER_MINUTE: positive.default(60),
  /** Plan streams without a login, at one gateway. */
  ANONYMOUS_STREAMS_PER_ADDRESS: positive.default(200),
  HTTP_REQUESTS_PER_MINUTE: positive.default(600),
  LOGIN_ATTEMPTS_PER_MINUTE: positive.default(10),
  HEAVY_REQUESTS_PER_MINUTE: positive.default(30),
  REHEARSALS_PER_MINUTE: positive.default(6),
  TRUST_PROXY: z
    .string()
    .refine(isProxyList, 'must be a list of loopback, linklocal, uniquelocal, addresses and ranges')
    .default('loopback'),
  FEED_RETENTION_DAYS: positive.default(30),
  USER_FEED_RETENTION_DAYS: positive.default(180),
  OUTBOX_RETENTION_HOURS: positive.default(48),
  DELIVERY_NOTES_DAYS: positive.default(30),
});

/** Every variable that `loadConfig` knows. */
export const environmentNames: readonly string[] = Object.keys(environmentSchema.shape);

export interface SigningKey {
  kid: string;
  secret: string;
}

type Environment = z.output<typeof environmentSchema>;

export interface Config extends Omit<
  Environment,
  'REDIS_URL' | 'REDIS_HOST' | 'REDIS_PORT' | 'JWT_SECRET' | 'JWT_KEYS' | 'SANDBOX_PAYMENTS'
> {
  REDIS_URL: string;
  SANDBOX_PAYMENTS: boolean;
  /** The first signs; all verify. */
  jwtKeys: readonly [SigningKey, ...SigningKey[]];
}

/** A start that was refused: `message` lists each variable at fault, one a line. */
export class ConfigError extends Error {
  constructor(problems: readonly string[]) {
    super(`The configuration is not valid:\n${problems.map((line) => `  - ${line}`).join('\n')}\nSee .env.example for every variable.`);
    this.name = 'ConfigError';
  }
}

/**
 * Reads and checks the environment. This is the only reader of `process.env`.
 * @param defaults stand in for what is not set
 * @throws ConfigError with every fault at once
 */
export function loadConfig(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  defaults: Readonly<Record<string, string>> = {},
): Config {
  const set = Object.entries(environment).filter(([, value]) => value !== undefined && value !== '');
  const given: Record<string, string | undefined> = { ...defaults, ...Object.fromEntries(set) };
  const parsed = environmentSchema.safeParse(given);
  const problems = parsed.success
    ? []
    : parsed.error.issues.map(
        (issue) => `${issue.path.join('.')}: ${given[String(issue.path[0])] === undefined ? 'is required' : issue.message}`,
      );
  const keys = signingKeys(given, problems);
  if (!given['REDIS_URL'] && !given['REDIS_HOST']) problems.push('REDIS_URL (or REDIS_HOST and REDIS_PORT): is required');
  if (Boolean(given['ADMIN_EMAIL']) !== Boolean(given['ADMIN_PASSWORD']))
    problems.push('ADMIN_EMAIL and ADMIN_PASSWORD: set both or neither');
  if (Boolean(given['RAZORPAY_KEY_ID']) !== Boolean(given['RAZORPAY_KEY_SECRET']))
    problems.push('RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET: set both or neither');
  if (!parsed.success || !keys || problems.length > 0) throw new ConfigError(problems);

  const { REDIS_URL, REDIS_HOST, REDIS_PORT, JWT_SECRET: _secret, JWT_KEYS: _keys, SANDBOX_PAYMENTS, ...rest } = parsed.data;
  return {
    ...rest,
    REDIS_URL: REDIS_URL ?? `redis://${REDIS_HOST}:${REDIS_PORT}`,
    // Money from nowhere must be asked for in production, and never stands beside a real provider unasked.
    SANDBOX_PAYMENTS: SANDBOX_PAYMENTS ?? (rest.NODE_ENV !== 'production' && !rest.STRIPE_API_KEY && !rest.RAZORPAY_KEY_ID),
    jwtKeys: keys,
  };
}

function signingKeys(given: Record<string, string | undefined>, problems: string[]): [SigningKey, ...SigningKey[]] | undefined {
  if (given['JWT_KEYS']) {
    const keys = given['JWT_KEYS'].split(',').map((pair) => {
      const at = pair.indexOf(':');
      return { kid: pair.slice(0, Math.max(at, 0)).trim(), secret: pair.slice(at + 1).trim() };
    });
    if (keys.some(({ kid, secret }) => !kid || secret.length < 16))
      problems.push('JWT_KEYS: must be kid:secret[,kid:secret…], secrets of at least 16 characters');
    if (new Set(keys.map(({ kid }) => kid)).size < keys.length) problems.push('JWT_KEYS: each kid must be there once');
    return keys as [SigningKey, ...SigningKey[]];
  }
  if (given['JWT_SECRET']) return [{ kid: 'default', secret: given['JWT_SECRET'] }];
  problems.push('JWT_SECRET (or JWT_KEYS): is required');
  return undefined;
}
