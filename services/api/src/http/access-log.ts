import { newId, type Logger, type Metrics } from '@tidings/platform';
import type { RequestHandler } from 'express';
import { requestState } from './request-state.js';

/** Query parameters whose values must not reach a log. */
const secret = /([?&](?:ticket|token|access_token|refreshToken|code)=)[^&]*/gi;

export const maskSecrets = (url: string): string => url.replace(secret, '$1[masked]');

/**
 * Gives each request an id (the caller's `X-Request-Id` when it is a plain one), and writes one line and two metrics when it ends.
 * Metrics name the route, never the path: paths hold ids, and each would be a series of its own.
 */
export function accessLog(logger: Logger, metrics: Metrics): RequestHandler {
  const requests = metrics.counter('http_requests_total', 'HTTP requests answered', ['route', 'method', 'status']);
  const durations = metrics.histogram('http_request_duration_seconds', 'Time from request to answer', { labels: ['route'] });
  return (req, res, next) => {
    const state = requestState(req);
    const given = req.get('x-request-id');
    state.id = given !== undefined && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : newId();
    res.setHeader('X-Request-Id', state.id);
    const started = performance.now();
    res.once('close', () => {
      const ms = performance.now() - started;
      const route = state.route ?? 'none';
      // 499: the client went away before the answer was complete.
      const status = res.writableFinished ? res.statusCode : 499;
      requests.inc({ route, method: req.method, status: String(status) });
      durations.observe({ route }, ms / 1_000);
      const line = {
        requestId: state.id,
        method: req.method,
        url: maskSecrets(req.originalUrl).slice(0, 500),
        route,
        status,
        ms: Math.round(ms),
        userId: state.userId,
        ip: req.ip,
      };
      logger[status >= 500 ? 'warn' : 'debug'](line, 'Request');
    });
    next();
  };
}
