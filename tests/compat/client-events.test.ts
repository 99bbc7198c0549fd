import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { connectApp, type App, type Payload } from './support/app.js';
import { addFunds, openFestival, startProduct, type Festival, type Product } from './support/product.js';

// Every client event of the festival, from a stock client with `auth: { token, userId }` alone: with a callback and without, done and refused.

interface Case {
  as: 'customer' | 'vendor';
  payload: () => Payload | undefined | Promise<Payload | undefined>;
  /** Fields of the acknowledgement beside `ok: true`. */
  answer: () => Payload;
  /** The events that come to the same socket because of it, at least once each. */
  brings?: readonly string[];
  refused: { payload: () => Payload; code: string };
}

let product: Product;
let festival: Festival;
let apps: Record<Case['as'], App>;

beforeAll(async () => {
  product = await startProduct({ SOCKET_EVENTS_PER_MINUTE: '10000' });
  festival = await openFestival(product);
  apps = { customer: await connectApp(product.url, festival.customer), vendor: await connectApp(product.url, festival.vendor) };
  await addFunds(product, festival.customer, 1_000_000);
  await apps.customer.event('payment-completed');
}, 120_000);

afterAll(async () => {
  for (const app of Object.values(apps ?? {})) app.close();
  await product?.stop();
});

const unknownId = '0'.repeat(24);
const user = (): string => `user:${festival.customer.id}`;
const line = (): Payload => ({ vendorId: festival.stall.merchant.id, item: festival.stall.item.name, price: festival.stall.item.price });

async function placed(): Promise<string> {
  const { id } = await apps.customer.call('order-created', line());
  return id as string;
}

const stallCode = async (): Promise<string> =>
  (await festival.customer.http.get<{ code: string }>(`/api/merchants/${festival.stall.merchant.id}/qr?format=json`)).body.code;

const request = async (): Promise<Payload> => ({
  vendorId: festival.stall.merchant.id,
  code: (await festival.customer.http.get<{ code: string }>('/api/me/qr?format=json')).body.code,
  amount: 500,
  capture: 'manual',
});

async function requested(decision?: 'accept'): Promise<Payload> {
  const { id: paymentRequestId } = await apps.vendor.call('request-payment', await request());
  if (decision) await apps.customer.call('payment-decision', { paymentRequestId, decision });
  return { paymentRequestId };
}

