import { z } from 'zod';

/**
 * What a machine may be let do, by area: `read` looks, `write` changes. A route says in its own definition by which of them an API key
 * reaches it (`RouteDefinition.scope`); one that says nothing is for people alone.
 */
export const scopes = [
  'merchants:read',
  'merchants:write',
  'plans:read',
  'plans:write',
  'programs:read',
  'reports:read',
  'subscriptions:read',
  'subscriptions:write',
  'users:read',
] as const;
export const scopeSchema = z.enum(scopes);
export type Scope = z.output<typeof scopeSchema>;

/** By which name a key stands where a user would: as the actor of what it does. No user has such an id. */
export const keyActor = (keyId: string): string => `key_${keyId}`;

/** The key behind an actor; undefined for a user. */
export const keyOfActor = (actor: string): string | undefined => /^key_([0-9a-f]{24})$/.exec(actor)?.[1];
