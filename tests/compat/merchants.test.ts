import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connectApp, type App } from './support/app.js';
import { startProduct, type Product } from './support/product.js';

// The merchant app as its integration guide has it: create, update and delete by the super admin, on every client at once, and a poll beside it.

interface Shown {
  id: string;
  name: string;
  isActive: boolean;
}

let product: Product;
let app: App;
beforeAll(async () => {
  product = await startProduct();
}, 120_000);
afterAll(async () => {
  app?.close();
  await product?.stop();
});

test('merchants that a super admin creates, changes and deletes are on every client, and in its poll', async () => {
  const merchantApp = await product.signUp('Merchant App');
  const { http: superAdmin } = await product.admin();
  app = await connectApp(product.url, merchantApp);
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
