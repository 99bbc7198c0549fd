import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PollAnswer } from '@tidings/contracts';
import { cloudinaryHeaders, cloudinarySecret, expectStatus, postWebhook, waitFor, type Account } from '@tidings/testing';
import { connectApp, refusalOf, type App } from './support/app.js';
import { addFunds, startProduct, type Product } from './support/product.js';

// The merchant app as its integration guide has it: what the super admin changes is on every client at once, with a poll beside it; its backend tells of
// its own tables by the webhook of the guide. Of the guide's other snippets: the two lines of `cloudinary_config.dart` and `database_sync_service.dart` set an
// address, a secret and a bearer token, which all of these tests do; the tables are rows of the webhook's messages here; the `flutter` commands start the app.

interface Shown {
  id: string;
  name: string;
  isActive: boolean;
}

let product: Product;
let admin: Account;
const apps: App[] = [];
const open = async (account: Account): Promise<App> => {
  const app = await connectApp(product.url, account);
  apps.push(app);
  return app;
};
beforeAll(async () => {
  product = await startProduct({ CLOUDINARY_API_SECRET: cloudinarySecret });
  admin = await product.admin();
}, 120_000);
afterAll(async () => {
  for (const app of apps) app.close();
  await product?.stop();
});

test('merchants that a super admin creates, changes and deletes are on every client, and in its poll', async () => {
  const merchantApp = await product.signUp('Merchant App');
  const { http: superAdmin } = admin;
  const app = await open(merchantApp);
  const poll = async () => (await merchantApp.http.get<{ items: Shown[] }>('/api/merchants?limit=100')).body.items;

  const details = {
    name: 'Zarya Store',
    ownerName: 'Asha',
    email: 'store@example.com',
    phone: '+91 98',
    address: 'MG Road',
    category: 'retail',
  };
  const { body: created } = await superAdmin.post<Shown>('/api/admin/merchants', details);
  expect(await app.event('merchant-created')).toMatchObject({ merchantId: created.id, merchant: { name: 'Zarya Store' } });
  expect((await poll()).map(({ id }) => id)).toContain(created.id);

  // The whole document, without If-Match, as its forms send it.
  await superAdmin.send('PUT', `/api/admin/merchants/${created.id}`, { ...details, name: 'Zarya Market', isActive: false });
  expect(await app.event('merchant-updated')).toMatchObject({ merchant: { name: 'Zarya Market', isActive: false } });
  expect((await poll()).find(({ id }) => id === created.id)).toMatchObject({ name: 'Zarya Market', isActive: false });

  expect((await superAdmin.send('DELETE', `/api/admin/merchants/${created.id}`)).status).toBe(204);
  expect(await app.event('merchant-deleted')).toMatchObject({ merchantId: created.id });
  expect((await poll()).map(({ id }) => id)).not.toContain(created.id);
});

/** A merchant with somebody who works for it, and their app. */
async function openMerchant(name: string) {
  const { body: merchant } = await expectStatus(
    201,
    admin.http.post<Shown>('/api/admin/merchants', { name, ownerName: 'Asha', email: `${name.toLowerCase()}@example.com` }),
  );
  return { id: merchant.id, ...(await join(merchant.id, name)) };
}
async function join(merchantId: string, name: string) {
  const account = await product.signUp(`Owner of ${name}`);
  await expectStatus(201, admin.http.post(`/api/merchants/${merchantId}/members`, { userId: account.id, role: 'owner' }));
  const owner = await product.logIn(account.email, 'correct horse battery');
  return { owner, app: await open(owner) };
}

describe("the backend's webhook, `{ type, data }`", () => {
  const tell = async (type: string, data: object): Promise<void> => {
    const body = JSON.stringify({ type, data });
    await expectStatus200(postWebhook(product.url, 'cloudinary', body, cloudinaryHeaders(body)));
  };
  const expectStatus200 = async (answer: Promise<Response>) => expect((await answer).status).toBe(200);
  const sqlTime = (time: Date): string => time.toISOString().slice(0, 19).replace('T', ' ');

  test('rows of its tables are on every client: a merchant created, its subscription updated, the merchant updated', async () => {
    const visitor = await open(await product.signUp('Visitor'));
    const row = {
      id: 'merchant-from-mysql-1',
      name: 'Zarya Salon',
      owner_name: 'Asha',
      email: 'salon@example.com',
      phone: '+91 98',
      address: 'MG Road',
      description: null,
      category: 'beauty',
      is_active: 1,
      subscription_id: 'sub-1',
      created_at: sqlTime(new Date()),
      updated_at: sqlTime(new Date()),
    };
    await tell('merchant_created', row);
    const { merchantId } = await visitor.event('merchant-created', ({ merchant }) => (merchant as Shown).name === 'Zarya Salon');
    const { app } = await join(String(merchantId), 'Salon');

    const end = new Date(Date.now() + 60 * 86_400_000);
    const subscription = {
      id: 'sub-1',
      merchant_id: row.id,
      plan: 'premium',
      status: 'active',
      start_date: sqlTime(new Date()),
      end_date: sqlTime(end),
      amount: '2499.00',
      currency: 'INR',
      payment_method: null,
      transaction_id: null,
      notes: null,
      updated_at: sqlTime(new Date(Date.now() + 1_000)),
    };
    await tell('subscription_updated', subscription);
    expect(await app.event('subscription-updated')).toMatchObject({ merchantId, plan: 'premium', status: 'active', currency: 'INR' });
    expect(await app.event('new-notification', ({ category }) => category === 'subscription')).toMatchObject({ data: { merchantId } });

    await tell('merchant_updated', { ...row, name: 'Zarya Spa', is_active: 0, updated_at: sqlTime(new Date(Date.now() + 2_000)) });
    const shown = { merchantId, merchant: { name: 'Zarya Spa', isActive: false } };
    expect(await visitor.event('merchant-updated')).toMatchObject(shown);
    expect(await app.event('merchant-updated')).toMatchObject(shown);
  });

  test('an unknown type is answered as the others are, and a forged one is not', async () => {
    await tell('merchant_celebrated', {});
    const body = JSON.stringify({ type: 'merchant_updated', data: { id: 'merchant-from-mysql-1', name: 'Mallory' } });
    const forged = { ...cloudinaryHeaders(body), 'x-cld-signature': '0'.repeat(40) };
    expect((await postWebhook(product.url, 'cloudinary', body, forged)).status).toBe(400);
  });
});

