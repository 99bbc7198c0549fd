import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Plan, PlanVersion } from '@tidings/contracts';
import { startApi, type Person, type TestApi } from './support/api.js';

let api: TestApi;
let admin: Person;
let user: Person;
beforeAll(async () => {
  api = await startApi();
  [admin, user] = await Promise.all([api.admin(), api.register()]);
});
afterAll(() => api.stop());

const gold = { name: 'Gold', roi: 2.5, duration: 30, minAmount: 100 };
const create = async (fields: object = {}): Promise<Plan> => {
  const { status, body } = await admin.http.post<Plan>('/api/admin/plans', { ...gold, ...fields });
  expect(status).toBe(201);
  return body;
};
const tomorrow = () => new Date(Date.now() + 86_400_000).toISOString();

describe('plans', () => {
  test('are read without a login, and by a login that is one; drafts by administrators', async () => {
    const { id } = await create();
    const { id: draft } = await create({ name: 'Secret', publishAt: tomorrow() });
    const seen = async (http: TestApi['http']) => {
      const { status, body, headers } = await http.get<{ items: Plan[] }>('/api/plans');
      expect([status, headers.get('tidings-cursor')?.includes('plans')]).toEqual([200, true]);
      return [id, draft].map((one) => body.items.some((plan) => plan.id === one));
    };
    expect(await seen(api.http)).toEqual([true, false]);
    expect(await seen(user.http)).toEqual([true, false]);
    expect(await seen(admin.http)).toEqual([true, true]);
    for (const path of [`/api/plans/${draft}`, `/api/plans/${draft}/history`]) {
      const statuses = [api.http, user.http, admin.http].map(async (http) => (await http.get(path)).status);
      expect([path, ...(await Promise.all(statuses))]).toEqual([path, 404, 404, 200]);
    }
    const forged = await api.as(`${user.token}x`).get('/api/plans');
    expect(forged).toMatchObject({ status: 401, body: { code: 'unauthenticated' } });
    expect((await admin.http.get('/api/plans')).headers.get('tidings-cursor')).toContain('plans:admin=');
  });

  test('are changed by administrators alone, who see whose change it was', async () => {
    const { id } = await create();
    expect((await user.http.send('PUT', `/api/admin/plans/${id}`, { roi: 3 })).status).toBe(403);
    const { body, headers } = await admin.http.send<Plan>('PUT', `/api/admin/plans/${id}`, { roi: 3 });
    expect([body.roi, body.version, headers.get('etag')]).toEqual([3, 2, '"v2"']);
    expect(headers.get('tidings-events')).toMatch(/@plans:admin$/);
    const path = `/api/plans/${id}/history`;
    const ofUser = await user.http.get<{ items: PlanVersion[] }>(path);
    const ofAdmin = await admin.http.get<{ items: PlanVersion[] }>(path);
    expect(ofUser.body.items.map(({ version, by }) => [version, by])).toEqual([
      [2, undefined],
      [1, undefined],
    ]);
    expect(ofAdmin.body.items.map(({ by }) => by?.email)).toEqual([admin.email, admin.email]);
    expect(JSON.stringify(ofUser.body)).not.toContain(admin.email);
    const restored = await admin.http.post<Plan>(`/api/admin/plans/${id}/restore`, { version: 1 });
    expect(restored).toMatchObject({ status: 200, body: { roi: 2.5, version: 3 } });
  });

  test('a stale edit gets 412 with a proposal; what overlaps with nothing is merged where that is asked for', async () => {
    const { id } = await create();
    const put = (body: object, tag: string, query = '') =>
      admin.http.send<Plan & { code: string }>('PUT', `/api/admin/plans/${id}${query}`, body, { 'if-match': tag });
    expect((await put({ roi: 3 }, '"v1"')).status).toBe(200);
    expect(await put({ duration: 60 }, '"v1"')).toMatchObject({
      status: 412,
      body: { code: 'version-mismatch', current: { version: 2 }, proposal: { roi: 3, duration: 60 }, conflicts: [] },
    });
    expect(await put({ duration: 60 }, '"v1"', '?merge=true')).toMatchObject({ status: 200, body: { roi: 3, duration: 60, version: 3 } });
    expect(await put({ roi: 4 }, '"v1"', '?merge=true')).toMatchObject({ status: 412, body: { conflicts: [{ field: 'roi' }] } });
  });

  test('are followed and left, twice as once; what was withdrawn can be left', async () => {
    const { id } = await create();
    const path = `/api/plans/${id}/follow`;
    const following = async () => (await user.http.get<{ following: boolean }>(path)).body.following;
    expect(await following()).toBe(false);
    for (const _ of [1, 2]) expect(await user.http.send('PUT', path)).toMatchObject({ status: 200, body: { planId: id, following: true } });
    expect(await following()).toBe(true);
    expect(await api.mongo.db.collection('feed_watchers').countDocuments({ feed: `plan:${id}` })).toBe(1);
    expect((await admin.http.send('DELETE', `/api/admin/plans/${id}`)).status).toBe(204);
    expect((await user.http.send('PUT', path)).status).toBe(404);
    expect(await user.http.send('DELETE', path)).toMatchObject({ status: 200, body: { following: false } });
    expect((await user.http.send('DELETE', path)).status).toBe(404);
  });

  test('a plan follows another only where that is said', async () => {
    const { id } = await create();
    for (const query of ['investments=migrate', `investments=keep&to=${id}`, 'investments=burn']) {
      expect([query, (await admin.http.send('DELETE', `/api/admin/plans/${id}?${query}`)).status]).toEqual([query, 400]);
    }
    expect((await admin.http.send('DELETE', `/api/admin/plans/${id}?investments=migrate&to=${id}`)).status).toBe(400);
  });
});
