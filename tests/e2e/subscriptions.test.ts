import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { reduceInvoices, reduceSubscription, reduceSubscriptions, type Invoice, type Subscription } from '@tidings/contracts';
import {
  caughtUp,
  createStall,
  createWorld,
  expectLiveEqualsFresh,
  expectStatus,
  itemsOf,
  topUp,
  waitFor,
  type Account,
  type Stall,
  type World,
} from '@tidings/testing';

let world: World;
let admin: Account;
beforeAll(async () => {
  world = await createWorld({ env: { INVOICE_ISSUER: 'Festival Ltd|1 Lake Road, Bengaluru|GSTIN 29ABCDE1234F1Z5' } });
  admin = await world.admin();
});
afterAll(() => world.stop());

const pathOf = ({ merchant }: Stall): string => `/api/merchants/${merchant.id}`;
const balanceOf = async ({ http }: Account): Promise<number> => (await http.get<{ balance: number }>('/api/wallet')).body.balance;
async function funded(stall: Stall, amount: number): Promise<void> {
  await topUp(world, stall.owner, amount);
  await waitFor('the money', async () => (await balanceOf(stall.owner)) === amount);
}

describe('a merchant’s subscription', () => {
  test('live equals fresh, for its owner and for administrators', async () => {
    const stall = await createStall(world);
    await funded(stall, 600_000);
    await world.settled();
    const [owner, boss] = [await world.connect(stall.owner), await world.connect(admin)];
    const path = pathOf(stall);
    const { body: first } = await stall.owner.http.get<Subscription>(`${path}/subscription`);
    const listed = await itemsOf<Subscription>(admin.http, '/api/admin/subscriptions');
    await expectStatus(200, stall.owner.http.post(`${path}/subscription/renew`, { plan: 'basic' }));
    await expectStatus(200, stall.owner.http.post(`${path}/subscription/plan`, { plan: 'premium' }));
    await expectStatus(200, stall.owner.http.post(`${path}/subscription/plan`, { plan: 'basic' }));
    await expectStatus(200, stall.owner.http.post(`${path}/subscription/cancel`));
    await expectStatus(
      200,
      admin.http.send('PUT', `/api/admin${path.slice(4)}/subscription`, { status: 'suspended', notes: 'Late papers' }),
    );
    await world.settled();
    await Promise.all([caughtUp(owner), caughtUp(boss)]);
    await expectLiveEqualsFresh<Subscription | null>({
      client: owner,
      initial: first,
      reduce: reduceSubscription,
      fetch: async () => (await stall.owner.http.get<Subscription>(`${path}/subscription`)).body,
    });
    await expectLiveEqualsFresh<readonly Invoice[]>({
      client: owner,
      initial: [],
      reduce: reduceInvoices,
      fetch: () => itemsOf<Invoice>(stall.owner.http, `${path}/invoices`),
    });
    await expectLiveEqualsFresh<readonly Subscription[]>({
      client: boss,
      initial: listed,
      reduce: reduceSubscriptions,
      fetch: () => itemsOf<Subscription>(admin.http, '/api/admin/subscriptions'),
    });
    const told = await itemsOf<{ category: string; message: string }>(stall.owner.http, '/api/notifications');
    const own = told.filter(({ category }) => category === 'subscription').map(({ message }) => message);
    expect(own[0]).toBe('Your premium subscription is suspended: open orders can be finished, new sales are paused.');
    expect(own.at(-1)).toMatch(/^Your basic subscription is paid, and ends on \d{4}-\d\d-\d\d\.$/);
  });

  test('is renewed with what a provider was paid, once', async () => {
    const stall = await createStall(world);
    const path = pathOf(stall);
    const asked = await expectStatus(
      200,
      stall.owner.http.post<{ subscription: Subscription; topUp: { id: string; amount: number } }>(`${path}/subscription/renew`, {
        plan: 'premium',
        paymentMethod: 'sandbox',
      }),
    );
    expect(asked.body.subscription.plan).toBe('freeTrial');
    const get = async () => (await stall.owner.http.get<Subscription>(`${path}/subscription`)).body;
    await waitFor('the payment', async () => (await get()).plan === 'premium');
    expect(await get()).toMatchObject({ status: 'active', paymentMethod: 'sandbox', amount: asked.body.topUp.amount });
    expect(await balanceOf(stall.owner)).toBe(0);
    expect(await itemsOf<Invoice>(stall.owner.http, `${path}/invoices`)).toMatchObject([{ paymentMethod: 'sandbox', plan: 'premium' }]);
  });

  test('is nobody else’s: strangers, customers and members who own nothing are refused', async () => {
    const stall = await createStall(world);
    const [stranger, staff] = [await world.signUp('Stranger'), await world.signUp('Staff')];
    await expectStatus(201, stall.owner.http.post(`${pathOf(stall)}/members`, { userId: staff.id, role: 'staff' }));
    for (const path of ['/subscription', '/subscription/usage', '/invoices'])
      expect((await stranger.http.get(`${pathOf(stall)}${path}`)).status).toBe(403);
    expect((await staff.http.get(`${pathOf(stall)}/subscription`)).status).toBe(200);
    expect((await staff.http.post(`${pathOf(stall)}/subscription/renew`, { plan: 'basic' })).body).toMatchObject({ code: 'forbidden' });
    expect((await staff.http.post(`${pathOf(stall)}/subscription/cancel`)).body).toMatchObject({ code: 'forbidden' });
    expect((await stall.owner.http.get('/api/admin/subscriptions')).status).toBe(403);
  });
});

describe('an invoice as PDF', () => {
  test('has its number, its parties, its lines and its total, and names in letters that it can show', async () => {
    const stall = await createStall(world);
    await funded(stall, 600_000);
    await expectStatus(200, admin.http.send('PUT', `/api/admin${pathOf(stall).slice(4)}`, { ownerName: 'रवि Müller' }));
    await expectStatus(200, stall.owner.http.post(`${pathOf(stall)}/subscription/renew`, { plan: 'basic' }));
    const [invoice] = await itemsOf<Invoice>(stall.owner.http, `${pathOf(stall)}/invoices`);
    const get = (account: Account) =>
      fetch(`${world.apiUrl}${pathOf(stall)}/invoices/${invoice!.id}.pdf`, { headers: { authorization: `Bearer ${account.token}` } });
    const answer = await get(stall.owner);
    expect(answer.headers.get('content-type')).toBe('application/pdf');
    expect(answer.headers.get('content-disposition')).toContain(`invoice-${invoice!.number}.pdf`);
    const bytes = Buffer.from(await answer.arrayBuffer());
    const text = execFileSync(process.execPath, [join(__dirname, 'support/pdf-text-child.mjs')], { input: bytes, encoding: 'utf8' });
    const total = `${(invoice!.total / 100).toFixed(2)} INR`;
    for (const words of [
      `Invoice ${invoice!.number}`,
      'From Festival Ltd 1 Lake Road, Bengaluru GSTIN 29ABCDE1234F1Z5 Billed to',
      invoice!.billedTo.email,
      'rvi Müller',
      `${invoice!.lines[0]!.description} ${total}`,
      `Total ${total}`,
    ])
      expect(text.replaceAll(/\s+/g, ' ')).toContain(words);
    expect((await get(await world.signUp('Stranger'))).status).toBe(403);
    const other = await createStall(world);
    const foreign = await fetch(`${world.apiUrl}${pathOf(other)}/invoices/${invoice!.id}.pdf`, {
      headers: { authorization: `Bearer ${other.owner.token}` },
    });
    expect(foreign.status).toBe(404);
  });
});