describe('subscriptions', () => {
  test('a change of plan or status by the super admin, and a renewal, are at the merchant at once', async () => {
    const { id, owner, app } = await openMerchant('Bakery');
    const put = (fields: object) => expectStatus(200, admin.http.send('PUT', `/api/admin/merchants/${id}/subscription`, fields));
    await put({ plan: 'basic' });
    const changed = await app.event('subscription-updated', ({ plan }) => plan === 'basic');
    expect(changed).toMatchObject({ status: 'active', merchantId: id });
    for (const status of ['suspended', 'active']) {
      await put({ status });
      await app.event('subscription-updated', (data) => data['status'] === status && Number(data['version']) > Number(changed['version']));
    }
    await put({ endDate: new Date(Date.now() + 86_400_000).toISOString() });
    await addFunds(product, owner, 200_000);
    await app.event('payment-completed');
    await expectStatus(200, owner.http.post(`/api/merchants/${id}/subscription/renew`, { plan: 'basic' }));
    const renewed = await app.event('subscription-updated', ({ reason }) => reason === 'renewed');
    expect(renewed).toMatchObject({ paymentMethod: 'wallet', amount: 99_900, transactionId: expect.any(String) });
    expect(Date.parse(String(renewed['endDate']))).toBeGreaterThan(Date.now() + 20 * 86_400_000);
  });
});

describe('actions of the super admin', () => {
  test('on many merchants tell each member once, and the system’s events tell everybody', async () => {
    const [one, other] = [await openMerchant('Florist'), await openMerchant('Grocer')];
    const screen = await open(admin);
    const bulk = { action: 'plan', plan: 'premium', ids: [one.id, other.id] };
    await expectStatus(202, admin.http.post('/api/admin/merchants/bulk', bulk));
    expect(await screen.event('bulk-completed')).toMatchObject({ action: 'plan', total: 2, succeeded: 2, failed: [] });
    for (const { app } of [one, other]) {
      await app.event('subscription-updated', ({ plan }) => plan === 'premium');
      expect(await app.event('new-notification', ({ title }) => title === 'Plan changed')).toMatchObject({ category: 'merchant' });
    }
    const maintenance = { title: 'Maintenance', message: 'Back at nine.', kind: 'maintenance' };
    await expectStatus(201, admin.http.post('/api/admin/system-events', maintenance));
    for (const { app } of [one, other]) expect(await app.event('system-event')).toMatchObject(maintenance);
  });
});

describe('the connection', () => {
  test('is authenticated, subscribes, and is kept awake by heartbeats', async () => {
    const { id, owner, app } = await openMerchant('Tailor');
    expect(await app.call('subscribe', { feed: 'merchants' })).toMatchObject({ ok: true, feed: 'merchants' });
    expect(await app.call('subscribe', { feed: `merchant:${id}` })).toMatchObject({ ok: true });
    expect(await app.call('heartbeat', { sentAt: Date.now() })).toMatchObject({ ok: true, serverTime: expect.anything() });
    expect(await refusalOf(product.url, { token: 'nobody', userId: owner.id })).toMatchObject({ code: 'unauthenticated' });
  });

  test('where it fails, the poll brings what was missed', async () => {
    const { id, owner } = await openMerchant('Cobbler');
    const poll = async (query: string) =>
      (await expectStatus(200, owner.http.get<PollAnswer>(`/api/feeds/poll?feeds=merchant:${id}${query}`))).body;
    const { cursors } = await poll('&wait=0');
    await expectStatus(200, admin.http.send('PUT', `/api/admin/merchants/${id}/subscription`, { plan: 'enterprise' }));
    const found = await waitFor('it in the poll', async () => {
      const { entries } = await poll(`&wait=5&cursors=${encodeURIComponent(cursors)}`);
      return entries.find(({ type }) => type === 'subscription-updated');
    });
    expect(found).toMatchObject({ data: { merchantId: id, plan: 'enterprise' } });
  });
});
