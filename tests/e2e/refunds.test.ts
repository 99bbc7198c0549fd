import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { reduceReconciliations, reduceRefunds, reduceWallet, type Reconciliation, type Refund, type Wallet } from '@tidings/contracts';
import {
  createStall,
  createWorld,
  expectLiveEqualsFresh,
  expectStatus,
  itemsOf,
  waitFor,
  type Account,
  type Stall,
  type World,
} from '@tidings/testing';
import { ledgerProblems } from './support/ledger.js';

let world: World;
let stall: Stall;
let admin: Account;
let customer: Account;
beforeAll(async () => {
  world = await createWorld();
  [stall, admin, customer] = await Promise.all([createStall(world, { price: 400 }), world.admin(), world.signUp('Asha')]);
});
afterAll(() => world.stop());

const walletOf = async (): Promise<Wallet> => (await expectStatus(200, customer.http.get<Wallet>('/api/wallet'))).body;
const refundsSeen = (): Promise<readonly Refund[]> => itemsOf(admin.http, '/api/admin/refunds?limit=100');
const give = async (body: object): Promise<Refund> => (await expectStatus(201, admin.http.post<Refund>('/api/admin/refunds', body))).body;

test('an administrator gives back a part of an order and of a top-up, and every screen shows what a fresh one fetches', async () => {
  const office = await world.connect(admin);
  const phone = await world.connect(customer);
  const { body: topUp } = await expectStatus(
    201,
    customer.http.post<{ id: string }>('/api/wallet/top-ups', { amount: 1_000, provider: 'sandbox' }),
  );
  await waitFor('the top-up', async () => (await walletOf()).balance === 1_000);
  const items = [{ itemId: stall.item.id, quantity: 1 }];
  const { body: order } = await expectStatus(
    201,
    customer.http.post<{ id: string }>('/api/orders', { vendorId: stall.merchant.id, items }),
  );

  expect(await give({ orderId: order.id, amount: 150, reason: 'Cold tea' })).toMatchObject({
    status: 'succeeded',
    paymentMethod: 'wallet',
  });
  const refused = await admin.http.post('/api/admin/refunds', { orderId: order.id, amount: 251, reason: 'Too much' });
  expect(refused).toMatchObject({ status: 409, body: { code: 'refund-exceeds-payment' } });
  expect(await walletOf()).toMatchObject({ balance: 750 });

  const refund = await give({ topUpId: topUp.id, amount: 300, reason: 'Paid too much' });
  expect(refund).toMatchObject({ status: 'pending', amount: 300, paymentMethod: 'sandbox', userId: customer.id });
  await waitFor('the refund', async () => (await refundsSeen()).find(({ id, status }) => id === refund.id && status === 'succeeded'));
  await world.settled();
  expect(await walletOf()).toMatchObject({ balance: 450, held: 0 });

  await waitFor('the last event', () => office.received.filter(({ type }) => type === 'refund-updated').length === 3);
  const { version } = await walletOf();
  await waitFor('the newest balance', () => phone.received.some(({ payload }) => payload['version'] === version));
  await expectLiveEqualsFresh<readonly Refund[]>({ client: office, initial: [], reduce: reduceRefunds, fetch: refundsSeen });
  await expectLiveEqualsFresh<Wallet | null>({ client: phone, initial: null, reduce: reduceWallet, fetch: walletOf });
  await waitFor('the roll-ups', async () => (await world.mongo.db.collection('postings').countDocuments({ pending: true })) === 0);
  expect(await ledgerProblems(world.mongo)).toEqual([]);
});

test('what an administrator gives back is told to the merchant, by its feed and a notification; what a member does, by the feed', async () => {
  const guest = await world.signUp('Ravi');
  const { http } = stall.owner;
  const kitchen = await world.connect(stall.owner);
  await expectStatus(201, guest.http.post('/api/wallet/top-ups', { amount: 1_000, provider: 'sandbox' }));
  await waitFor('the top-up', async () => (await guest.http.get<Wallet>('/api/wallet')).body.balance === 1_000);
  const items = [{ itemId: stall.item.id, quantity: 1 }];
  const { body: order } = await expectStatus(201, guest.http.post<{ id: string }>('/api/orders', { vendorId: stall.merchant.id, items }));
  const { body: own } = await expectStatus(200, guest.http.get<{ code: string }>('/api/me/qr?format=json'));
  const ask = { code: own.code, amount: 500, capture: 'manual' };
  const { body: request } = await expectStatus(201, http.post<{ id: string }>(`/api/merchants/${stall.merchant.id}/payment-requests`, ask));
  await expectStatus(200, guest.http.post(`/api/payment-requests/${request.id}/decision`, { decision: 'accept' }));
  await expectStatus(200, http.post(`/api/payment-requests/${request.id}/capture`));

  await expectStatus(200, http.post(`/api/orders/${order.id}/refunds`, { amount: 50, reason: 'Late' }));
  await expectStatus(200, http.post(`/api/payment-requests/${request.id}/refunds`, { amount: 50, reason: 'Late' }));
  await give({ orderId: order.id, amount: 30, reason: 'Goodwill' });
  await give({ paymentRequestId: request.id, amount: 20, reason: 'Goodwill' });
  await world.settled();
  await waitFor('the last step', () =>
    kitchen.of('payment-request-updated').some(({ paymentRequest }) => (paymentRequest as { refunded?: number }).refunded === 70),
  );
  await kitchen.event('order-updated', ({ order: changed }) => (changed as { refunded: number }).refunded === 80);
  await kitchen.event('new-notification', ({ title }) => title === 'Payment refunded');
  await kitchen.event('new-notification', ({ title }) => title === 'Order refunded');
  const told = kitchen.of('new-notification').filter(({ title }) => String(title).endsWith('refunded'));
  expect(told.map(({ message }) => String(message)).toSorted()).toEqual([
    expect.stringContaining('of a payment back to Ravi: ₹0.70 of ₹5.00 in all.'),
    expect.stringMatching(/of order #\d+ back to Ravi: ₹0\.80 of ₹4\.00 in all\./),
  ]);
});

test('comparisons with providers, the daily one and one that was asked for, are live what a fresh fetch shows', async () => {
  const office = await world.connect(admin, { cursors: { admin: 0 } });
  const { body: asked } = await expectStatus(
    202,
    admin.http.post<{ items: Reconciliation[] }>('/api/admin/reconciliations', { provider: 'sandbox' }),
  );
  const shown = async (): Promise<readonly Reconciliation[]> =>
    (await expectStatus(200, admin.http.get<{ items: Reconciliation[] }>('/api/admin/reconciliations?limit=100'))).body.items;
  const isTold = ({ id, version }: Reconciliation): boolean =>
    office.of('reconciliation-updated').some(({ reconciliation }) => {
      const told = reconciliation as Reconciliation;
      return told.id === id && told.version === version;
    });
  await waitFor('all of them to end and to be told', async () => {
    const all = await shown();
    return all.every((one) => one.status === 'completed' && isTold(one));
  });
  expect((await shown()).map(({ requestedBy }) => requestedBy)).toEqual([...asked.items.map(() => admin.id), null]);
  await expectLiveEqualsFresh<readonly Reconciliation[]>({ client: office, initial: [], reduce: reduceReconciliations, fetch: shown });
});
