import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { postWebhook, waitFor, zeffyPayment, zeffyToken } from '@tidings/testing';
import { startApi, type Person, type TestApi } from './support/api.js';

let api: TestApi;
let admin: Person;
beforeAll(async () => {
  api = await startApi({ env: { ZEFFY_SOURCES: `zapier:${zeffyToken}` } });
  admin = await api.admin();
});
afterAll(() => api.stop());

/** The looks of anybody, the first one first. */
const looks = async (target: string) =>
  (await api.mongo.db.collection('audit_log').find({ target, action: /look$/ }).sort({ at: 1, _id: 1 }).toArray()).map(
    ({ actor, action, details }) => [String(actor), String(action), (details as { what?: string } | undefined)?.what],
  );

test("an administrator's look at what is a merchant's own is in the audit log, a member's is not", async () => {
  const [owner, stranger] = [await api.register(), await api.register()];
  const merchant = await admin.http.post('/api/admin/merchants', { name: 'Tea', ownerName: 'R', email: owner.email });
  const id = String(merchant.body['id']);
  expect((await admin.http.post(`/api/merchants/${id}/members`, { userId: owner.id, role: 'owner' })).status).toBe(201);
  const paths = {
    orders: `/api/orders?vendorId=${id}`,
    'payment-requests': `/api/payment-requests?vendorId=${id}`,
    queue: `/api/merchants/${id}/queue`,
    sales: `/api/merchants/${id}/sales`,
    balance: `/api/merchants/${id}/balance`,
    payouts: `/api/merchants/${id}/payouts`,
    members: `/api/merchants/${id}/members`,
    enrollments: `/api/enrollments?businessId=${id}`,
    redemptions: `/api/redemptions?businessId=${id}`,
    scans: `/api/merchants/${id}/scans`,
    customers: `/api/merchants/${id}/customers`,
    analytics: `/api/merchants/${id}/analytics`,
  };
  for (const path of Object.values(paths)) {
    expect([path, (await owner.http.get(path)).status]).toEqual([path, 200]);
    expect([path, (await stranger.http.get(path)).status]).toEqual([path, 403]);
  }
  expect(await looks(`merchant:${id}`)).toEqual([]);
  for (const path of Object.values(paths)) expect([path, (await admin.http.get(path)).status]).toEqual([path, 200]);
  expect(await looks(`merchant:${id}`)).toEqual(Object.keys(paths).map((what) => [admin.id, 'merchant.look', what]));
});

test('so is one at the body of a provider’s message, which says who paid', async () => {
  await postWebhook(api.url, 'zeffy', zeffyPayment({ amount: 300 }), { authorization: `Bearer ${zeffyToken}` });
  const { id } = await waitFor('the message', async () => {
    const { body } = await admin.http.get<{ items: { id: string }[] }>('/api/admin/webhook-deliveries');
    return body.items[0];
  });
  expect(await looks(`webhook-delivery:${id}`)).toEqual([]);
  expect((await admin.http.get(`/api/admin/webhook-deliveries/${id}`)).status).toBe(200);
  expect((await admin.http.get('/api/admin/webhook-deliveries/zeffy:none')).status).toBe(404);
  expect(await looks(`webhook-delivery:${id}`)).toEqual([[admin.id, 'webhook-delivery.look', undefined]]);
});
