import { createAccess, createFeedLog, createUnitOfWork, ensureFeedIndexes } from '@tidings/feed';
import {
  createJobs,
  createMetrics,
  createRedis,
  createTokens,
  mongoCheck,
  type Config,
  type Logger,
  type Metrics,
  type Mongo,
} from '@tidings/platform';
import type { Express } from 'express';
import type { ApiModule, Context } from './context.js';
import { createApp } from './http/app.js';
import { createKeyring } from './http/keyring.js';
import { createModules } from './modules/index.js';

export interface ApiDeps {
  config: Config;
  mongo: Mongo;
  logger: Logger;
  metrics?: Metrics;
  /** Other modules than the product's, for tests of the HTTP layer. */
  modules?: readonly ((context: Context) => ApiModule)[];
}

export interface Api {
  app: Express;
  context: Context;
  /** For `/readyz`. */
  checks: Readonly<Record<string, () => Promise<unknown>>>;
  /** Indexes, the first administrator, job workers, timers. Call it before the first request. */
  start(): Promise<void>;
  /** Ends the timers and workers. Close the HTTP server between `drain` and this, so that requests in flight are answered. */
  stop(): Promise<void>;
  /** From now on answers close their connections, and `/readyz` fails. */
  drain(): void;
}

/** The domain service: HTTP in, documents and events out. The caller owns `mongo` and the HTTP server. */
export function createApi(deps: ApiDeps): Api {
  const { config, mongo, logger, metrics = createMetrics() } = deps;
  const redis = createRedis(config.REDIS_URL, { name: 'api', logger });
  const jobs = createJobs({ mongo, redisUrl: config.REDIS_URL, prefix: config.REDIS_PREFIX, logger });
  const context: Context = {
    config,
    mongo,
    redis,
    logger,
    metrics,
    jobs,
    tokens: createTokens(config.jwtKeys, config.ACCESS_TOKEN_SECONDS),
    access: createAccess(mongo, { names: true }),
    keyring: createKeyring(mongo),
    unitOfWork: createUnitOfWork({ mongo, jobs }),
    feedLog: createFeedLog(mongo),
  };
  const modules = deps.modules ? deps.modules.map((create) => create(context)) : createModules(context);
  for (const module of modules) {
    for (const [kind, handler] of Object.entries(module.jobs ?? {})) jobs.register(kind, handler);
  }
  let stopping = false;
  const { app, start: startHttp } = createApp(
    context,
    modules.flatMap(({ routes }) => routes),
    () => stopping,
  );

  return {
    app,
    context,
    checks: {
      mongodb: mongoCheck(mongo),
      serving: async () => {
        if (stopping) throw new Error('Stopping');
      },
    },
    async start() {
      await ensureFeedIndexes(mongo);
      await startHttp();
      for (const module of modules) await module.start?.();
      await jobs.start();
    },
    async stop() {
      stopping = true;
      await Promise.all(modules.map(async (module) => module.stop?.()));
      await jobs.stop();
      redis.disconnect();
    },
    drain() {
      stopping = true;
    },
  };
}