const cases: Readonly<Record<string, Case>> = {
  subscribe: {
    as: 'customer',
    payload: () => ({ feed: `merchant:${festival.stall.merchant.id}:menu` }),
    answer: () => ({ feed: `merchant:${festival.stall.merchant.id}:menu`, head: expect.any(Number) }),
    refused: { payload: () => ({ feed: 'admin' }), code: 'forbidden' },
  },
  unsubscribe: {
    as: 'customer',
    payload: () => ({ feed: `merchant:${festival.stall.merchant.id}:menu` }),
    answer: () => ({ feed: `merchant:${festival.stall.merchant.id}:menu` }),
    refused: { payload: () => ({ feed: 7 }), code: 'bad-request' },
  },
  'join-user-room': {
    as: 'customer',
    payload: () => ({ userId: festival.customer.id }),
    answer: () => ({ feed: user(), head: expect.any(Number) }),
    refused: { payload: () => ({ userId: festival.stranger.id }), code: 'forbidden' },
  },
  'join-order-room': {
    as: 'customer',
    payload: async () => ({ orderId: await placed() }),
    answer: () => ({ feed: expect.stringMatching(/^order:/), via: user() }),
    refused: { payload: () => ({ orderId: unknownId }), code: 'forbidden' },
  },
  'leave-order-room': {
    as: 'customer',
    payload: async () => ({ orderId: await placed() }),
    answer: () => ({ feed: expect.stringMatching(/^order:/) }),
    refused: { payload: () => ({}), code: 'bad-request' },
  },
  'order-created': {
    as: 'customer',
    payload: line,
    answer: () => ({ status: 'placed', price: festival.stall.item.price, pickupNumber: expect.any(Number), version: 1 }),
    brings: ['new-order', 'balance-updated'],
    refused: { payload: () => ({ ...line(), price: 1 }), code: 'price-changed' },
  },
  'update-order-status': {
    as: 'vendor',
    payload: async () => ({ orderId: await placed(), status: 'preparing', estimatedTime: 10 }),
    answer: () => ({ status: 'preparing', estimatedTime: 10, version: 2 }),
    brings: ['order-status-changed'],
    refused: { payload: () => ({ orderId: unknownId, status: 'preparing' }), code: 'not-found' },
  },
  'send-message': {
    as: 'customer',
    payload: async () => ({ orderId: await placed(), text: 'How long will it take?' }),
    answer: () => ({ text: 'How long will it take?', from: festival.customer.id, id: expect.any(String) }),
    brings: ['order-message'],
    refused: { payload: () => ({ orderId: unknownId, text: 'Hello' }), code: 'not-found' },
  },
  typing: {
    as: 'customer',
    payload: async () => ({ orderId: await placed() }),
    answer: () => ({}),
    refused: { payload: () => ({}), code: 'bad-request' },
  },
  'refresh-balance': {
    as: 'customer',
    payload: () => ({}),
    answer: () => ({ userId: festival.customer.id, balance: expect.any(Number), currency: 'INR' }),
    brings: ['balance-updated'],
    refused: { payload: () => ({ userId: festival.customer.id }), code: 'bad-request' },
  },
  'track-my-orders': {
    as: 'customer',
    payload: () => undefined,
    answer: () => ({
      items: expect.arrayContaining([expect.objectContaining({ userId: festival.customer.id })]),
      feeds: expect.any(Array),
    }),
    refused: { payload: () => ({ all: true }), code: 'bad-request' },
  },
  'resolve-code': {
    as: 'customer',
    payload: async () => ({ code: await stallCode() }),
    answer: () => ({ kind: 'stall', merchant: expect.objectContaining({ id: festival.stall.merchant.id }) }),
    refused: { payload: () => ({ code: 'forged' }), code: 'code-invalid' },
  },
  'pay-by-code': {
    as: 'customer',
    payload: async () => ({
      code: await stallCode(),
      items: [{ itemId: festival.stall.item.id, quantity: 1 }],
      price: festival.stall.item.price,
    }),
    answer: () => ({ status: 'placed', price: festival.stall.item.price }),
    brings: ['new-order', 'payment-completed', 'balance-updated'],
    refused: { payload: () => ({ code: 'forged', price: 1 }), code: 'code-invalid' },
  },
  'request-payment': {
    as: 'vendor',
    payload: request,
    answer: () => ({ status: 'requested', amount: 500, customerName: 'Asha' }),
    brings: ['payment-request-updated'],
    refused: { payload: () => ({ vendorId: festival.stall.merchant.id, code: 'forged', amount: 500 }), code: 'code-invalid' },
  },
  'payment-decision': {
    as: 'customer',
    payload: async () => ({ ...(await requested()), decision: 'accept' }),
    answer: () => ({ status: 'approved' }),
    brings: ['payment-request-updated', 'balance-updated'],
    refused: { payload: () => ({ paymentRequestId: unknownId, decision: 'accept' }), code: 'not-found' },
  },
  'capture-payment': {
    as: 'vendor',
    payload: async () => ({ ...(await requested('accept')), amount: 400 }),
    answer: () => ({ status: 'captured', captured: 400 }),
    brings: ['payment-request-updated'],
    refused: { payload: () => ({ paymentRequestId: unknownId }), code: 'not-found' },
  },
  'cancel-payment': {
    as: 'vendor',
    payload: () => requested(),
    answer: () => ({ status: 'cancelled' }),
    brings: ['payment-request-updated'],
    refused: { payload: () => ({ paymentRequestId: unknownId }), code: 'not-found' },
  },
  authenticate: {
    as: 'customer',
    payload: () => ({ token: festival.customer.token }),
    answer: () => ({ expiresAt: expect.any(String) }),
    refused: { payload: () => ({ token: festival.stranger.token }), code: 'forbidden' },
  },
  heartbeat: {
    as: 'customer',
    payload: () => ({ sentAt: Date.now() }),
    answer: () => ({ serverTime: expect.any(String), heads: expect.objectContaining({ [user()]: expect.any(Number) }) }),
    refused: { payload: () => ({ sentAt: 'yesterday' }), code: 'bad-request' },
  },
  // Last: from here on the user's feed is no longer followed.
  'leave-user-room': {
    as: 'customer',
    payload: () => ({ userId: festival.customer.id }),
    answer: () => ({ feed: user() }),
    refused: { payload: () => ({ userId: null }), code: 'bad-request' },
  },
};

