import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { allRoutes, badField, badRequest, Problem, type RouteDefinition } from '@tidings/contracts';
import { newId, type Config, type Logger } from '@tidings/platform';
import cors from 'cors';
import helmet from 'helmet';
import type { GatewayMetrics } from '../metrics.js';

export interface Call {
  req: IncomingMessage;
  res: ServerResponse;
  route: RouteDefinition;
  /** As the route's schema gives it. */
  query: unknown;
  /** Asks for the head alone. */
  isHead: boolean;
  address: string;
  /** Answers with a problem, unless there is an answer already. */
  refuse: (problem: Problem) => void;
}

export type Serve = (call: Call) => Promise<void>;

interface HttpOptions {
  /** By the name of the route. */
  serve: Readonly<Record<string, Serve>>;
  origins: readonly string[];
  clientAddress: (remote: string, forwardedFor: string | string[] | undefined) => string;
  isServing: () => boolean;
  logger: Logger;
  metrics: GatewayMetrics;
}

type Handler = (req: IncomingMessage, res: ServerResponse) => boolean;

const ours = allRoutes.filter(({ at }) => at === 'gateway');
const maxBodyBytes = 64 * 1024;

/** Serves the contract's routes that are the gateway's: to each its query, checked, and every failure as a problem (RFC 9457). */
export function createHttp({ serve, origins, clientAddress, isServing, logger, metrics }: HttpOptions): Handler {
  const byPath = new Map<string, RouteDefinition[]>();
  for (const route of ours) byPath.set(route.path, [...(byPath.get(route.path) ?? []), route]);
  const secure = helmet({
    contentSecurityPolicy: { directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] }, useDefaults: false },
  });
  const shared = cors({
    origin: origins.includes('*') ? true : [...origins],
    credentials: true,
    exposedHeaders: ['Retry-After'],
    maxAge: 600,
  });

  const answer = async (
    req: IncomingMessage,
    res: ServerResponse,
    routes: readonly RouteDefinition[],
    refuse: Call['refuse'],
  ): Promise<void> => {
    if (!isServing()) throw new Problem('unavailable', 'This gateway takes no clients now', { retryAfterSeconds: 1 });
    const isHead = req.method === 'HEAD';
    const route = routes.find(({ method }) => method.toUpperCase() === (isHead ? 'GET' : req.method));
    if (!route) {
      const methods = routes.map(({ method }) => method.toUpperCase());
      res.setHeader('Allow', [...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', '));
      throw new Problem('method-not-allowed');
    }
    const query = parseQuery(route, req.url ?? '');
    await refuseBody(req);
    const address = clientAddress(req.socket.remoteAddress ?? '', req.headers['x-forwarded-for']);
    await serve[route.name]!({ req, res, route, query, isHead, address, refuse });
  };

  return (req, res) => {
    const routes = byPath.get((req.url ?? '').split('?', 1)[0]!);
    if (!routes) return false;
    // Without its query, which may hold a ticket.
    const path = routes[0]!.path;
    res.once('close', () => {
      const { method = '' } = req;
      metrics.requests.inc({ route: path, status: String(res.statusCode) });
      logger.debug({ method, path, status: res.statusCode }, 'Request');
    });
    const refuse = (problem: Problem): void => sendProblem(req, res, problem);
    const failed = (error: unknown): void => refuse(toProblem(error, path, logger));
    secure(req, res, () => {
      // Answers what a browser asks beforehand (OPTIONS) by itself.
      shared(req as Parameters<typeof shared>[0], res, () => void answer(req, res, routes, refuse).catch(failed));
    });
    return true;
  };
}

/** `CORS_ORIGINS` and our own address; `*` stands for every origin. */
export function allowedOrigins({ CORS_ORIGINS, PUBLIC_URL }: Config): string[] {
  return [...CORS_ORIGINS, ...(PUBLIC_URL ? [new URL(PUBLIC_URL).origin] : [])];
}

/** Before whoever listens already, as Socket.IO does with its path. */
export function serveOn(server: Server, handle: Handler): void {
  const others = server.listeners('request') as ((req: IncomingMessage, res: ServerResponse) => void)[];
  server.removeAllListeners('request');
  server.on('request', (req, res) => {
    if (handle(req, res)) return;
    if (others.length === 0) sendProblem(req, res, new Problem('not-found'));
    for (const other of others) other.call(server, req, res);
  });
}

export function sendJson(res: ServerResponse, body: Buffer | string, isHead = false): void {
  res.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'private, no-store',
  });
  res.end(isHead ? undefined : body);
}

/** @throws Problem `bad-request` */
function parseQuery({ query }: RouteDefinition, url: string): unknown {
  const shape: object = query?.shape ?? {};
  const at = url.indexOf('?');
  const given: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(at === -1 ? '' : url.slice(at))) {
    if (!Object.hasOwn(shape, name)) throw badField(name, 'is not a parameter of this route');
    if (Object.hasOwn(given, name)) throw badField(name, 'is given more than once');
    given[name] = value;
  }
  if (!query) return given;
  const parsed = query.safeParse(given);
  if (!parsed.success) throw badRequest(parsed.error);
  return parsed.data;
}

/** None of these routes takes one. @throws Problem `bad-request`, `payload-too-large` */
async function refuseBody(req: IncomingMessage): Promise<void> {
  if (req.method !== 'POST') return;
  let text = '';
  for await (const part of req.setEncoding('utf8')) {
    text += part as string;
    if (text.length > maxBodyBytes) throw new Problem('payload-too-large');
  }
  if (!['', '{}'].includes(text.trim())) throw new Problem('bad-request', 'This route takes no body');
}

/** What is not known here is mostly a database that does not answer: clients come back. */
function toProblem(error: unknown, path: string, logger: Logger): Problem {
  if (error instanceof Problem) return error;
  const errorId = newId();
  logger.error({ err: error, errorId, path }, 'A request to the gateway failed');
  return new Problem('unavailable', undefined, { cause: error, errorId, retryAfterSeconds: 1 });
}

function sendProblem(req: IncomingMessage, res: ServerResponse, problem: Problem): void {
  if (res.headersSent || res.destroyed) {
    res.destroy();
    return;
  }
  const { retryAfterSeconds } = problem.extra;
  const body = JSON.stringify(problem.toBody());
  res.writeHead(problem.status, {
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(retryAfterSeconds ? { 'retry-after': String(retryAfterSeconds) } : {}),
    ...(problem.status === 401 ? { 'www-authenticate': problem.code === 'token-expired' ? 'Bearer error="invalid_token"' : 'Bearer' } : {}),
    // What is left of a body that is too large is not read.
    ...(problem.status === 413 || problem.status === 503 ? { connection: 'close' } : {}),
  });
  res.end(req.method === 'HEAD' ? undefined : body);
}
