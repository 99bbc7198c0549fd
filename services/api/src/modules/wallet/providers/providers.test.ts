import { afterEach, describe, expect, test } from '@jest/globals';
import { startFakeProvider, type Asked, type FakeProvider } from '../../../../tests/support/fake-provider.js';
import { RefundRefused, type ListedPayment, type PaymentProvider } from './provider.js';
import { createRazorpayProvider } from './razorpay.js';
import { createStripeProvider } from './stripe.js';
import { createZeffyProvider } from './zeffy.js';

const topUp = { _id: 'top1', userId: 'u1', amount: 900, currency: 'INR' };
const from = new Date('2026-11-20T00:00:00Z');
const to = new Date('2026-11-21T00:00:00Z');
const second = (offset: number): number => from.getTime() / 1_000 + offset;

async function listed(provider: PaymentProvider): Promise<ListedPayment[]> {
  const all: ListedPayment[] = [];
  for await (const payment of provider.list!({ from, to })) all.push(payment);
  return all;
}

let fake: FakeProvider;
afterEach(() => fake.stop());

describe('Stripe', () => {
  const start = async (answer: (asked: Asked) => unknown): Promise<PaymentProvider> => {
    fake = await startFakeProvider(answer);
    return createStripeProvider({ apiKey: 'sk_test_1', apiUrl: fake.url });
  };
  const refund = { refundId: 'refund-1', topUp: { ...topUp, providerRef: 'pi_1' }, amount: 300 };

  test('a refund names itself, and is not made again when Stripe has it', async () => {
    const made: unknown[] = [];
    const provider = await start(({ method, body }) => {
      if (method === 'GET') return { object: 'list', data: made, has_more: false };
      made.push({ id: 're_1', object: 'refund', metadata: { refundId: body['metadata[refundId]'] } });
      return made[0];
    });
    await provider.refund!(refund);
    await provider.refund!(refund);
    const posted = fake.asked.filter(({ method }) => method === 'POST');
    expect(posted).toHaveLength(1);
    expect(posted[0]).toMatchObject({
      path: '/v1/refunds',
      headers: { 'idempotency-key': 'refund-refund-1' },
      body: { payment_intent: 'pi_1', amount: '300', 'metadata[refundId]': 'refund-1', 'metadata[topUpId]': 'top1' },
    });
  });

  test('lists what was paid in a time, page by page', async () => {
    const charge = (id: number, fields: object = {}) => ({
      id: `ch_${id}`,
      object: 'charge',
      status: 'succeeded',
      payment_intent: `pi_${id}`,
      metadata: { topUpId: `t${id}` },
      amount_captured: 100 * id,
      amount_refunded: 10,
      currency: 'inr',
      created: second(id),
      ...fields,
    });
    const provider = await start(({ query }) =>
      query.get('starting_after') === 'ch_2'
        ? { object: 'list', data: [charge(3)], has_more: false }
        : { object: 'list', data: [charge(1), charge(2, { status: 'failed' })], has_more: true },
    );
    expect(await listed(provider)).toEqual([
      { providerRef: 'pi_1', topUpId: 't1', amount: 100, refunded: 10, currency: 'INR', at: new Date(second(1) * 1_000) },
      { providerRef: 'pi_3', topUpId: 't3', amount: 300, refunded: 10, currency: 'INR', at: new Date(second(3) * 1_000) },
    ]);
    expect(fake.asked[0]?.query.get('created[gte]')).toBe(String(second(0)));
    expect(fake.asked[0]?.query.get('created[lt]')).toBe(String(second(86_400)));
  });

  test('a refund that it refuses is refused for good, anything else may be asked again', async () => {
    const provider = await start(() => undefined);
    await expect(provider.refund!(refund)).rejects.toBeInstanceOf(RefundRefused);
    await expect(listed(provider)).rejects.toMatchObject({ code: 'provider-error' });
    await expect(provider.refund!({ ...refund, topUp })).rejects.toBeInstanceOf(RefundRefused);
  });
});

