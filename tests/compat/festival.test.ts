import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  postStripeEvent,
  postWebhook,
  stripeDispute,
  stripeEvent,
  waitFor,
  zeffyHeaders,
  zeffyPayment,
  zeffySecret,
} from '@tidings/testing';
import { connectApp, openApp, refusalOf, type App, type Payload } from './support/app.js';
import { addFunds, openFestival, startProduct, type Festival, type Product } from './support/product.js';

// The festival payment platform's documentation of its sockets, snippet by snippet: what its apps do has to work as it stands, with amounts
// in minor units. The product is what `npm start` runs.

let product: Product;
let festival: Festival;
let customer: App;
let vendor: App;
let admin: App;

beforeAll(async () => {
  product = await startProduct({ ZEFFY_FORM_URL: 'https://zeffy.example/form', ZEFFY_WEBHOOK_SECRET: zeffySecret });
  festival = await openFestival(product);
  customer = await connectApp(product.url, festival.customer);
  vendor = await connectApp(product.url, festival.vendor);
  admin = await connectApp(product.url, festival.admin);
}, 120_000);

afterAll(async () => {
  for (const app of [customer, vendor, admin]) app?.close();
  await product?.stop();
});

const order = (extra: Payload = {}): Payload => ({
  vendorId: festival.stall.merchant.id,
  item: festival.stall.item.name,
  price: festival.stall.item.price,
  ...extra,
});

describe('starting the server', () => {
  test('it logs what its operators wait for', () => {
    for (const line of [
      'Connected to MongoDB',
      'Socket.IO initialized successfully',
      `Listening to port ${product.port}`,
      'WebSocket server ready for connections',
    ]) {
      expect(product.log()).toContain(line);
    }
  });
});

describe('CORS for the React app', () => {
  test.each(['http://localhost:3000', 'https://your-production-domain.com'])('%s may poll and call with credentials', async (origin) => {
    const polled = await fetch(`${product.url}/socket.io/?EIO=4&transport=polling`, { headers: { origin } });
    expect(polled.status).toBe(200);
    const preflight = await fetch(`${product.url}/api/wallet`, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization,content-type' },
    });
    for (const { headers } of [polled, preflight]) {
      expect(headers.get('access-control-allow-origin')).toBe(origin);
      expect(headers.get('access-control-allow-credentials')).toBe('true');
    }
    expect(preflight.headers.get('access-control-allow-methods')).toMatch(/GET.*POST/);
  });

  test('no other page may', async () => {
    const polled = await fetch(`${product.url}/socket.io/?EIO=4&transport=polling`, { headers: { origin: 'https://elsewhere.example' } });
    expect(polled.headers.get('access-control-allow-origin')).toBeNull();
  });
});

describe('authentication: `auth: { token, userId }`', () => {
  test('`connected` tells who it is, and the transport is upgraded to WebSocket', async () => {
    const hello = await customer.event('connected');
    expect(hello).toMatchObject({ userId: festival.customer.id, userType: 'customer', message: expect.any(String) });
    expect(await vendor.event('connected')).toMatchObject({ userId: festival.vendor.id, userType: 'vendor' });
    expect(await admin.event('connected')).toMatchObject({ userId: festival.admin.id, userType: 'admin' });
    expect(customer.isConnected()).toBe(true);
    await waitFor('the upgrade', () => customer.socket.io.engine.transport.name === 'websocket');
  });

  test('no token, a bad one and one of somebody else are refused by their own codes', async () => {
    const { token, id: userId } = festival.customer;
    expect(await refusalOf(product.url, { userId })).toMatchObject({ code: 'unauthenticated' });
    expect(await refusalOf(product.url, { token: 'your-jwt-token', userId: 'your-user-id' })).toMatchObject({ code: 'unauthenticated' });
    expect(await refusalOf(product.url, { token, userId: festival.stranger.id })).toMatchObject({ code: 'forbidden' });
  });
});

describe('the test in a browser’s console', () => {
  test('join-user-room, then the balance is logged when funds are added', async () => {
    const logged: unknown[][] = [];
    const { socket } = customer;
    socket.emit('join-user-room', { userId: festival.customer.id });
    socket.on('balance-updated', (data) => logged.push(['Balance:', data]));
    await addFunds(product, festival.customer, 50_000);
    await waitFor('the balance in the console', () => logged.length > 0);
    expect(logged).toEqual([['Balance:', expect.objectContaining({ newBalance: 50_000, oldBalance: 0, amount: 50_000 })]]);
    expect(customer.of('error')).toEqual([]);
  });
});

