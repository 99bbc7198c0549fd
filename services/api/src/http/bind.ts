import type { Principal, Problem, RouteDefinition } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import type { IncomingHttpHeaders } from 'node:http';
import type { z } from 'zod';
import type { Media } from './media.js';
import type { OwnLimit } from './rate-limit.js';
import type { UploadedFile } from './upload.js';

type ParamsOf<R> = R extends { readonly params?: infer S extends z.ZodType } ? z.output<S> : Record<string, never>;
type QueryOf<R> = R extends { readonly query?: infer S extends z.ZodType } ? z.output<S> : Record<string, never>;
type BodyOf<R> = R extends { readonly body?: infer S extends z.ZodType } ? z.output<S> : unknown;
/** What a handler returns: the contract's shape before its parse. */
type AnswerOf<R> = R extends { readonly response?: infer S extends z.ZodType } ? z.input<S> : unknown;

/** Where a request came from, as far as the trusted proxies tell. */
export interface ClientInfo {
  ip: string;
  userAgent: string;
  /** When the access token ends; undefined where none was needed. */
  tokenExpiresAt?: Date;
}

export interface ReadInput<R, Caller> {
  caller: Caller;
  params: ParamsOf<R>;
  query: QueryOf<R>;
  client: ClientInfo;
  /** The one of these media types that the client likes best; undefined when it likes none. */
  accepts: (types: readonly string[]) => string | undefined;
}

export interface WriteInput<R, Caller> extends ReadInput<R, Caller> {
  body: BodyOf<R>;
  /** The header as sent; see `checkIfMatch`. */
  ifMatch: string | undefined;
  /** Of a route that takes one. */
  file?: UploadedFile;
}

export interface RawInput {
  params: Record<string, string>;
  query: Record<string, string>;
  headers: IncomingHttpHeaders;
  /** The bytes that were sent. */
  body: Buffer;
}

interface Options {
  /** A tighter limit than that of all requests, by user and route. */
  limit?: OwnLimit;
}

export interface ReadOptions<R, Caller> extends Options {
  /** The feeds that tell of this resource: their heads, read before the state, become `Tidings-Cursor`. */
  feeds?: (input: ReadInput<R, Caller>) => readonly string[] | Promise<readonly string[]>;
}

export interface WriteOptions<R, Caller> extends Options {
  /** Names whose attempts are counted by the strict limiter, beside the address: an e-mail at a login. */
  attempts?: (input: WriteInput<R, Caller>) => readonly string[];
}

type InTransaction<R, Caller> = WriteInput<R, Caller> & { tx: Tx };

/**
 * The work of a write: a function, or two steps. `prepare` does what must not run inside a transaction (a provider's API, a password
 * hash): once, before it, and not at all when a stored answer is given. `handle` gets what it made as `prepared`. A `harmless` prepare
 * touches nothing: then nobody looks for a stored answer first, and a repeated request finds it where its record is refused.
 */
export type WriteWork<R, Caller, Prepared> =
  | ((input: InTransaction<R, Caller>) => Promise<AnswerOf<R> | Problem>)
  | {
      prepare: (input: WriteInput<R, Caller>) => Promise<Prepared>;
      harmless?: true;
      handle: (input: InTransaction<R, Caller> & { prepared: Prepared }) => Promise<AnswerOf<R> | Problem>;
    };

/** A route with what does its work; made by the functions below, served by `createRouter`. Inputs are checked before they get here. */
export interface RouteBinding {
  readonly route: RouteDefinition;
  readonly kind: 'read' | 'write' | 'raw';
  readonly limit?: OwnLimit;
  feeds?(input: ReadInput<unknown, unknown>): readonly string[] | Promise<readonly string[]>;
  prepare?(input: WriteInput<unknown, unknown>): Promise<unknown>;
  readonly harmless?: true;
  attempts?(input: WriteInput<unknown, unknown>): readonly string[];
  handle(input: unknown): Promise<unknown>;
}

/** A GET by a login. A resource with a top-level `version` gets an ETag. */
export function read<R extends RouteDefinition>(
  route: R,
  handle: (input: ReadInput<R, Principal>) => Promise<AnswerOf<R> | Media>,
  options: ReadOptions<R, Principal> = {},
): RouteBinding {
  return erase(route, 'read', 'login', handle, options);
}

/** A GET that needs no login, and shows more to one: `caller` is null without. */
export function optionalRead<R extends RouteDefinition>(
  route: R,
  handle: (input: ReadInput<R, Principal | null>) => Promise<AnswerOf<R> | Media>,
  options: ReadOptions<R, Principal | null> = {},
): RouteBinding {
  return erase(route, 'read', 'optional', handle, options);
}

/** A GET that needs no login: `caller` is null. */
export function publicRead<R extends RouteDefinition>(
  route: R,
  handle: (input: ReadInput<R, null>) => Promise<AnswerOf<R>>,
  options: ReadOptions<R, null> = {},
): RouteBinding {
  return erase(route, 'read', 'public', handle, options);
}

/**
 * A change by a login, in one transaction; it may run again when it conflicts with another. Throwing rolls back. *Returning* a
 * Problem answers with it and commits (a refusal that must leave a trace). `Idempotency-Key` works where the contract says
 * `write: true`; answers that hold tokens do not, so that no token is ever stored in plain.
 */
export function write<R extends RouteDefinition, Prepared>(
  route: R,
  work: WriteWork<R, Principal, Prepared>,
  options: WriteOptions<R, Principal> = {},
): RouteBinding {
  return erase(route, 'write', 'login', work, options);
}

/** A change that needs no login: `caller` is null, idempotency keys are shared by all who are not logged in. */
export function publicWrite<R extends RouteDefinition, Prepared>(
  route: R,
  work: WriteWork<R, null, Prepared>,
  options: WriteOptions<R, null> = {},
): RouteBinding {
  return erase(route, 'write', 'public', work, options);
}

/** A provider's webhook: the handler gets bytes and headers, checks the signature, and opens its own unit of work. */
export function raw<R extends RouteDefinition>(route: R, handle: (input: RawInput) => Promise<AnswerOf<R>>): RouteBinding {
  if (!route.raw) throw new Error(`Route ${route.name} is not declared raw`);
  return erase(route, 'raw', 'public', handle, {});
}

type Callers = 'public' | 'optional' | 'login';
const callerOf = ({ access }: RouteDefinition): Callers => (access === 'public' || access === 'optional' ? access : 'login');

function erase(route: RouteDefinition, kind: RouteBinding['kind'], caller: Callers, work: unknown, options: object): RouteBinding {
  if (caller !== callerOf(route)) throw new Error(`Route ${route.name}: the contract says access ${String(route.access)}`);
  if (kind === 'read' && route.write) throw new Error(`Route ${route.name}: the contract says that it writes`);
  // The types above hold between a route and its handler; the router sees all alike and has checked the input with the route's own schemas.
  const steps = (typeof work === 'function' ? { handle: work } : work) as Pick<RouteBinding, 'handle' | 'prepare' | 'harmless'>;
  return { ...options, ...steps, route, kind };
}
