import { z } from 'zod';
import { idParams, idSchema, listOf, listQuery, text, timeSchema } from '../common.js';
import { defineRoute } from '../route.js';
import { scopes, scopeSchema } from '../scopes.js';

/** A week: whoever has not given a machine its new secret by then has forgotten it. */
export const longestOverlapSeconds = 604_800;

/** Without `expiresAt` a key is good until it is revoked. */
export const apiKeyBody = z.strictObject({
  name: text(100),
  scopes: z.array(scopeSchema).min(1).max(scopes.length),
  expiresAt: timeSchema.optional(),
});
export type ApiKeyInput = z.output<typeof apiKeyBody>;

/** So long the secrets that the key has had until now still work, at most; 0 ends them at once. */
export const rotationBody = z.strictObject({ overlapSeconds: z.int().min(0).max(longestOverlapSeconds) });

/** A key as administrators see it: never the secret, only how it begins. */
export const apiKeySchema = z.strictObject({
  id: idSchema,
  name: z.string(),
  /** How the current secret begins, by which to recognize it where a machine has it. */
  prefix: z.string(),
  scopes: z.array(scopeSchema),
  createdAt: timeSchema,
  createdBy: idSchema,
  expiresAt: timeSchema.nullable(),
  /** Up to a minute old. */
  lastUsedAt: timeSchema.nullable(),
  rotatedAt: timeSchema.nullable(),
  /** Until when a secret from before the last rotation works; null when none does. */
  formerUntil: timeSchema.nullable(),
  revokedAt: timeSchema.nullable(),
});
export type ApiKey = z.output<typeof apiKeySchema>;

/** The only time that the secret is shown. */
export const newApiKeySchema = apiKeySchema.extend({ secret: z.string() });
export type NewApiKey = z.output<typeof newApiKeySchema>;

export const apiKeysQuery = z.strictObject(listQuery);
export type ApiKeysQuery = z.output<typeof apiKeysQuery>;

const tag = 'admin';
const access = ['superadmin'] as const;

/** No `write: true` where a secret is answered: an answer that is kept for a repeated `Idempotency-Key` would keep it in plain. */
export const apiKeyRoutes = {
  createApiKey: defineRoute({
    name: 'createApiKey',
    method: 'post',
    path: '/api/admin/api-keys',
    summary: 'A key for a machine; the answer shows its secret, once',
    tag,
    access,
    body: apiKeyBody,
    status: 201,
    response: newApiKeySchema,
  }),
  listApiKeys: defineRoute({
    name: 'listApiKeys',
    method: 'get',
    path: '/api/admin/api-keys',
    summary: 'Keys of machines, newest first, those that have ended included',
    tag,
    access,
    query: apiKeysQuery,
    status: 200,
    response: listOf(apiKeySchema),
  }),
  rotateApiKey: defineRoute({
    name: 'rotateApiKey',
    method: 'post',
    path: '/api/admin/api-keys/:id/rotate',
    summary: 'Give a key a new secret; those before it work for `overlapSeconds` more at most',
    tag,
    access,
    params: idParams,
    body: rotationBody,
    status: 200,
    response: newApiKeySchema,
    errors: ['not-found', 'invalid-transition'],
  }),
  revokeApiKey: defineRoute({
    name: 'revokeApiKey',
    method: 'delete',
    path: '/api/admin/api-keys/:id',
    summary: 'End a key at once; again, nothing happens',
    tag,
    access,
    params: idParams,
    status: 204,
    errors: ['not-found'],
    write: true,
  }),
};