describe('connection management in the React app', () => {
  test('`useBalanceUpdates` sets the balance; another user’s never comes', async () => {
    const user = await product.signUp('Hook User');
    const app = await connectApp(product.url, user);
    let state = { name: user.name, balance: 0 };
    app.useBalanceUpdates(user.id, (balanceData) => {
      state = { ...state, balance: balanceData['newBalance'] as number };
    });
    await addFunds(product, festival.stranger, 7_000);
    await addFunds(product, user, 12_000);
    await waitFor('the state', () => state.balance === 12_000);
    expect(app.of('balance-updated')).toHaveLength(1);
    expect(await app.event('payment-completed')).toMatchObject({
      userId: user.id,
      amount: 12_000,
      newBalance: 12_000,
      paymentMethod: 'stripe',
      transactionId: expect.any(String),
    });
    app.close();
    expect(app.isConnected()).toBe(false);
  });

  test('a client that goes away is forgotten, and one that comes back is let in by the same `auth`', async () => {
    const connections = async (): Promise<number> =>
      ((await (await fetch(`${product.url}/health`)).json()) as { connections: number }).connections;
    const before = await connections();
    const app = await connectApp(product.url, festival.stranger);
    expect(await connections()).toBe(before + 1);
    app.socket.io.engine.close();
    await waitFor('its own reconnection', () => app.of('connected').length === 2);
    expect(await connections()).toBe(before + 1);
    app.close();
    await waitFor('the server to forget it', async () => (await connections()) === before);
  });
});

describe('an order’s life, as the tables of core events tell it', () => {
  let orderId: string;
  const told: { type: string; data: Payload }[] = [];

  test('`order-created` without a callback places and pays it, and the vendor is told', async () => {
    customer.useNotifications(festival.customer.id, (type, data) => told.push({ type, data }));
    customer.emitEvent('order-created', order());
    const placed = await vendor.event('new-order');
    orderId = placed['orderId'] as string;
    expect(placed).toMatchObject({
      orderId: expect.any(String),
      userId: festival.customer.id,
      customerName: 'Asha',
      item: festival.stall.item.name,
      price: festival.stall.item.price,
    });
    expect(await customer.event('balance-updated', ({ newBalance }) => newBalance === 46_000)).toMatchObject({
      userId: festival.customer.id,
      oldBalance: 50_000,
      amount: -4_000,
      reason: expect.any(String),
    });
    expect(await vendor.event('new-notification')).toMatchObject({ message: expect.stringContaining('Asha'), type: 'info', orderId });
    expect(await admin.event('new-order')).toMatchObject({ orderId });
  });

  test('with an `orderId`, as older apps send it after paying, it is checked and not placed again', async () => {
    expect(await customer.call('order-created', order({ orderId }))).toMatchObject({ ok: true, id: orderId });
    customer.emitEvent('order-created', order({ orderId }));
    await customer.call('heartbeat');
    expect(vendor.of('new-order')).toHaveLength(1);
  });

  test('preparing → ready → completed: every status reaches the customer, and that it is ready calls for pick-up', async () => {
    customer.emitEvent('join-order-room', { orderId });
    vendor.emitEvent('update-order-status', { orderId, status: 'preparing', estimatedTime: 10 });
    expect(await customer.event('order-status-changed')).toMatchObject({
      orderId,
      status: 'preparing',
      estimatedTime: 10,
      itemName: festival.stall.item.name,
    });
    vendor.emitEvent('update-order-status', { orderId, status: 'ready' });
    expect(await customer.event('order-ready')).toMatchObject({
      orderId,
      itemName: festival.stall.item.name,
      vendorId: festival.stall.merchant.id,
      message: expect.any(String),
    });
    expect(await vendor.call('update-order-status', { orderId, status: 'completed' })).toMatchObject({ ok: true, status: 'completed' });
    await customer.event('order-status-changed', ({ status }) => status === 'completed');
    expect(customer.of('order-status-changed').map(({ status }) => status)).toEqual(['preparing', 'ready', 'completed']);
    expect(customer.of('order-ready')).toHaveLength(1);
  });

  test('`useNotifications` was told each by its name, with message, type, order and time', async () => {
    await waitFor('the notification of the last step', () =>
      told.some(({ type, data }) => type === 'new-notification' && String(data['message']).includes('completed')),
    );
    expect(told.map(({ type }) => type)).toEqual(expect.arrayContaining(['order-ready', 'order-status-changed', 'new-notification']));
    for (const { data } of told.filter(({ type, data: { orderId: of } }) => type === 'new-notification' && of === orderId)) {
      expect(data).toMatchObject({
        message: expect.any(String),
        type: expect.stringMatching(/^(info|success|warning|error)$/),
        orderId,
        timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
      });
    }
  });

  test('the vendor’s earnings follow', async () => {
    expect(await vendor.event('balance-updated', ({ merchantId }) => merchantId === festival.stall.merchant.id)).toMatchObject({
      newBalance: 4_000,
      oldBalance: 0,
      amount: 4_000,
    });
  });

  test('the order’s and the user’s rooms added nothing twice', () => {
    for (const app of [customer, vendor, admin]) {
      const ids = app.received.flatMap(({ data }) => (data['meta'] ? [(data['meta'] as { id: string }).id] : []));
      expect(new Set(ids).size).toBe(ids.length);
    }
  });
});

