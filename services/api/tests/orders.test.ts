import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { emptyMenu, reduceMenu, reduceOrders, reduceTransactions, reduceWallet, type AnyEvent } from '@tidings/contracts';
import { eventsOf } from '@tidings/testing';
import { startApi, type Person, type TestApi } from './support/api.js';
import { customerWith, openShop, stripeSecret, type Shop } from './support/shop.js';

describe('orders over HTTP', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startApi({ env: { STRIPE_WEBHOOK_SECRET: stripeSecret } });
  });
  afterAll(() => api.stop());

  const order = (buyer: Person, { vendorId, itemId }: Shop, fields: Record<string, unknown> = {}, headers: Record<string, string> = {}) =>
    buyer.http.post('/api/orders', { vendorId, items: [{ itemId, quantity: 1 }], ...fields }, headers);
  const balanceOf = async (person: Person) => (await person.http.get('/api/wallet')).body['balance'];

  test('an order from placing to pick-up, as customer and vendor see it', async () => {
    const shop = await openShop(api);
    const buyer = await customerWith(api, 250);
    const placed = await order(buyer, shop, { price: 100 });
    expect(placed.status).toBe(201);
    expect(placed.body).toMatchObject({
      userId: buyer.id,
      vendorId: shop.vendorId,
      status: 'placed',
      price: 100,
      currency: 'INR',
      pickupNumber: 1,
      version: 1,
    });
    expect(eventsOf(placed).map(({ feed }) => feed)).toEqual(Array(3).fill(`user:${buyer.id}`));
    expect(placed.headers.get('etag')).toBe('"v1"');
    expect(await balanceOf(buyer)).toBe(150);

    const path = `/api/orders/${String(placed.body['id'])}`;
    const steps = [{ status: 'preparing', estimatedTime: 10 }, { status: 'ready' }, { status: 'completed' }];
    for (const step of steps) expect((await shop.owner.http.patch(`${path}/status`, step)).body).toMatchObject(step);
    expect((await buyer.http.get(path)).body).toMatchObject({ status: 'completed', version: 4, estimatedTime: 10 });
    const types = (await api.eventsOf(buyer.id)).map(({ type }) => type);
    expect(types).toEqual([
      'payment-completed',
      'balance-updated',
      'new-order',
      'payment-completed',
      'balance-updated',
      ...Array(2).fill('order-status-changed'),
      'order-ready',
      'order-status-changed',
    ]);
    expect((await buyer.http.get<{ items: unknown[] }>('/api/orders?open=true')).body.items).toEqual([]);
    expect((await shop.owner.http.get<{ items: unknown[] }>(`/api/orders?vendorId=${shop.vendorId}`)).body.items).toHaveLength(1);
  });

  test('a request repeated with its key is one order and one payment', async () => {
    const shop = await openShop(api);
    const buyer = await customerWith(api, 300);
    const answers = await Promise.all(Array.from({ length: 5 }, () => order(buyer, shop, {}, { 'idempotency-key': 'lunch' })));
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    expect(new Set(answers.map(({ body }) => body['id'])).size).toBe(1);
    expect(new Set(answers.map(({ headers }) => headers.get('tidings-events'))).size).toBe(1);
    expect(await balanceOf(buyer)).toBe(200);
  });

  test('refusals say why, and change nothing', async () => {
    const shop = await openShop(api, { stock: 1 });
    const buyer = await customerWith(api, 150);
    expect((await order(buyer, shop, { price: 99 })).body).toMatchObject({ status: 409, code: 'price-changed' });
    expect((await order(buyer, shop, { items: [{ itemId: shop.itemId, quantity: 2 }] })).body).toMatchObject({
      status: 409,
      code: 'out-of-stock',
    });
    const poor = await api.register();
    expect((await order(poor, shop)).body).toMatchObject({ status: 409, code: 'insufficient-funds' });
    for (const fields of [
      { items: [] },
      { items: [{ itemId: shop.itemId, quantity: 0 }] },
      { vendorId: { $ne: null } },
      { price: -1 },
      { status: 'completed' },
    ]) {
      expect((await order(buyer, shop, fields)).status).toBe(400);
    }
    expect(await balanceOf(buyer)).toBe(150);
    expect((await buyer.http.get(`/api/merchants/${shop.vendorId}/items/${shop.itemId}`)).body).toMatchObject({ stock: 1, version: 1 });
  });

  test('cancelling refunds; a stale version gets 412 with the order as it is', async () => {
    const shop = await openShop(api);
    const buyer = await customerWith(api, 100);
    const { body } = await order(buyer, shop);
    const path = `/api/orders/${String(body['id'])}`;
    const stale = await buyer.http.post(`${path}/cancel`, undefined, { 'if-match': '"v9"' });
    expect(stale.body).toMatchObject({ status: 412, code: 'version-mismatch', current: { id: body['id'], version: 1 } });
    const cancelled = await buyer.http.post(`${path}/cancel`, { reason: 'Train is leaving' }, { 'if-match': '"v1"' });
    expect(cancelled.body).toMatchObject({ status: 'cancelled', reason: 'Train is leaving', version: 2 });
    expect(await balanceOf(buyer)).toBe(100);
    expect((await shop.owner.http.patch(`${path}/status`, { status: 'preparing' })).body['code']).toBe('invalid-transition');
  });

  test('what a client builds from the events is what it would fetch', async () => {
    const shop = await openShop(api, { stock: 10 });
    const buyer = await customerWith(api, 1_000);
    const ids: string[] = [];
    for (let index = 0; index < 4; index++) ids.push(String((await order(buyer, shop)).body['id']));
    await Promise.all([
      shop.owner.http.patch(`/api/orders/${ids[0]}/status`, { status: 'preparing', estimatedTime: 5 }),
      shop.owner.http.patch(`/api/orders/${ids[1]}/status`, { status: 'rejected', reason: 'Sold out' }),
      buyer.http.post(`/api/orders/${ids[2]}/cancel`),
      order(buyer, shop),
    ]);

    const own = (await api.eventsOf(buyer.id)).map((event) => event as unknown as AnyEvent);
    const get = async (path: string) => (await buyer.http.get(path)).body;
    expect(own.reduce(reduceWallet, null)).toEqual(await get('/api/wallet'));
    expect({ items: own.reduce(reduceTransactions, []), nextCursor: null }).toEqual(await get('/api/wallet/transactions'));
    expect({ items: own.reduce(reduceOrders, []), nextCursor: null }).toEqual(await get('/api/orders'));
    const menu = (
      await api.mongo.db
        .collection('outbox')
        .find({ feeds: `merchant:${shop.vendorId}:menu` })
        .toArray()
    ).map((event) => event as unknown as AnyEvent);
    expect({ items: menu.reduce(reduceMenu, emptyMenu).items, nextCursor: null }).toEqual(
      await get(`/api/merchants/${shop.vendorId}/items`),
    );
  });

  test("other people's orders are not there", async () => {
    const [shop, other] = [await openShop(api), await openShop(api)];
    const buyer = await customerWith(api, 100);
    const path = `/api/orders/${String((await order(buyer, shop)).body['id'])}`;
    for (const stranger of [other.owner, await api.register()]) {
      expect((await stranger.http.get(path)).status).toBe(404);
      expect((await stranger.http.patch(`${path}/status`, { status: 'preparing' })).status).toBe(404);
      expect((await stranger.http.post(`${path}/cancel`)).status).toBe(404);
      expect((await stranger.http.get(`/api/orders?vendorId=${shop.vendorId}`)).status).toBe(403);
    }
    expect((await buyer.http.patch(`${path}/status`, { status: 'preparing' })).status).toBe(403);
  });
});
