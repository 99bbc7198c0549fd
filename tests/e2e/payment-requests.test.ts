import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { reducePaymentRequests, type PaymentRequest } from '@tidings/contracts';
import {
  createCustomer,
  createStall,
  createWorld,
  expectLiveEqualsFresh,
  expectStatus,
  itemsOf,
  type Account,
  type Stall,
  type TestClient,
  type World,
} from '@tidings/testing';
import { ledgerProblems } from './support/ledger.js';

let world: World;
let stall: Stall;
let customer: Account;
beforeAll(async () => {
  world = await createWorld({ gateways: 2 });
  stall = await createStall(world);
  customer = await createCustomer(world, 50_000);
});
afterAll(() => world.stop());

const codeOf = async ({ http }: Account, path = '/api/me/qr'): Promise<string> =>
  String((await expectStatus(200, http.get(`${path}?format=json`))).body['code']);

const equalsFresh = (client: TestClient, { http }: Account, query: string) =>
  expectLiveEqualsFresh<readonly PaymentRequest[]>({
    client,
    initial: [],
    reduce: reducePaymentRequests,
    fetch: () => itemsOf(http, `/api/payment-requests?limit=100${query}`),
  });

test('customer and merchant see each step in one feed, by socket, and their screens are what a new one fetches', async () => {
  const [guest, vendor] = [await world.connect(customer), await world.connect(stall.owner, { gateway: 1 })];
  const vendorId = stall.merchant.id;
  const ask = async (capture: string) => vendor.call('request-payment', { vendorId, code: await codeOf(customer), amount: 2_500, capture });
  const decide = (paymentRequestId: unknown, decision: string) => guest.call('payment-decision', { paymentRequestId, decision });

  const first = await ask('manual');
  expect(first).toMatchObject({ ok: true, status: 'requested', vendorName: stall.merchant.name, customerName: 'Asha' });
  const feed = `payment:${String(first['id'])}`;
  expect(await guest.call('subscribe', { feed })).toMatchObject({ ok: true, via: `user:${customer.id}` });
  expect(await vendor.call('subscribe', { feed })).toMatchObject({ ok: true, via: `merchant:${vendorId}` });
  const stranger = await world.connect(await world.signUp('Stranger'));
  expect(await stranger.call('subscribe', { feed })).toMatchObject({ ok: false, error: { code: 'forbidden' } });

  expect(await decide(first['id'], 'accept')).toMatchObject({ ok: true, status: 'approved' });
  expect(await vendor.call('capture-payment', { paymentRequestId: first['id'], amount: 2_000 })).toMatchObject({
    ok: true,
    captured: 2_000,
  });
  await expectStatus(
    200,
    stall.owner.http.post(`/api/payment-requests/${String(first['id'])}/refunds`, { amount: 300, reason: 'The tea was cold' }),
  );
  const [second, third, fourth] = [await ask('automatic'), await ask('manual'), await ask('manual')];
  expect(await decide(second['id'], 'accept')).toMatchObject({ ok: true });
  expect(await decide(third['id'], 'decline')).toMatchObject({ ok: true, status: 'declined' });
  expect(await vendor.call('cancel-payment', { paymentRequestId: fourth['id'] })).toMatchObject({ ok: true, status: 'cancelled' });
  for (const client of [guest, vendor])
    await client.event(
      'payment-request-updated',
      ({ paymentRequestId, status }) => paymentRequestId === second['id'] && status === 'captured',
    );
  await world.settled();
  await guest.event('new-notification', ({ title }) => title === 'Payment refunded');
  await guest.event('new-notification', ({ title }) => title === 'Payment requested');
  await vendor.event('new-notification', ({ title }) => title === 'Payment approved');

  await equalsFresh(guest, customer, '');
  await equalsFresh(vendor, stall.owner, `&vendorId=${vendorId}`);
  expect((await customer.http.get('/api/wallet')).body).toMatchObject({ balance: 45_800, held: 0 });
  expect(stranger.of('payment-request-updated')).toEqual([]);
  expect(await ledgerProblems(world.mongo)).toEqual([]);
});

test('codes are images or text, and replayed, forged and foreign ones are refused alike over HTTP and by socket', async () => {
  const path = `/api/merchants/${stall.merchant.id}/qr`;
  const images = await Promise.all(
    ['png', 'svg'].map((format) => stall.owner.http.get(`${path}?format=${format}&itemId=${stall.item.id}`)),
  );
  expect(images.map(({ headers }) => [headers.get('content-type')?.split(';')[0], headers.get('cache-control')])).toEqual([
    ['image/png', 'no-store'],
    ['image/svg+xml', 'no-store'],
  ]);
  const guest = await world.connect(customer);
  const both = async (body: Record<string, unknown>): Promise<unknown[]> => {
    const { body: problem } = await customer.http.post('/api/payments/qr', body);
    const ack = await guest.call('pay-by-code', body);
    return [problem['code'], (ack['error'] as { code: string }).code];
  };
  const { code } = (await stall.owner.http.get<{ code: string }>(`${path}?format=json&itemId=${stall.item.id}`)).body;
  const { price } = stall.item;
  await expectStatus(201, customer.http.post('/api/payments/qr', { code, price }, { 'idempotency-key': 'scan-1' }));
  await expectStatus(201, customer.http.post('/api/payments/qr', { code, price }, { 'idempotency-key': 'scan-1' }));
  expect(await both({ code, price })).toEqual(['code-used', 'code-used']);
  expect(await both({ code: `${code.slice(0, -1)}${code.endsWith('A') ? 'B' : 'A'}`, price })).toEqual(['code-invalid', 'code-invalid']);
  expect(await both({ code: await codeOf(customer), price })).toEqual(['code-foreign', 'code-foreign']);
});
