import { describe, expect, test } from '@jest/globals';
import { buildOpenApi } from './openapi.js';
import { allRoutes } from './routes.js';
import { keyActor, keyOfActor, scopes } from './scopes.js';

const scoped = allRoutes.filter(({ scope }) => scope !== undefined);

describe('what API keys reach', () => {
  test('each scope opens something, and what looks changes nothing', () => {
    expect(new Set(scoped.map(({ scope }) => scope))).toEqual(new Set(scopes));
    for (const { name, method, scope } of scoped) expect([name, scope?.split(':')[1]]).toEqual([name, method === 'get' ? 'read' : 'write']);
  });

  test('is this, and nothing comes to it unseen', () => {
    expect(
      Object.fromEntries(scopes.map((scope) => [scope, scoped.flatMap((route) => (route.scope === scope ? [route.name] : []))])),
    ).toEqual({
      'merchants:read': ['listMerchants', 'getMerchant'],
      'merchants:write': ['createMerchant', 'updateMerchant'],
      'plans:read': ['listPlans', 'getPlan'],
      'plans:write': ['createPlan', 'updatePlan'],
      'programs:read': ['listPrograms', 'getProgram'],
      'reports:read': ['getAnalytics', 'exportAnalytics', 'getSales'],
      'subscriptions:read': ['listSubscriptionPlans', 'listInvoices', 'getInvoicePdf', 'listSubscriptions', 'getMerchantSubscription'],
      'subscriptions:write': ['updateMerchantSubscription'],
      'users:read': ['listUsers'],
    });
  });

  test('is nothing of a person, no stream, no deletion, and nothing that is for superadmins', () => {
    for (const { name, access, at, method, path } of scoped) {
      expect([name, at]).toEqual([name, undefined]);
      expect([name, method]).not.toEqual([name, 'delete']);
      expect(access).not.toBe('public');
      if (typeof access !== 'string') expect([name, access]).toEqual([name, expect.arrayContaining(['admin'])]);
      expect(path).not.toMatch(/^\/api\/(?:me|auth|wallet|orders|cards|points|enrollments|redemptions|notifications|feeds)\b|api-keys/);
    }
  });

  test('OpenAPI shows keys as a second scheme, with the scope, and what they are refused with', () => {
    const { paths, components } = buildOpenApi();
    expect(components.securitySchemes).toMatchObject({ apiKey: { type: 'http', scheme: 'bearer' } });
    expect(paths['/api/admin/merchants']?.['post']?.security).toEqual([{ bearer: [] }, { apiKey: ['merchants:write'] }]);
    expect(paths['/api/plans']?.['get']?.security).toEqual([{}, { bearer: [] }, { apiKey: ['plans:read'] }]);
    expect(paths['/api/admin/merchants']?.['post']?.responses['403']?.['x-codes']).toContain('scope-missing');
    expect(paths['/api/me']?.['get']?.security).toEqual([{ bearer: [] }]);
    expect(paths['/api/me']?.['get']?.responses['403']?.['x-codes']).toContain('not-for-keys');
  });
});

test('a key is told from a user by its name alone', () => {
  const id = 'a1'.repeat(12);
  expect(keyOfActor(keyActor(id))).toBe(id);
  expect(keyOfActor(id)).toBeUndefined();
  expect(keyOfActor('key_x')).toBeUndefined();
});
