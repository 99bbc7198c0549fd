import { pipeline } from 'node:stream/promises';
import { errorCatalogue, Problem, type Principal, type RouteDefinition } from '@tidings/contracts';
import { originOf } from '@tidings/feed';
import { Router, type Request, type Response } from 'express';
import type { Context } from '../context.js';
import { addressOf, authenticate, userAgentOf } from './authenticate.js';
import type { ClientInfo, ReadInput, RouteBinding, WriteInput } from './bind.js';
import { readBytes, readJson } from './body.js';
import { etagOf } from './etag.js';
import { createCursorHeader, eventRefs, eventsHeader } from './feed-headers.js';
import { createIdempotency, idempotentRequest, type Answer } from './idempotency.js';
import { Media } from './media.js';
import type { RateLimits } from './rate-limit.js';
import { requestState } from './request-state.js';
import { readUpload } from './upload.js';
import { parseBody, parseParams, parseQuery } from './validate.js';

export interface ApiRouter {
  router: Router;
  start(): Promise<void>;
}

/**
 * Serves the routes of all modules. What each request goes through: session and role → parameters, query, body by the contract's
 * schemas → handler → answer. Writes: stored answer, or one transaction with the change, its events and its idempotency record.
 */
export function createRouter(context: Context, bindings: readonly RouteBinding[], limits: RateLimits): ApiRouter {
  const idempotency = createIdempotency(context.mongo);
  const cursorHeader = createCursorHeader(context.feedLog);
  // An answer that the contract does not declare is a fault. Where people develop and test it fails; in production clients get it.
  const present = (route: RouteDefinition, body: unknown): unknown =>
    route.response && !(body instanceof Media) && context.config.NODE_ENV !== 'production' ? route.response.parse(body) : body;

  const serveRead = async (binding: RouteBinding, input: ReadInput<unknown, unknown>, res: Response): Promise<void> => {
    const feeds = await binding.feeds?.(input);
    const cursor = feeds && feeds.length > 0 ? await cursorHeader(feeds) : undefined;
    const body = present(binding.route, await binding.handle(input));
    if (cursor) res.setHeader('Tidings-Cursor', cursor);
    await send(res, binding.route.status, body);
  };

  const serveWrite = async (
    binding: RouteBinding,
    req: Request,
    res: Response,
    base: ReadInput<unknown, Principal | null>,
  ): Promise<void> => {
    const { route } = binding;
    const file = route.upload && (await readUpload(req, res, route.upload.maxBytes));
    // Of a file the hash stands for the body: the same key with another file is another request.
    const body = file ? { file: file.sha256 } : parseBody(route, await readJson(req, res));
    const input: WriteInput<unknown, Principal | null> = {
      ...base,
      body: body as never,
      ifMatch: req.headers['if-match'],
      ...(file ? { file } : {}),
    };
    if (binding.attempts) {
      await limits.attemptFrom(`${route.name}:ip:${base.client.ip}`, res);
      for (const name of binding.attempts(input)) await limits.attempt(`${route.name}:${name}`, res);
    }
    const request = route.write
      ? idempotentRequest(req.get('idempotency-key'), base.caller?.userId ?? null, route.name, {
          params: base.params,
          query: base.query,
          body,
        })
      : null;
    // Asking first costs each request a query; the transaction finds out by itself, and leaves nothing behind.
    const stored = request && binding.prepare && !binding.harmless ? await idempotency.stored(request) : null;
    if (stored) return sendAnswer(res, stored);

    const prepared = await binding.prepare?.(input);
    const once = request && idempotency.unlessAnswered(request);
    try {
      const { result } = await context.unitOfWork.run(
        {
          actor: base.caller?.userId ?? null,
          cause: { kind: 'request', id: requestState(req).id },
          ...(base.caller ? { origin: originOf(base.caller) } : {}),
        },
        async (tx): Promise<Answer> => {
          const work = () => binding.handle({ ...input, tx, prepared });
          const outcome = await (once ? once(tx, work) : work());
          const events = eventRefs(base.caller, tx.events);
          const answer: Answer =
            outcome instanceof Problem
              ? { status: outcome.status, body: outcome.toBody(), events, retryAfterSeconds: outcome.extra.retryAfterSeconds }
              : { status: route.status, body: present(route, outcome), events };
          // What may succeed later is no answer for good: the same key may be tried again.
          if (request && !(outcome instanceof Problem && mayRetry(outcome))) await idempotency.record(tx, request, answer);
          return answer;
        },
      );
      await sendAnswer(res, result);
    } catch (error) {
      if (!request || !idempotency.isTaken(error)) throw error;
      await sendAnswer(res, await idempotency.first(request));
    }
  };

  const serve = async (binding: RouteBinding, req: Request, res: Response): Promise<void> => {
    const { route } = binding;
    requestState(req).route = route.name;
    if (binding.kind === 'raw') {
      await limits.webhook(`ip:${req.ip}`, res);
      const body = await readBytes(req, res);
      const answer = await binding.handle({ params: req.params, query: req.query, headers: req.headers, body });
      return send(res, route.status, present(route, answer));
    }
    const caller = await authenticate(req, context.access, route);
    if (binding.limit) await limits[binding.limit](`${route.name}:${caller ? `user:${caller.userId}` : `ip:${req.ip}`}`, res);
    const base = {
      caller,
      params: parseParams(route, req.params) as never,
      query: parseQuery(route, req.query) as never,
      accepts: (types: readonly string[]) => req.accepts([...types]) || undefined,
      client: clientOf(req),
    };
    return binding.kind === 'read' ? serveRead(binding, base, res) : serveWrite(binding, req, res, base);
  };

  const router = Router({ caseSensitive: true });
  const byPath = new Map<string, RouteBinding[]>();
  for (const binding of bindings) byPath.set(binding.route.path, [...(byPath.get(binding.route.path) ?? []), binding]);
  // A path with a word where another has a parameter comes first, and is that path alone: no method of the other is meant by it.
  for (const [path, own] of [...byPath].toSorted(([a], [b]) => parametersOf(a) - parametersOf(b))) {
    for (const binding of own) router[binding.route.method](path, (req: Request, res: Response) => serve(binding, req, res));
    const allowed = own.map(({ route }) => route.method.toUpperCase());
    router.all(path, (_req, res) => {
      res.setHeader('Allow', [...allowed, ...(allowed.includes('GET') ? ['HEAD'] : []), 'OPTIONS'].join(', '));
      throw new Problem('method-not-allowed');
    });
  }
  return { router, start: () => idempotency.start() };
}

