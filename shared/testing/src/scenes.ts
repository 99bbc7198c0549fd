import type { Account, People } from './people.js';
import type { World } from './world.js';
import { postStripeEvent, stripeEvent } from './stripe.js';
import type { Answer } from './http.js';

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

/** @throws Error with the answer's body, when the status is another */
export async function expectStatus<T>(status: number, pending: Promise<Answer<T>>): Promise<Answer<T>> {
  const answer = await pending;
  if (answer.status !== status) throw new Error(`Expected ${status}, got ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer;
}