describe('a vendor’s QR code', () => {
  test('scanned, it shows the items; confirmed, it is paid and ordered, and both sides are told', async () => {
    const { http } = festival.customer;
    const { merchant, item } = festival.stall;
    const { body: shown } = await http.get<{ code: string }>(`/api/merchants/${merchant.id}/qr?format=json`);
    const { body: details } = await http.post('/api/payments/qr/resolve', { code: shown.code });
    expect(details).toMatchObject({ kind: 'stall', merchant: { id: merchant.id }, items: [{ name: item.name, price: item.price }] });
    const paid = await http.post<{ id: string }>('/api/payments/qr', {
      code: shown.code,
      items: [{ itemId: item.id, quantity: 1 }],
      price: item.price,
    });
    expect(paid.status).toBe(201);
    const orderId = paid.body.id;
    expect(await vendor.event('new-order', (data) => data['orderId'] === orderId)).toMatchObject({
      customerName: 'Asha',
      item: item.name,
      price: item.price,
    });
    expect(await customer.event('payment-completed', (data) => data['orderId'] === orderId)).toMatchObject({ paymentMethod: 'wallet' });
    expect(await vendor.event('new-notification', (data) => data['orderId'] === orderId)).toMatchObject({
      message: expect.stringContaining(item.name),
    });
  });
});

describe('funds by a Zeffy form', () => {
  test('the payment is an instant balance update', async () => {
    const user = await product.signUp('Donor');
    const app = await connectApp(product.url, user);
    let state = { balance: 0 };
    app.useBalanceUpdates(user.id, ({ newBalance }) => (state = { balance: newBalance as number }));
    const { body: topUp } = await user.http.post<{ id: string }>('/api/wallet/top-ups', { amount: 2_500, provider: 'zeffy' });
    const payment = zeffyPayment({ amount: 2_500, reference: topUp.id });
    expect((await postWebhook(product.url, 'zeffy', payment, zeffyHeaders(payment))).ok).toBe(true);
    expect(await app.event('payment-completed')).toMatchObject({
      userId: user.id,
      amount: 2_500,
      newBalance: 2_500,
      paymentMethod: 'zeffy',
      transactionId: expect.any(String),
    });
    await waitFor('the balance', () => state.balance === 2_500);
    app.close();
  });
});

describe('a vendor’s menu', () => {
  test('an app that follows it sees items change and the stall pause and resume, and one that does not sees neither', async () => {
    const { merchant, item, owner } = festival.stall;
    const path = `/api/merchants/${merchant.id}`;
    const app = await connectApp(product.url, festival.stranger);
    expect(await app.call('subscribe', { feed: `merchant:${merchant.id}:menu` })).toMatchObject({ ok: true });
    await owner.http.patch(`${path}/items/${item.id}`, { note: 'With ginger' });
    expect(await app.event('item-updated')).toMatchObject({
      vendorId: merchant.id,
      item: { id: item.id, name: item.name, price: item.price, note: 'With ginger' },
    });
    const until = new Date(Date.now() + 3_600_000).toISOString();
    await owner.http.post(`${path}/pause`, { until });
    expect(await app.event('merchant-status')).toMatchObject({ vendorId: merchant.id, open: false, pausedUntil: until });
    await owner.http.post(`${path}/resume`);
    expect(await app.event('merchant-status', ({ open }) => open === true)).toMatchObject({ vendorId: merchant.id, pausedUntil: null });
    await customer.call('heartbeat');
    expect([...customer.of('item-updated'), ...customer.of('merchant-status')]).toEqual([]);
    app.close();
  });
});

