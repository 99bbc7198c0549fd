import SwaggerParser from '@apidevtools/swagger-parser';
import { describe, expect, test } from '@jest/globals';
import { buildOpenApi } from './openapi.js';
import { allRoutes } from './routes.js';

// As clients get it: through JSON.
const document = JSON.parse(JSON.stringify(buildOpenApi())) as ReturnType<typeof buildOpenApi>;
const operations = Object.values(document.paths).flatMap((path) => Object.values(path));

describe('the OpenAPI document', () => {
  test('is valid OpenAPI 3.1', async () => {
    const copy = structuredClone(document) as unknown as Parameters<typeof SwaggerParser.validate>[0];
    await expect(SwaggerParser.validate(copy)).resolves.toMatchObject({ openapi: '3.1.0' });
  });

  test('describes every route once, by a name of its own', () => {
    expect(operations.map(({ operationId }) => operationId).sort()).toEqual(allRoutes.map(({ name }) => name).sort());
    expect(new Set(allRoutes.map(({ name }) => name)).size).toBe(allRoutes.length);
    expect(new Set(allRoutes.map(({ method, path }) => `${method} ${path}`)).size).toBe(allRoutes.length);
  });

  test('says of every route who may call it', () => {
    for (const operation of operations) {
      expect(operation['x-roles'].length).toBeGreaterThan(0);
      const logins = operation.security.filter((scheme) => !('apiKey' in scheme));
      expect(logins.length).toBe({ public: 0, optional: 2 }[operation['x-roles'][0] ?? ''] ?? 1);
    }
    expect(document.paths['/api/admin/merchants']?.['post']?.['x-roles']).toEqual(['admin', 'superadmin']);
  });

  test('names path parameters, headers, and problem codes', () => {
    const change = document.paths['/api/orders/{id}/status']?.['patch'];
    expect(change?.parameters).toEqual([
      expect.objectContaining({ name: 'id', in: 'path', required: true }),
      { $ref: '#/components/parameters/IdempotencyKey' },
      { $ref: '#/components/parameters/IfMatch' },
    ]);
    expect(Object.keys(change?.responses['200']?.headers ?? {})).toEqual(
      expect.arrayContaining(['Tidings-Events', 'ETag', 'RateLimit-Limit']),
    );
    expect(change?.responses['409']?.['x-codes']).toEqual(['invalid-transition', 'insufficient-funds', 'idempotency-key-reused']);
    expect(document.paths['/api/wallet']?.['get']?.responses['200']?.headers).toHaveProperty('Tidings-Cursor');
    expect(document.paths['/api/orders/{id}/cancel']?.['post']?.requestBody?.required).toBe(false);
  });

  test('says where the subscription of a merchant limits, and where a card may be closed', () => {
    const named = (code: string): string[] =>
      allRoutes.flatMap(({ name, errors = [] }) => (errors.some((error) => error === code) ? [name] : [])).toSorted();
    expect(named('plan-limit')).toEqual(['addMember', 'createItem', 'createProgram', 'decideInvitation', 'updateProgram']);
    expect(named('program-closed')).toEqual(expect.arrayContaining(['changePoints', 'decidePoints', 'reversePoints', 'createRedemption']));
  });

  test('refuses unknown fields in every body', () => {
    for (const { body, params, query } of allRoutes) {
      for (const schema of [body, params, query]) {
        if (schema) expect(schema.safeParse({ $gt: '' }).success).toBe(false);
      }
    }
  });
});
