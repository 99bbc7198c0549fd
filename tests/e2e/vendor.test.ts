import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  emptyQueue,
  reduceMerchantBalance,
  reducePayouts,
  reduceQueue,
  reduceSelling,
  type MerchantBalance,
  type Order,
  type Payout,
  type QueueEntry,
  type Selling,
} from '@tidings/contracts';
import {
  caughtUp,
  createCustomer,
  createStall,
  createWorld,
  expectLiveEqualsFresh,
  expectStatus,
  stateOf,
  waitFor,
  type Account,
  type Stall,
  type World,
} from '@tidings/testing';

let world: World;
let stall: Stall;
let path: string;
beforeAll(async () => {
  world = await createWorld({ gateways: 2 });
  stall = await createStall(world, { price: 1_000 });
  path = `/api/merchants/${stall.merchant.id}`;
});
afterAll(() => world.stop());

const get = async <T>(account: Account, of: string): Promise<T> => (await expectStatus(200, account.http.get<T>(of))).body;

test('a customer sees a stall pause, and open again when the clock says so', async () => {
  const guest = await world.signUp('Guest');
  const client = await world.connect(guest);
  const feed = `merchant:${stall.merchant.id}:menu`;
  expect(await client.call('subscribe', { feed })).toMatchObject({ ok: true });
  const until = new Date(Date.now() + 1_500).toISOString();
  await expectStatus(200, stall.owner.http.post(`${path}/pause`, { until }));
  await client.event('merchant-status', ({ open, pausedUntil }) => open === false && pausedUntil === until);
  const order = { vendorId: stall.merchant.id, items: [{ itemId: stall.item.id, quantity: 1 }] };
  const refused = await guest.http.post<{ code: string }>('/api/orders', order);
  expect(refused).toMatchObject({ status: 409, body: { code: 'merchant-closed' } });
  await client.event('merchant-status', ({ open }) => open === true);
  await world.settled();
  await caughtUp(client);
  await expectLiveEqualsFresh<Selling | null>({ client, initial: null, reduce: reduceSelling, fetch: () => get(guest, `${path}/selling`) });
});

test("a vendor's queue, balance and payouts on a screen are what a new one fetches; administrators follow the payouts too", async () => {
  const { owner } = stall;
  const admin = await world.admin();
  const [kitchen, office] = [await world.connect(owner, { gateway: 0 }), await world.connect(admin, { gateway: 1 })];
  const buyer = await createCustomer(world, 10_000, 'Buyer');
  const ids: string[] = [];
  for (let made = 0; made < 4; made++) {
    const body = { vendorId: stall.merchant.id, items: [{ itemId: stall.item.id, quantity: 1 }] };
    ids.push((await expectStatus(201, buyer.http.post<Order>('/api/orders', body))).body.id);
  }
  const move = (id: string | undefined, status: string) => expectStatus(200, owner.http.patch(`/api/orders/${id}/status`, { status }));
  await move(ids[0], 'preparing');
  await move(ids[1], 'rejected');
  await move(ids[2], 'preparing');
  await move(ids[2], 'ready');
  await move(ids[2], 'completed');

  const ask = async (amount: number) => (await expectStatus(201, owner.http.post<Payout>(`${path}/payouts`, { amount }))).body.id;
  const decide = (id: string, decision: string) => expectStatus(200, admin.http.post(`/api/admin/payouts/${id}/decision`, { decision }));
  await decide(await ask(1_000), 'accept');
  await decide(await ask(500), 'decline');
  await ask(200);
  expect(await owner.http.post(`${path}/payouts`, { amount: 1_801 })).toMatchObject({ status: 409, body: { code: 'insufficient-funds' } });

  await waitFor('the balance', async () => (await get<MerchantBalance>(owner, `${path}/balance`)).balance === 1_800);
  await world.settled();
  await Promise.all([kitchen, office].map(caughtUp));
  const queue = stateOf(kitchen, emptyQueue, reduceQueue);
  const fetched = await get<{ items: QueueEntry[] }>(owner, `${path}/queue`);
  expect(queue.orders).toEqual(
    fetched.items.map((entry) => {
      const { ageSeconds: _, ...order } = entry;
      return order;
    }),
  );
  expect(queue.orders.map(({ id }) => id)).toEqual([ids[0], ids[3]]);
  await expectLiveEqualsFresh<MerchantBalance | null>({
    client: kitchen,
    initial: null,
    reduce: reduceMerchantBalance,
    fetch: () => get(owner, `${path}/balance`),
  });
  const payouts = (account: Account, of: string) => async () => (await get<{ items: Payout[] }>(account, of)).items;
  await expectLiveEqualsFresh<readonly Payout[]>({
    client: kitchen,
    initial: [],
    reduce: reducePayouts,
    fetch: payouts(owner, `${path}/payouts`),
  });
  await expectLiveEqualsFresh<readonly Payout[]>({
    client: office,
    initial: [],
    reduce: reducePayouts,
    fetch: payouts(admin, '/api/admin/payouts'),
  });
  await kitchen.event('new-notification', ({ title }) => title === 'Payout declined');
  await office.event('new-notification', ({ title }) => title === 'Payout requested');
});
