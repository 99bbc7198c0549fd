import type { z } from 'zod';
import type { ErrorCode } from './errors.js';
import type { Role } from './roles.js';
import type { Scope } from './scopes.js';

/**
 * Who may call: everyone, everyone and a login may see more (`optional`), any login, or a login with one of the roles. Finer rights (membership)
 * are the domain's.
 */
export type RouteAccess = 'public' | 'optional' | 'user' | readonly Role[];

export interface RouteDefinition<
  Params extends z.ZodObject = z.ZodObject,
  Query extends z.ZodObject = z.ZodObject,
  Body extends z.ZodType = z.ZodType,
  Response extends z.ZodType = z.ZodType,
> {
  /** Unique; the `operationId` of OpenAPI. */
  readonly name: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** Express 5 form: `/api/orders/:id`. */
  readonly path: string;
  readonly summary: string;
  readonly tag: string;
  readonly access: RouteAccess;
  /** By which scope an API key reaches it, with the rights of an administrator; without one it is not for keys. */
  readonly scope?: Scope;
  /** Finer rights than `access` tells, in words, for the documentation: e.g. "Members of the merchant". */
  readonly who?: string;
  /** Strict objects: an unknown field is refused. */
  readonly params?: Params;
  readonly query?: Query;
  readonly body?: Body;
  /** Of a success; 204 has no schema. */
  readonly status: 200 | 201 | 202 | 204;
  readonly response?: Response;
  /** Of the answer, where it is not JSON. */
  readonly contentType?: string;
  /** Types in which it also answers, beside the JSON of `response`: images, files. */
  readonly media?: readonly string[];
  /** Beyond those that every route can answer with (bad-request, unauthenticated, forbidden, rate-limited, internal, unavailable). */
  readonly errors?: readonly ErrorCode[];
  /** A write runs in one transaction, takes `Idempotency-Key`, and answers with `Tidings-Events`. */
  readonly write?: true;
  /** The service that serves it; the API unless given. */
  readonly at?: 'gateway';
  /** The body is a form (`multipart/form-data`) with one file, in the part `file`. */
  readonly upload?: { readonly maxBytes: number };
  /** The body reaches the handler as the bytes that were sent (webhook signatures are over those). */
  readonly raw?: true;
}

export function defineRoute<Params extends z.ZodObject, Query extends z.ZodObject, Body extends z.ZodType, Response extends z.ZodType>(
  definition: RouteDefinition<Params, Query, Body, Response>,
): RouteDefinition<Params, Query, Body, Response> {
  return definition;
}
