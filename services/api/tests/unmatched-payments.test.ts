import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { postWebhook, waitFor, zeffyPayment, zeffyToken } from '@tidings/testing';
import { startApi, type TestApi } from './support/api.js';

let api: TestApi;
beforeAll(async () => {
  api = await startApi({ env: { ZEFFY_FORM_URL: 'https://zeffy.example/form', ZEFFY_SOURCES: `zapier:${zeffyToken}` } });
});
afterAll(() => api.stop());

const post = (body: string) => postWebhook(api.url, 'zeffy', body, { authorization: `Bearer ${zeffyToken}` });

test('an address counts once an administrator vouches for it; before that its payments are assigned by hand', async () => {
  const [admin, person] = [await api.admin(), await api.register()];
  expect((await post(zeffyPayment({ amount: 300, email: person.email }))).status).toBe(200);
  const listed = await waitFor('it to be listed', async () => {
    const { body } = await admin.http.get<{ items: { id: string }[] }>('/api/admin/unmatched-payments?state=open');
    return body.items[0];
  });
  expect(listed).toMatchObject({ provider: 'zeffy', amount: 300, email: person.email, state: 'open' });
  const assigned = await admin.http.post(`/api/admin/unmatched-payments/${listed.id}/assign`, { userId: person.id });
  expect(assigned.body).toMatchObject({ state: 'assigned', userId: person.id, topUpId: listed.id });

  const vouched = await admin.http.send('PUT', `/api/admin/users/${person.id}/verified-email`, { verified: true });
  expect(vouched.body).toMatchObject({ id: person.id, emailVerified: true, version: 2 });
  await post(zeffyPayment({ amount: 200, email: person.email }));
  await waitFor('both payments', async () => (await person.http.get('/api/wallet')).body['balance'] === 500);
  const { body } = await admin.http.get<{ items: { action: string }[] }>('/api/admin/audit');
  expect(body.items.map(({ action }) => action)).toEqual(expect.arrayContaining(['user.verify-email', 'payment.assign']));
});

test('a top-up by Zeffy answers with the form’s address, which names it', async () => {
  const person = await api.register();
  const { body } = await person.http.post('/api/wallet/top-ups', { amount: 250, provider: 'zeffy' });
  expect(body).toMatchObject({ status: 'pending', checkoutUrl: `https://zeffy.example/form?reference=${String(body['id'])}` });
});
