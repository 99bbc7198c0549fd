import { postStripeEvent, stripeEvent, waitFor } from '@tidings/testing';
import type { Person, TestApi } from './api.js';

export const stripeSecret = 'whsec_for_tests_only';

export interface Shop {
  vendorId: string;
  itemId: string;
  owner: Person;
}

/** A merchant with an owner and one item at 100, made as an administrator and its owner make them. */
export async function openShop(api: TestApi, item: Record<string, unknown> = {}): Promise<Shop> {
  const admin = await api.admin();
  const owner = await api.register({ name: 'Ravi' });
  const merchant = await admin.http.post('/api/admin/merchants', {
    name: `Chai House of ${owner.id}`,
    ownerName: 'Ravi',
    email: owner.email,
  });
  const vendorId = String(merchant.body['id']);
  await admin.http.post(`/api/merchants/${vendorId}/members`, { userId: owner.id, role: 'owner' });
  const { body } = await owner.http.post(`/api/merchants/${vendorId}/items`, { name: 'Masala chai', price: 100, ...item });
  return { vendorId, itemId: String(body['id']), owner };
}

/** A customer with money, which came by a signed webhook. */
export async function customerWith(api: TestApi, amount: number): Promise<Person> {
  const person = await api.register();
  const topUp = await person.http.post('/api/wallet/top-ups', { amount, provider: 'stripe' });
  await postStripeEvent(api.url, stripeSecret, stripeEvent({ topUpId: String(topUp.body['id']), amount }));
  await waitFor('the top-up', async () => (await person.http.get('/api/wallet')).body['balance'] === amount);
  return person;
}
