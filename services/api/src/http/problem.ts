import { Problem, type ErrorCode } from '@tidings/contracts';
import { newId, type Logger } from '@tidings/platform';
import type { ErrorRequestHandler, Response } from 'express';
import { requestState } from './request-state.js';

const byStatus: Readonly<Record<number, ErrorCode>> = { 413: 'payload-too-large', 415: 'unsupported-media-type' };
/** The driver's errors that mean: no database now, or it is changing its primary. */
const away = new Set([
  'MongoServerSelectionError',
  'MongoNetworkError',
  'MongoNetworkTimeoutError',
  'MongoPoolClearedError',
  'MongoWaitQueueTimeoutError',
  'MongoNotConnectedError',
  'MongoTopologyClosedError',
]);

/** What a client is told of an error. Whatever is not known here is a fault of ours: 500, with an id that the log has too. */
export function toProblem(error: unknown, log: (errorId: string) => void): Problem {
  if (error instanceof Problem) return error;
  const { status, expose, name } = error as { status?: unknown; expose?: unknown; name?: unknown };
  // body-parser and the router name their refusals by a status; their texts are meant for clients when `expose` says so.
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new Problem(
      byStatus[status] ?? 'bad-request',
      expose === true && error instanceof Error ? error.message.slice(0, 200) : undefined,
      { cause: error },
    );
  }
  if (typeof name === 'string' && away.has(name)) return new Problem('unavailable', undefined, { cause: error, retryAfterSeconds: 1 });
  const errorId = newId();
  log(errorId);
  return new Problem('internal', undefined, { cause: error, errorId });
}

export function sendProblem(res: Response, problem: Problem): void {
  const { retryAfterSeconds } = problem.extra;
  if (retryAfterSeconds) res.setHeader('Retry-After', String(retryAfterSeconds));
  if (problem.status === 401)
    res.setHeader('WWW-Authenticate', problem.code === 'token-expired' ? 'Bearer error="invalid_token"' : 'Bearer');
  res.setHeader('Cache-Control', 'no-store');
  res.status(problem.status).type('application/problem+json').send(JSON.stringify(problem.toBody()));
}

/** The last middleware: every error leaves as a problem (RFC 9457). */
export function problems(logger: Logger): ErrorRequestHandler {
  return (error: unknown, req, res, next) => {
    if (res.headersSent) return next(error);
    const problem = toProblem(error, (errorId) => logger.error({ err: error, errorId, requestId: requestState(req).id }, 'Request failed'));
    return sendProblem(res, problem);
  };
}
