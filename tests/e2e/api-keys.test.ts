import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { allRoutes, keyActor, type AuditEntry, type NewApiKey, type PlanVersion, type RouteDefinition } from '@tidings/contracts';
import { createHttp, expectStatus, itemsOf } from '@tidings/testing';
import { apiKeyOf } from './support/api-keys.js';
import { pathOf } from './support/attempts.js';
import { fixtures } from './support/fixtures.js';
import { createScene, type Scene } from './support/scene.js';

let scene: Scene;
/** With every scope. */
let key: NewApiKey;
beforeAll(async () => {
  scene = await createScene();
  key = await apiKeyOf(scene.admin);
});
afterAll(() => scene.world.stop());

const machine = () => createHttp(scene.world.apiUrl, key.secret);
const reached = allRoutes.filter(({ scope }) => scope !== undefined);
const use = async (route: RouteDefinition) => {
  const fixture = await fixtures[route.name]!(scene);
  return createHttp(scene.urlOf(route), key.secret).send<{ code?: string }>(
    route.method.toUpperCase(),
    pathOf(route, fixture),
    fixture.body,
  );
};

test('a key reads what its scopes name', async () => {
  for (const route of reached.filter(({ method }) => method === 'get'))
    expect([route.name, (await use(route)).status]).toEqual([route.name, route.status]);
});

test('a key changes what its scopes name, and the audit log tells that it was this key', async () => {
  for (const route of reached.filter(({ method }) => method !== 'get')) {
    expect([route.name, (await use(route)).status]).toEqual([route.name, route.status]);
    const [newest] = await itemsOf<AuditEntry>(scene.admin.http, '/api/admin/audit?limit=1');
    expect(newest).toMatchObject({ actor: keyActor(key.id), from: { keyId: key.id, ip: expect.any(String) } });
    expect(newest?.from?.sessionId).toBeUndefined();
  }
});

test('administrators see which key made a version of a plan', async () => {
  const fields = { name: 'Ours', roi: 1, duration: 10, minAmount: 100 };
  const { id } = (await expectStatus(201, scene.admin.http.post<{ id: string }>('/api/admin/plans', fields))).body;
  const path = `/api/plans/${id}/history`;
  await expectStatus(200, machine().send('PUT', `/api/admin/plans/${id}`, { name: 'Theirs' }));
  const [version] = await itemsOf<PlanVersion>(scene.admin.http, path);
  expect(version).toMatchObject({ action: 'updated', keyId: key.id });
  expect(version?.by).toBeUndefined();
  const [shown] = await itemsOf<PlanVersion>(scene.customer.http, path);
  expect(shown?.keyId).toBeUndefined();
});

test('a key gets no stream, no feed and no ticket', async () => {
  for (const route of allRoutes.filter(({ at, access }) => at === 'gateway' && access !== 'public')) {
    const { status, body } = await use(route);
    expect([route.name, status, body.code]).toEqual([route.name, 401, 'unauthenticated']);
  }
  await expect(scene.world.connect({ ...scene.admin, token: key.secret })).rejects.toThrow();
  const { headers } = await machine().post('/api/admin/plans', { name: 'Silent', roi: 1, duration: 10, minAmount: 100 });
  expect(headers.get('tidings-events')).toBeNull();
});

test('what a key looks at of a business is audited, as of somebody outside it', async () => {
  const { id } = scene.stall.merchant;
  await expectStatus(200, machine().get(`/api/merchants/${id}/analytics`));
  const looks = await itemsOf<AuditEntry>(scene.admin.http, `/api/admin/audit?actor=${keyActor(key.id)}&action=merchant.look`);
  expect(looks).toContainEqual(expect.objectContaining({ target: `merchant:${id}`, details: { what: 'analytics' } }));
});
