import type { Access, FeedLog, UnitOfWork } from '@tidings/feed';
import type { Config, Jobs, Logger, Metrics, Mongo, Redis, Tokens } from '@tidings/platform';
import type { JobHandler } from '@tidings/platform';
import type { RouteBinding } from './http/bind.js';
import type { Keyring } from './http/keyring.js';

/** What every module gets: plain values, made once by `createApi`. */
export interface Context {
  readonly config: Config;
  readonly mongo: Mongo;
  /** Fails at once while Redis is away; nothing that must not be lost may depend on it. */
  readonly redis: Redis;
  readonly logger: Logger;
  readonly tokens: Tokens;
  readonly access: Access;
  /** Of machines, as `access` is of people. */
  readonly keyring: Keyring;
  readonly unitOfWork: UnitOfWork;
  readonly jobs: Jobs;
  readonly feedLog: FeedLog;
  readonly metrics: Metrics;
}

/** One domain, as the server sees it. */
export interface ApiModule {
  readonly routes: readonly RouteBinding[];
  /** By kind. Registered before anything starts. */
  readonly jobs?: Readonly<Record<string, JobHandler>>;
  /** Indexes, seeds, timers. Runs before the first request. */
  start?(): Promise<void>;
  stop?(): Promise<void>;
}