describe('Razorpay', () => {
  const start = async (answer: (asked: Asked) => unknown): Promise<PaymentProvider> => {
    fake = await startFakeProvider(answer);
    return createRazorpayProvider({ keyId: 'rzp_test_1', keySecret: 'secret', apiUrl: fake.url });
  };
  const refund = { refundId: 'refund-0001', topUp: { ...topUp, providerRef: 'pay_1' }, amount: 300 };

  test('a top-up is an order that names it, and its answer has what the checkout needs', async () => {
    const provider = await start(() => ({ id: 'order_1', entity: 'order' }));
    expect(await provider.open({ ...topUp, provider: 'razorpay' })).toEqual({ razorpay: { orderId: 'order_1', keyId: 'rzp_test_1' } });
    expect(fake.asked).toMatchObject([
      {
        method: 'POST',
        path: '/v1/orders',
        headers: { authorization: `Basic ${Buffer.from('rzp_test_1:secret').toString('base64')}` },
        body: { amount: 900, currency: 'INR', receipt: 'top1', notes: { topUpId: 'top1', userId: 'u1' } },
      },
    ]);
  });

  test('a refund names itself, and is not made again when Razorpay has it', async () => {
    const made: unknown[] = [];
    const provider = await start(({ method, body }) => {
      if (method === 'GET') return { entity: 'collection', count: made.length, items: made };
      made.push({ id: 'rfnd_1', entity: 'refund', notes: body['notes'] });
      return made[0];
    });
    await provider.refund!(refund);
    await provider.refund!(refund);
    const posted = fake.asked.filter(({ method }) => method === 'POST');
    expect(posted).toHaveLength(1);
    expect(posted[0]).toMatchObject({
      path: '/v1/payments/pay_1/refund',
      headers: { 'x-refund-idempotency': 'refund-0001' },
      body: { amount: 300, receipt: 'refund-0001', notes: { refundId: 'refund-0001', topUpId: 'top1' } },
    });
  });

  test('lists what was paid in a time, page by page', async () => {
    const payment = (id: number, status = 'captured') => ({
      id: `pay_${id}`,
      status,
      amount: 100,
      amount_refunded: status === 'refunded' ? 100 : 0,
      currency: 'INR',
      notes: id === 0 ? [] : { topUpId: `t${id}` },
      created_at: second(id),
    });
    const provider = await start(({ query }) => {
      const skip = Number(query.get('skip'));
      const count = skip === 0 ? Number(query.get('count')) : 2;
      return { entity: 'collection', items: Array.from({ length: count }, (_, index) => payment(skip + index)) };
    });
    const all = await listed(provider);
    expect(all).toHaveLength(102);
    expect(all[0]).toEqual({ providerRef: 'pay_0', amount: 100, refunded: 0, currency: 'INR', at: from });
    expect(all.at(-1)).toMatchObject({ providerRef: 'pay_101', topUpId: 't101' });
    expect(fake.asked.map(({ query }) => [query.get('from'), query.get('to'), query.get('skip')])).toEqual([
      [String(second(0)), String(second(86_399)), '0'],
      [String(second(0)), String(second(86_399)), '100'],
    ]);
  });

  test('leaves out what was not captured', async () => {
    const items = ['created', 'authorized', 'failed', 'refunded'].map((status, index) => ({
      id: `pay_${status}`,
      status,
      amount: 100,
      amount_refunded: 100,
      currency: 'INR',
      notes: {},
      created_at: second(index),
    }));
    const provider = await start(() => ({ entity: 'collection', items }));
    expect((await listed(provider)).map(({ providerRef }) => providerRef)).toEqual(['pay_refunded']);
  });

  test('what it refuses, and an API that is not there, is a provider error', async () => {
    const provider = await start(() => undefined);
    await expect(provider.open({ ...topUp, provider: 'razorpay' })).rejects.toMatchObject({ code: 'provider-error' });
    await expect(provider.refund!(refund)).rejects.toMatchObject({ code: 'provider-error' });
    const nobody = createRazorpayProvider({ keyId: 'rzp_test_1', keySecret: 'secret', apiUrl: 'http://127.0.0.1:1' });
    await expect(listed(nobody)).rejects.toMatchObject({ code: 'provider-error' });
  });
});

describe('Zeffy', () => {
  test('a top-up is a link to the form that names it, whatever else the link has', async () => {
    fake = await startFakeProvider(() => undefined);
    const { open } = createZeffyProvider({ formUrl: 'https://zeffy.example/form?lang=en&reference=old' });
    expect(await open({ ...topUp, provider: 'zeffy' })).toEqual({ checkoutUrl: 'https://zeffy.example/form?lang=en&reference=top1' });
    expect(fake.asked).toEqual([]);
  });
});