function clientOf(req: Request): ClientInfo {
  const { token } = requestState(req);
  return {
    ip: addressOf(req),
    userAgent: userAgentOf(req),
    ...(token && !(token instanceof Problem) ? { tokenExpiresAt: new Date(token.exp * 1_000) } : {}),
  };
}

const parametersOf = (path: string): number => path.split('/:').length;

const mayRetry = ({ code }: Problem): boolean => 'retryable' in errorCatalogue[code];

async function sendAnswer(res: Response, { status, body, events, retryAfterSeconds }: Answer): Promise<void> {
  if (retryAfterSeconds) res.setHeader('Retry-After', String(retryAfterSeconds));
  if (events.length > 0) res.setHeader('Tidings-Events', eventsHeader(events));
  await send(res, status, body);
}

async function send(res: Response, status: number, body: unknown): Promise<void> {
  res.status(status);
  const etag = etagOf(body);
  if (etag) res.setHeader('ETag', etag);
  // Answers are one person's; a shared cache has no business with them, and ours must be asked again.
  res.setHeader('Cache-Control', 'private, no-cache');
  if (body instanceof Media) return sendMedia(res, body);
  if (body === undefined || status === 204) res.end();
  else res.type(status >= 400 ? 'application/problem+json' : 'application/json').send(JSON.stringify(body));
}

async function sendMedia(res: Response, { headers, type, body }: Media): Promise<void> {
  res.set(headers).type(type);
  if (typeof body === 'string' || Buffer.isBuffer(body)) res.send(body);
  // The whole of it would be read to be thrown away.
  else if (res.req.method === 'HEAD') res.end();
  else await pipeline(body, res);
}
