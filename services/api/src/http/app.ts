import { Problem } from '@tidings/contracts';
import cors from 'cors';
import express, { type Express } from 'express';
import helmet from 'helmet';
import type { Context } from '../context.js';
import { accessLog } from './access-log.js';
import { readToken } from './authenticate.js';
import type { RouteBinding } from './bind.js';
import { docs } from './docs.js';
import { problems } from './problem.js';
import { createRateLimits } from './rate-limit.js';
import { requestState } from './request-state.js';
import { createRouter } from './router.js';

const exposed = [
  'Tidings-Events',
  'Tidings-Cursor',
  'ETag',
  'RateLimit-Limit',
  'RateLimit-Remaining',
  'RateLimit-Reset',
  'Retry-After',
  'X-Request-Id',
];

/** The Express application around the routes of all modules. `start` makes its indexes. */
export function createApp(
  context: Context,
  bindings: readonly RouteBinding[],
  isStopping: () => boolean,
): { app: Express; start(): Promise<void> } {
  const { config, logger, metrics, tokens, keyring, redis } = context;
  const limits = createRateLimits(redis, config);
  const routes = createRouter(context, bindings, limits);
  const app = express();
  app.disable('x-powered-by');
  app.set('trust proxy', config.TRUST_PROXY);
  // Nested query objects are how operators get into a filter; a doubled name becomes an array, which is refused.
  app.set('query parser', 'simple');
  // Express's hash of the body would differ with nothing but time; resources have a version of their own.
  app.set('etag', false);

  app.use(accessLog(logger, metrics));
  app.use(helmet({ contentSecurityPolicy: { directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] }, useDefaults: false } }));
  app.use(cors({ origin: allowedOrigins(config), credentials: true, exposedHeaders: exposed, maxAge: 600 }));
  app.use((_req, res, next) => {
    if (isStopping()) res.setHeader('Connection', 'close');
    next();
  });
  app.use(docs());
  app.use('/api', async (req, res, next) => {
    await readToken(req, { tokens, keyring });
    const { userId } = requestState(req);
    await limits.request(userId === undefined ? `ip:${req.ip}` : `user:${userId}`, res);
    next();
  });
  app.use(routes.router);
  app.use((req) => {
    throw new Problem('not-found', `There is no ${req.path.slice(0, 200)}`);
  });
  app.use(problems(logger));
  return { app, start: routes.start };
}

/** `CORS_ORIGINS` and our own address; `*` stands for every origin. */
function allowedOrigins({ CORS_ORIGINS, PUBLIC_URL }: Context['config']): true | string[] {
  if (CORS_ORIGINS.includes('*')) return true;
  return [...CORS_ORIGINS, ...(PUBLIC_URL ? [new URL(PUBLIC_URL).origin] : [])];
}
