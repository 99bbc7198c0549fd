import type { Account, People } from './people.js';
import type { World } from './world.js';
import type { TestClient } from './client.js';
import { postStripeEvent, stripeEvent } from './stripe.js';
import type { Answer, Http } from './http.js';
import { waitFor } from './wait.js';

export interface Stall {
  merchant: { id: string; name: string };
  owner: Account;
  item: { id: string; name: string; price: number };
}

/** A merchant with an owner and one item on its menu. */
export async function createStall(
  world: Pick<People, 'admin' | 'signUp'>,
  options: { price?: number; stock?: number } = {},
): Promise<Stall> {
  const admin = await world.admin();
  const owner = await world.signUp('Vendor Owner');
  const { body: merchant } = await expectStatus(
    201,
    admin.http.post<Stall['merchant']>('/api/admin/merchants', { name: `Stall ${owner.id}`, ownerName: owner.name, email: owner.email }),
  );
  await expectStatus(201, admin.http.post(`/api/merchants/${merchant.id}/members`, { userId: owner.id, role: 'owner' }));
  const { price = 4_000, stock } = options;
  const { body: item } = await expectStatus(
    201,
    owner.http.post<Stall['item']>(`/api/merchants/${merchant.id}/items`, {
      name: 'Masala chai',
      price,
      ...(stock === undefined ? {} : { stock }),
    }),
  );
  return { merchant, owner, item };
}

/** Tops a wallet up as Stripe would: by a signed event. Answers with the top-up's id; the credit follows. */
export async function topUp(world: Pick<World, 'apiUrl' | 'stripeSecret'>, account: Account, amount: number): Promise<string> {
  const { body } = await expectStatus(
    201,
    account.http.post<{ id: string; currency: string }>('/api/wallet/top-ups', { amount, provider: 'stripe' }),
  );
  const posted = await postStripeEvent(
    world.apiUrl,
    world.stripeSecret,
    stripeEvent({ topUpId: body.id, amount, currency: body.currency }),
  );
  if (posted.status !== 200) throw new Error(`The webhook answered ${posted.status}: ${await posted.text()}`);
  return body.id;
}

/** A customer with money in the wallet. @param amount minor units */
export async function createCustomer(
  world: Pick<World, 'apiUrl' | 'stripeSecret' | 'signUp'>,
  amount: number,
  name = 'Asha',
): Promise<Account> {
  const customer = await world.signUp(name);
  await topUp(world, customer, amount);
  await waitFor('the money', async () => (await customer.http.get<{ balance: number }>('/api/wallet')).body.balance === amount);
  return customer;
}

/** Until the client has all that was numbered so far. */
export async function caughtUp(client: Pick<TestClient, 'call' | 'cursors'>): Promise<void> {
  await waitFor('the client to catch up', async () => {
    const { heads } = (await client.call('heartbeat')) as { heads: Record<string, number> };
    return Object.entries(heads).every(([feed, head]) => (client.cursors[feed] ?? 0) >= head);
  });
}

/** The first page of a list. @throws Error when it is refused */
export async function itemsOf<T>(http: Http, path: string): Promise<readonly T[]> {
  return (await expectStatus(200, http.get<{ items: T[] }>(path))).body.items;
}

/** @throws Error with the answer's body, when the status is another */
export async function expectStatus<T>(status: number, pending: Promise<Answer<T>>): Promise<Answer<T>> {
  const answer = await pending;
  if (answer.status !== status) throw new Error(`Expected ${status}, got ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer;
}
