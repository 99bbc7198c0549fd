import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newId } from '@tidings/platform';
import { stripeEvent, waitFor } from '@tidings/testing';
import Stripe from 'stripe';
import { createDomain, stripeSecret, type Domain } from '../../../tests/support/domain.js';
import type { DeliveryDocument } from './webhooks.model.js';

describe('webhooks', () => {
  let domain: Domain;
  beforeAll(async () => {
    domain = await createDomain({ jobs: 'running' });
  });
  afterAll(() => domain.stop());

  const sign = (payload: string, options: { secret?: string; timestamp?: number } = {}) =>
    Stripe.webhooks.generateTestHeaderString({ payload, secret: stripeSecret, ...options });
  const receive = (payload: string, signature: string | null = sign(payload)) =>
    domain.webhooks.webhooks.receive('stripe', Buffer.from(payload), signature === null ? {} : { 'stripe-signature': signature });
  const idOf = (payload: string): string => `stripe:${(JSON.parse(payload) as { id: string }).id}`;
  const deliveries = () => domain.mongo.db.collection<DeliveryDocument>('webhook_deliveries');
  const reaches = (payload: string, state: DeliveryDocument['state']) =>
    waitFor(`the delivery to be ${state}`, () => deliveries().findOne({ _id: idOf(payload), state }));
  const balanceOf = async (userId: string) => (await domain.wallet.wallet.balance(userId)).balance;
  const prepared = async (amount = 500) => {
    const { userId } = await domain.person();
    const top = await domain.wallet.topUps.prepare(userId, { amount, provider: 'stripe' });
    return { userId, topUpId: top.topUp._id, store: () => domain.run((tx) => domain.wallet.topUps.store(tx, top)) };
  };
  const pending = async (amount = 500) => {
    const top = await prepared(amount);
    await top.store();
    return top;
  };
  const refunded = (topUpId: string, amount: number) => {
    const object = {
      id: 'ch_1',
      object: 'charge',
      amount: 500,
      amount_refunded: amount,
      currency: 'inr',
      payment_intent: `pi_${topUpId}`,
      metadata: { topUpId },
    };
    return JSON.stringify({ id: `evt_${newId()}`, object: 'event', type: 'charge.refunded', data: { object } });
  };

  test('a signed success credits the wallet, in the end', async () => {
    const { userId, topUpId } = await pending();
    const payload = stripeEvent({ topUpId, amount: 500 });
    await receive(payload);
    await reaches(payload, 'processed');
    expect(await balanceOf(userId)).toBe(500);
    expect((await deliveries().findOne({ _id: idOf(payload) }))?.body).toBe(payload);
  });

  test('the same event ten times at once, and two events of one payment, credit once', async () => {
    const { userId, topUpId } = await pending();
    const payload = stripeEvent({ topUpId, amount: 500 });
    const second = stripeEvent({ topUpId, amount: 500 });
    await Promise.all([...Array.from({ length: 10 }, () => receive(payload)), receive(second)]);
    await waitFor(
      'both to be handled',
      async () => (await deliveries().countDocuments({ _id: { $in: [idOf(payload), idOf(second)] }, state: { $ne: 'received' } })) === 2,
    );
    expect(await balanceOf(userId)).toBe(500);
    expect(await domain.mongo.db.collection('outbox').countDocuments({ type: 'payment-completed', 'data.userId': userId })).toBe(1);
  });

  test('an event that comes before its top-up waits for it', async () => {
    const { userId, topUpId, store } = await prepared();
    const payload = stripeEvent({ topUpId, amount: 500 });
    await receive(payload);
    await reaches(payload, 'waiting');
    await store();
    await reaches(payload, 'processed');
    expect(await balanceOf(userId)).toBe(500);
  });

  test('a refund that comes before the success waits for it', async () => {
    const { userId, topUpId } = await pending();
    const refund = refunded(topUpId, 200);
    await receive(refund);
    await reaches(refund, 'waiting');
    await receive(stripeEvent({ topUpId, amount: 500 }));
    await reaches(refund, 'processed');
    expect(await balanceOf(userId)).toBe(300);
  });

  test('another amount or currency is held, not credited', async () => {
    const { userId, topUpId } = await pending();
    const wrong = [stripeEvent({ topUpId, amount: 50_000 }), stripeEvent({ topUpId, amount: 500, currency: 'usd' })];
    for (const payload of wrong) {
      await receive(payload);
      await reaches(payload, 'held');
    }
    expect(await balanceOf(userId)).toBe(0);
  });

  test('is counted by the state that it reaches, once', async () => {
    const counted = async (state: string) => {
      const metric = await domain.metrics.registry.getSingleMetric('tidings_webhooks_total')?.get();
      return metric?.values.find(({ labels }) => labels['provider'] === 'stripe' && labels['state'] === state)?.value ?? 0;
    };
    const before = { held: await counted('held'), received: await counted('received') };
    const { topUpId } = await pending();
    const payload = stripeEvent({ topUpId, amount: 50_000 });
    await Promise.all(Array.from({ length: 4 }, () => receive(payload)));
    await waitFor('it to be counted', async () => (await counted('held')) > before.held);
    expect({ held: await counted('held'), received: await counted('received') }).toEqual({
      held: before.held + 1,
      received: before.received + 1,
    });
  });

  test('a failure is told; a success after it still counts', async () => {
    const { userId, topUpId } = await pending();
    const failed = stripeEvent({ topUpId, amount: 500, type: 'payment_intent.payment_failed' });
    await receive(failed);
    await reaches(failed, 'processed');
    expect(await domain.mongo.db.collection('outbox').countDocuments({ type: 'payment-failed', 'data.userId': userId })).toBe(1);
    const succeeded = stripeEvent({ topUpId, amount: 500 });
    await receive(succeeded);
    await reaches(succeeded, 'processed');
    expect(await balanceOf(userId)).toBe(500);
  });

  test('what we do not act on is stored and ignored', async () => {
    const payload = JSON.stringify({ id: `evt_${newId()}`, object: 'event', type: 'customer.created', data: { object: { id: 'cus_1' } } });
    await receive(payload);
    await reaches(payload, 'ignored');
    expect(await domain.mongo.db.collection<{ _id: string }>('jobs').countDocuments({ _id: `webhook:${idOf(payload)}` })).toBe(0);
  });

  test('a signature that is missing, wrong, old, or of another body is refused before anything is read', async () => {
    const payload = stripeEvent({ topUpId: newId(), amount: 500 });
    const old = Math.floor(Date.now() / 1_000) - 301;
    for (const signature of [
      null,
      'nonsense',
      sign(payload, { secret: 'whsec_another' }),
      sign(payload, { timestamp: old }),
      sign(`${payload} `),
    ]) {
      await expect(receive(payload, signature)).rejects.toMatchObject({
        code: 'invalid-signature',
      });
    }
    expect(await deliveries().countDocuments({ _id: idOf(payload) })).toBe(0);
  });

  test('a signed body that is no event is a bad request', async () => {
    for (const payload of [
      '[]',
      '{"id":7}',
      'nonsense',
      JSON.stringify({ id: 'evt_x', object: 'event', type: 'payment_intent.succeeded', data: { object: { id: 'pi_1' } } }),
    ]) {
      await expect(receive(payload)).rejects.toMatchObject({ code: 'bad-request' });
    }
  });
});
