import { badField, badRequest, Problem, type RouteDefinition } from '@tidings/contracts';
import { z } from 'zod';

const nothing = z.strictObject({});
const noBody = nothing.optional();
const deepest = 32;
const loneSurrogate = /\p{Surrogate}/u;
const reserved = new Set(['__proto__', 'constructor', 'prototype']);

/** @throws Problem bad-request that names the fields */
export function parseParams(route: RouteDefinition, params: Record<string, unknown>): unknown {
  return parse(route.params ?? z.record(z.string(), z.string()), { ...params });
}

/** @throws Problem bad-request: an unknown or doubled parameter, or one that does not fit */
export function parseQuery(route: RouteDefinition, query: Record<string, unknown>): unknown {
  for (const [key, value] of Object.entries(query)) {
    refuseKey(key, key);
    if (Array.isArray(value)) throw badField(key, 'is given more than once');
  }
  return parse(route.query ?? nothing, { ...query });
}

/** @throws Problem bad-request */
export function parseBody(route: RouteDefinition, body: unknown): unknown {
  refuseOddities(body, '', 0);
  return parse(route.body ?? noBody, body);
}

function parse(schema: z.ZodType, value: unknown): unknown {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw badRequest(parsed.error);
  return parsed.data;
}

/** Strict schemas refuse unknown fields; this also covers the places where a schema takes any key, and texts that no encoding can carry. */
function refuseOddities(value: unknown, path: string, depth: number): void {
  // The database would keep another text than the one that was sent and answered.
  if (typeof value === 'string' && loneSurrogate.test(value)) throw badField(path, 'is not well-formed Unicode');
  if (typeof value !== 'object' || value === null) return;
  if (depth > deepest) throw new Problem('bad-request', `The body is nested deeper than ${deepest} levels`);
  for (const [key, inner] of Object.entries(value)) {
    const at = path ? `${path}.${key}` : key;
    if (!Array.isArray(value)) refuseKey(key, at);
    refuseOddities(inner, at, depth + 1);
  }
}

function refuseKey(key: string, path: string): void {
  if (reserved.has(key) || key.startsWith('$') || key.includes('\0')) throw badField(path, 'is not an allowed name');
}