describe('what administrators and providers say', () => {
  test('a payment that a bank disputes is frozen, and the decision gives it back: its user and administrators are told', async () => {
    const user = await product.signUp('Disputed');
    const app = await connectApp(product.url, user);
    const topUpId = await addFunds(product, user, 6_000);
    await app.event('payment-completed');
    for (const [status, said] of [
      ['needs_response', 'opened'],
      ['won', 'won'],
    ] as const) {
      const dispute = stripeDispute({ topUpId, amount: 6_000, status });
      expect((await postStripeEvent(product.url, product.stripeSecret, dispute)).status).toBe(200);
      for (const one of [app, admin]) {
        expect(await one.event('payment-disputed', (data) => data['topUpId'] === topUpId && data['status'] === said)).toMatchObject({
          userId: user.id,
          amount: 6_000,
          frozen: 6_000,
          currency: 'INR',
          paymentMethod: 'stripe',
          reason: 'fraudulent',
        });
      }
    }
    await app.event('balance-updated', ({ newBalance, reason }) => newBalance === 6_000 && reason === 'dispute');
    expect(app.of('balance-updated').map(({ newBalance }) => newBalance)).toEqual([6_000, 0, 6_000]);
    expect([...vendor.of('payment-disputed'), ...customer.of('payment-disputed')]).toEqual([]);
    app.close();
  });

  test('an announcement and a planned maintenance reach every app', async () => {
    const { http } = festival.admin;
    await http.post('/api/admin/announcements', { title: 'Fireworks', message: 'At ten, by the river', severity: 'info' });
    await http.post('/api/admin/system-events', {
      title: 'Upgrade',
      message: 'Away for ten minutes',
      kind: 'maintenance',
      startsAt: new Date(Date.now() + 3_600_000).toISOString(),
      endsAt: new Date(Date.now() + 4_200_000).toISOString(),
    });
    for (const app of [customer, vendor, admin]) {
      expect(await app.event('announcement', ({ title }) => title === 'Fireworks')).toMatchObject({ message: 'At ten, by the river' });
      expect(await app.event('system-event', ({ title }) => title === 'Upgrade')).toMatchObject({
        kind: 'maintenance',
        startsAt: expect.any(String),
        endsAt: expect.any(String),
      });
    }
  });

  test('a payment that failed and one that was given back are told to their user and to administrators', async () => {
    const { http, id: userId } = festival.customer;
    const { body: topUp } = await http.post<{ id: string }>('/api/wallet/top-ups', { amount: 3_000, provider: 'stripe' });
    const failed = stripeEvent({ topUpId: topUp.id, amount: 3_000, type: 'payment_intent.payment_failed' });
    expect((await postStripeEvent(product.url, product.stripeSecret, failed)).status).toBe(200);
    const { id: orderId } = await customer.call('order-created', order());
    await festival.vendor.http.post(`/api/orders/${String(orderId)}/refunds`, { amount: 500, reason: 'It was cold' });
    for (const app of [customer, admin]) {
      expect(await app.event('payment-failed', ({ topUpId }) => topUpId === topUp.id)).toMatchObject({
        userId,
        amount: 3_000,
        currency: 'INR',
        paymentMethod: 'stripe',
        transactionId: expect.any(String),
        reason: expect.any(String),
      });
      expect(await app.event('payment-refunded', (data) => data['orderId'] === orderId)).toMatchObject({
        userId,
        amount: 500,
        paymentMethod: 'wallet',
        transactionId: expect.any(String),
        reason: 'It was cold',
      });
    }
    expect([...vendor.of('payment-failed'), ...vendor.of('payment-refunded')]).toEqual([]);
  });
});

describe('security', () => {
  test('a customer may not move an order on, nor see that of another', async () => {
    const mine = await customer.call('order-created', order());
    const orderId = mine['id'] as string;
    expect(await customer.call('update-order-status', { orderId, status: 'ready' })).toMatchObject({
      ok: false,
      error: { code: expect.any(String) },
    });
    const stranger = openApp(product.url, festival.stranger);
    for (const [event, payload] of [
      ['join-order-room', { orderId }],
      ['join-user-room', { userId: festival.customer.id }],
      ['update-order-status', { orderId, status: 'preparing' }],
      ['order-created', order({ orderId })],
    ] as const) {
      expect(await stranger.call(event, payload)).toMatchObject({
        ok: false,
        error: { code: expect.stringMatching(/^(forbidden|not-found)$/) },
      });
    }
    expect(stranger.received.filter(({ data }) => data['orderId'] === orderId)).toEqual([]);
    stranger.close();
  });

  test('60 events per minute of a user; what is more is refused by `error`, and the connection stays', async () => {
    const user = await product.signUp('Spammer');
    const app = await connectApp(product.url, user);
    for (let index = 0; index < 60; index++) app.emitEvent('refresh-balance', {});
    await waitFor('the answers', () => app.of('balance-updated').length === 60);
    expect(app.of('error')).toEqual([]);
    app.emitEvent('refresh-balance', {});
    expect(await app.event('error')).toMatchObject({ code: 'rate-limited', message: expect.any(String) });
    expect(app.isConnected()).toBe(true);
    app.close();
  });
});