describe.each(Object.entries(cases))('%s', (event, { as, payload, answer, brings = [], refused }) => {
  test('with a callback', async () => {
    const app = apps[as];
    expect(await app.call(event, await payload())).toMatchObject({ ok: true, ...answer() });
    expect(await app.call(event, refused.payload())).toMatchObject({
      ok: false,
      error: { code: refused.code, message: expect.any(String) },
    });
    expect(app.of('error')).toEqual([]);
  });

  test('without one: what it brings comes, and a refusal comes by `error`', async () => {
    const app = apps[as];
    const data = await payload();
    const from = app.received.length;
    app.emitEvent(event, data);
    // A client's events are done one after another: when this is answered, that one is done.
    await app.call('heartbeat');
    for (const type of brings) await app.event(type, (one) => app.received.findIndex(({ data: known }) => known === one) >= from);
    expect(app.of('error')).toEqual([]);
    app.emitEvent(event, refused.payload());
    await app.call('heartbeat');
    expect(app.of('error')).toEqual([expect.objectContaining({ code: refused.code, message: expect.any(String) })]);
    app.received.splice(0);
  });
});

test('after `leave-user-room` nothing of the user comes; after `join-user-room` it does again', async () => {
  const app = apps.customer;
  await app.call('leave-user-room', { userId: festival.customer.id });
  const unseen = await placed();
  await apps.vendor.event('new-order', ({ orderId }) => orderId === unseen);
  await app.call('join-user-room', { userId: festival.customer.id });
  const seen = await placed();
  await app.event('new-order', ({ orderId }) => orderId === seen);
  expect(app.of('new-order').map(({ orderId }) => orderId)).toEqual([seen]);
});

test('customer and vendor write to each other: `order-message` reaches both, `typing` only the other party', async () => {
  const { customer, vendor } = apps;
  const orderId = await placed();
  customer.emitEvent('typing', { orderId });
  expect(await vendor.event('typing', (data) => data['orderId'] === orderId)).toEqual({ orderId, userId: festival.customer.id });
  customer.emitEvent('send-message', { orderId, text: 'No sugar, please' });
  for (const app of [customer, vendor]) {
    expect(await app.event('order-message', (data) => data['orderId'] === orderId)).toMatchObject({
      orderId,
      messageId: expect.any(String),
      from: festival.customer.id,
      text: 'No sugar, please',
    });
  }
  vendor.emitEvent('send-message', { orderId, text: 'Of course' });
  await customer.event('order-message', ({ text }) => text === 'Of course');
  expect(customer.of('typing')).toEqual([]);
});

test('an event that nobody knows and a payload that is none are refused, and the connection stays', async () => {
  const app = apps.customer;
  for (const [event, payload] of [
    ['nobody-knows-this', {}],
    ['order-created', { item: 'Chai' }],
    ['join-order-room', { orderId: { $ne: null } }],
  ] as const) {
    expect(await app.call(event, payload)).toMatchObject({ ok: false, error: { code: 'bad-request' } });
  }
  expect(app.isConnected()).toBe(true);
});
