import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { NewApiKey } from '@tidings/contracts';
import { startApi, type Person, type TestApi } from './support/api.js';

const perMinute = 20;
let api: TestApi;
let admin: Person;
beforeAll(async () => {
  api = await startApi({ env: { HTTP_REQUESTS_PER_MINUTE: String(perMinute) } });
  admin = await api.admin();
});
afterAll(() => api.stop());

test('each key has the limit of requests to itself, and nobody uses it up without its secret', async () => {
  const make = async () => (await admin.http.post<NewApiKey>('/api/admin/api-keys', { name: 'A till', scopes: ['plans:read'] })).body;
  const [first, second] = [await make(), await make()];
  const statusOf = async (secret: string) => (await api.as(secret).get('/api/plans')).status;
  // By the address of who tries: the answer is refused, then not even given.
  const wrong = `tk_${first.id}_${'A'.repeat(43)}`;
  for (let call = 0; call < perMinute * 2; call++) expect([401, 429]).toContain(await statusOf(wrong));
  for (let call = 0; call < perMinute; call++) expect(await statusOf(first.secret)).toBe(200);
  expect(await statusOf(first.secret)).toBe(429);
  expect(await statusOf(second.secret)).toBe(200);
});
