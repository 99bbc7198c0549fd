import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  assertContiguous,
  createStall,
  createWorld,
  eventsOf,
  expectStatus,
  topUp,
  waitFor,
  type Account,
  type Stall,
  type TestClient,
  type World,
} from '@tidings/testing';

let world: World;
let stall: Stall;
let customer: Account;
let screens: { customer: TestClient; tablet: TestClient; vendor: TestClient; admin: TestClient };

beforeAll(async () => {
  world = await createWorld({ gateways: 2 });
  stall = await createStall(world);
  customer = await world.signUp('Asha');
  screens = {
    customer: await world.connect(customer, { gateway: 0, userId: customer.id }),
    tablet: await world.connect(customer, { gateway: 1, socket: { transports: ['polling'] } }),
    vendor: await world.connect(await world.logIn(stall.owner.email, 'correct horse battery'), { gateway: 1 }),
    admin: await world.connect(await world.admin(), { gateway: 0 }),
  };
});

afterAll(async () => {
  await world.stop();
});

describe('a payment, an order and its way to the counter reach every screen, through two gateways', () => {
  let orderId: string;

  test('a signed Stripe event tops the wallet up', async () => {
    const topUpId = await topUp(world, customer, 10_000);
    for (const screen of [screens.customer, screens.tablet]) {
      expect(await screen.event('payment-completed')).toMatchObject({
        userId: customer.id,
        amount: 10_000,
        currency: 'INR',
        newBalance: 10_000,
        paymentMethod: 'stripe',
      });
      expect(await screen.event('balance-updated')).toMatchObject({ newBalance: 10_000, oldBalance: 0, amount: 10_000 });
    }
    expect(await screens.admin.event('payment-completed')).toMatchObject({ userId: customer.id, amount: 10_000 });
    expect(topUpId).toEqual(expect.any(String));
    const { body } = await customer.http.get('/api/wallet');
    expect(body).toMatchObject({ userId: customer.id, balance: 10_000, held: 0, currency: 'INR' });
  });

  test('an order is paid and shown to both sides, and the writer can wait for its own screen', async () => {
    const placed = await expectStatus(
      201,
      customer.http.post<{ id: string; status: string; version: number }>(
        '/api/orders',
        { vendorId: stall.merchant.id, items: [{ itemId: stall.item.id, quantity: 2 }], price: 8_000 },
        { 'idempotency-key': 'order-1' },
      ),
    );
    orderId = placed.body.id;
    const events = eventsOf(placed);
    expect(events.map(({ feed }) => feed)).toContain(`user:${customer.id}`);
    await screens.customer.seen(events);
    expect(screens.customer.of('new-order')).toMatchObject([
      { orderId, vendorId: stall.merchant.id, item: stall.item.name, price: 8_000, currency: 'INR' },
    ]);
    await screens.vendor.event('new-order', (event) => event['orderId'] === orderId);
    await screens.tablet.event('new-order', (event) => event['orderId'] === orderId);
    await screens.admin.event('new-order', (event) => event['orderId'] === orderId);
    await screens.customer.event('balance-updated', (event) => event['newBalance'] === 2_000);
    expect(await screens.vendor.event('balance-updated')).toMatchObject({ merchantId: stall.merchant.id, newBalance: 8_000 });

    const again = await customer.http.post(
      '/api/orders',
      { vendorId: stall.merchant.id, items: [{ itemId: stall.item.id, quantity: 2 }], price: 8_000 },
      { 'idempotency-key': 'order-1' },
    );
    expect([again.status, again.body]).toEqual([201, placed.body]);
    expect(eventsOf(again)).toEqual(events);
  });

  test('an order that the wallet does not cover changes nothing', async () => {
    const refused = await customer.http.post('/api/orders', {
      vendorId: stall.merchant.id,
      items: [{ itemId: stall.item.id, quantity: 1 }],
    });
    expect([refused.status, refused.body['code']]).toEqual([409, 'insufficient-funds']);
    expect((await customer.http.get<{ items: unknown[] }>('/api/orders')).body.items).toHaveLength(1);
  });

  test('the vendor moves it on over the socket, and each screen sees each step', async () => {
    for (const status of ['preparing', 'ready', 'completed']) {
      expect(await screens.vendor.call('update-order-status', { orderId, status })).toMatchObject({ ok: true });
      for (const screen of Object.values(screens))
        await screen.event('order-status-changed', (event) => event['orderId'] === orderId && event['status'] === status);
    }
    expect(await screens.customer.event('order-ready')).toMatchObject({ orderId, vendorId: stall.merchant.id });
    const refused = await screens.customer.call('update-order-status', { orderId, status: 'preparing' });
    expect(refused).toMatchObject({ ok: false, error: { code: expect.any(String) } });
  });

  test('each person is notified once, and the notifications are there to fetch', async () => {
    await world.settled();
    await waitFor('the notification of the last step', () => screens.customer.of('new-notification').length >= 4);
    const { body } = await customer.http.get<{ items: { id: string }[] }>('/api/notifications');
    const shown = screens.customer.of('new-notification').map(({ notificationId }) => notificationId);
    expect(new Set(shown).size).toBe(shown.length);
    expect(shown).toHaveLength(5); // paid in, paid, preparing, ready, completed
    expect(new Set(body.items.map(({ id }) => id))).toEqual(new Set(shown));
  });

  test('every feed came in order, without a gap and without a double', () => {
    for (const screen of Object.values(screens)) assertContiguous(screen);
  });
});

test('a screen that was away gets what it missed, in order, on another gateway', async () => {
  const person = await world.signUp('Traveller');
  const first = await world.connect(person, { gateway: 0 });
  await topUp(world, person, 1_000);
  await first.event('payment-completed');
  await world.settled();
  first.close();
  const cursors = { ...first.cursors };
  await topUp(world, person, 2_000);
  await topUp(world, person, 3_000);
  await world.settled();
  const second = await world.connect(person, { gateway: 1, cursors, epoch: first.hello().epoch });
  await second.event('balance-updated', (event) => event['newBalance'] === 6_000);
  const seqs = [...first.received, ...second.received].flatMap(({ payload }) =>
    payload.meta?.feed === `user:${person.id}` ? [payload.meta.seq] : [],
  );
  expect(seqs).toEqual(seqs.map((_, index) => index + 1));
});

test('logging out ends the live connections of the session on every gateway, and no other', async () => {
  const person = await world.signUp('Leaver');
  const phone = await world.logIn(person.email, 'correct horse battery', 'phone');
  const here = [await world.connect(phone, { gateway: 0 }), await world.connect(phone, { gateway: 1 })];
  const other = await world.connect(person, { gateway: 1 });
  const began = Date.now();
  await expectStatus(204, phone.http.post('/api/auth/logout', {}));
  await waitFor('the connections to end', () => here.every(({ socket }) => socket.disconnected));
  process.stdout.write(`    ended after ${Date.now() - began} ms\n`);
  expect(other.socket.connected).toBe(true);
  await expect(world.connect(phone)).rejects.toMatchObject({ data: { code: expect.stringMatching(/unauthenticated|session-revoked/) } });
});

test('suspending a user ends all of the user’s connections', async () => {
  const person = await world.signUp('Suspended');
  const screen = await world.connect(person, { gateway: 1 });
  const admin = await world.admin();
  await expectStatus(200, admin.http.patch(`/api/admin/users/${person.id}`, { status: 'suspended' }));
  await waitFor('the connection to end', () => screen.socket.disconnected);
  expect((await person.http.get('/api/me')).status).toBe(401);
});
