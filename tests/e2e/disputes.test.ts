import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { reduceDisputes, reduceTransactions, reduceWallet, type Dispute, type Wallet, type WalletTransaction } from '@tidings/contracts';
import {
  createStall,
  createWorld,
  expectLiveEqualsFresh,
  expectStatus,
  itemsOf,
  postStripeEvent,
  stripeDispute,
  topUp,
  waitFor,
  type Account,
  type World,
} from '@tidings/testing';
import { ledgerProblems } from './support/ledger.js';

let world: World;
let admin: Account;
beforeAll(async () => {
  world = await createWorld();
  admin = await world.admin();
});
afterAll(() => world.stop());

const disputesSeen = (query = ''): Promise<readonly Dispute[]> => itemsOf(admin.http, `/api/admin/disputes?limit=100${query}`);
const bankSays = async (topUpId: string, amount: number, status?: string): Promise<void> => {
  const event = stripeDispute({ topUpId, amount, ...(status ? { status } : {}) });
  expect((await postStripeEvent(world.apiUrl, world.stripeSecret, event)).status).toBe(200);
};
const walletOf = async ({ http }: Account): Promise<Wallet> => (await expectStatus(200, http.get<Wallet>('/api/wallet'))).body;
const toppedUp = async (customer: Account, amount: number): Promise<string> => {
  const { balance } = await walletOf(customer);
  const id = await topUp(world, customer, amount);
  await waitFor('the top-up', async () => (await walletOf(customer)).balance === balance + amount);
  return id;
};

test('administrators see each dispute as a fresh list shows it, and the customer sees what is frozen and why', async () => {
  const [stall, customer] = await Promise.all([createStall(world, { price: 400 }), world.signUp('Asha')]);
  const [office, phone] = await Promise.all([world.connect(admin), world.connect(customer)]);
  const [first, second, third] = [await toppedUp(customer, 1_000), await toppedUp(customer, 700), await toppedUp(customer, 500)];
  const items = [{ itemId: stall.item.id, quantity: 1 }];
  await expectStatus(201, customer.http.post('/api/orders', { vendorId: stall.merchant.id, items }));

  for (const [id, amount] of [
    [first, 1_000],
    [second, 700],
    [third, 500],
  ] as const) {
    await bankSays(id, amount);
    await waitFor('the dispute', async () => (await disputesSeen(`&topUpId=${id}`)).length === 1);
  }
  // 2,200 came in and 400 were spent: the last one finds only 100.
  expect(await disputesSeen('&status=opened')).toMatchObject([
    { topUpId: third, amount: 500, frozen: 100, provider: 'stripe', userId: customer.id, reason: 'fraudulent' },
    { topUpId: second, amount: 700, frozen: 700 },
    { topUpId: first, amount: 1_000, frozen: 1_000 },
  ]);
  expect(await walletOf(customer)).toMatchObject({ balance: 0, held: 1_800 });
  const frozen = await itemsOf<WalletTransaction>(customer.http, '/api/wallet/transactions?type=dispute');
  expect(frozen.map(({ amount, topUpId, description }) => ({ amount, topUpId, description }))).toEqual(
    [third, second, first].map((topUpId, index) => ({
      amount: [-100, -700, -1_000][index],
      topUpId,
      description: 'A bank disputes the top-up: fraudulent',
    })),
  );

  await bankSays(first, 1_000, 'won');
  await bankSays(second, 700, 'lost');
  await waitFor('the decisions', async () => (await disputesSeen('&status=opened')).length === 1);
  await world.settled();
  expect(await disputesSeen('&status=won')).toMatchObject([{ topUpId: first, version: 2, closedAt: expect.any(String) }]);
  expect(await disputesSeen(`&status=lost&userId=${customer.id}`)).toMatchObject([{ topUpId: second, version: 2 }]);

  await waitFor('the last event', () => office.of('payment-disputed').length === 5);
  const { version } = await walletOf(customer);
  await waitFor('the newest balance', () => phone.received.some(({ payload }) => payload['version'] === version));
  await expectLiveEqualsFresh<readonly Dispute[]>({ client: office, initial: [], reduce: reduceDisputes, fetch: disputesSeen });
  await expectLiveEqualsFresh<Wallet | null>({ client: phone, initial: null, reduce: reduceWallet, fetch: () => walletOf(customer) });
  await expectLiveEqualsFresh<readonly WalletTransaction[]>({
    client: phone,
    initial: [],
    reduce: reduceTransactions,
    fetch: () => itemsOf(customer.http, '/api/wallet/transactions?limit=100'),
  });
  await waitFor('the roll-ups', async () => (await world.mongo.db.collection('postings').countDocuments({ pending: true })) === 0);
  expect(await ledgerProblems(world.mongo)).toEqual([]);
});

test('the list goes on from its cursor, with the filter, and is for administrators', async () => {
  const customer = await world.signUp('Ravi');
  for (const amount of [100, 200, 300]) {
    const id = await toppedUp(customer, amount);
    await bankSays(id, amount);
    await waitFor('the dispute', async () => (await disputesSeen(`&topUpId=${id}`)).length === 1);
  }
  const seen: number[] = [];
  let cursor: string | null = '';
  do {
    const path: string = `/api/admin/disputes?limit=2&userId=${customer.id}${cursor ? `&cursor=${cursor}` : ''}`;
    const { body } = await expectStatus(200, admin.http.get<{ items: Dispute[]; nextCursor: string | null }>(path));
    seen.push(...body.items.map(({ amount }) => amount));
    cursor = body.nextCursor;
  } while (cursor);
  expect(seen).toEqual([300, 200, 100]);
  await expectStatus(403, customer.http.get('/api/admin/disputes'));
});
