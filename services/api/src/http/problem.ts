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
/** The server's own words for that (https://www.mongodb.com/docs/manual/reference/error-codes/), where the driver has not tried again. */
const awayCodes = new Set<unknown>([
  91, // ShutdownInProgress
  189, // PrimarySteppedDown
  10_107, // NotWritablePrimary
  11_600, // InterruptedAtShutdown
  11_602, // InterruptedDueToReplStateChange
  13_435, // NotPrimaryNoSecondaryOk
  13_436, // NotPrimaryOrSecondary
]);
const againLabels = ['RetryableWriteError', 'TransientTransactionError'];

function isAway(error: unknown): boolean {
  if (!(error instanceof Error) || !error.name.startsWith('Mongo')) return false;
  const { code, hasErrorLabel } = error as { code?: unknown; hasErrorLabel?: (label: string) => boolean };
  return away.has(error.name) || awayCodes.has(code) || againLabels.some((label) => hasErrorLabel?.call(error, label));
}

/** What a client is told of an error. Whatever is not known here is a fault of ours: 500, with an id that the log has too. */
export function toProblem(error: unknown, log: (errorId: string) => void): Problem {
  if (error instanceof Problem) return error;
  const { status, expose } = error as { status?: unknown; expose?: unknown };
  // body-parser and the router name their refusals by a status; their texts are meant for clients when `expose` says so.
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return new Problem(
      byStatus[status] ?? 'bad-request',
      expose === true && error instanceof Error ? error.message.slice(0, 200) : undefined,
      { cause: error },
    );
  }
  if (isAway(error)) return new Problem('unavailable', undefined, { cause: error, retryAfterSeconds: 1 });
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
  return (error: unknown, req, res, _next) => {
    if (res.headersSent) {
      // Amid a streamed answer: cut off, so that nobody takes a part for the whole. A client that has gone is no fault.
      if (!isGone(error)) logger.error({ err: error, requestId: requestState(req).id }, 'An answer broke off');
      res.destroy();
      return;
    }
    const problem = toProblem(error, (errorId) => logger.error({ err: error, errorId, requestId: requestState(req).id }, 'Request failed'));
    return sendProblem(res, problem);
  };
}

const isGone = (error: unknown): boolean => (error as { code?: unknown }).code === 'ERR_STREAM_PREMATURE_CLOSE';
