import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { postStripeEvent, stripeEvent } from '@tidings/testing';
import { startApi, type TestApi } from './support/api.js';
import { stripeSecret } from './support/shop.js';

describe("Stripe's webhook over HTTP", () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startApi({ env: { STRIPE_WEBHOOK_SECRET: stripeSecret } });
  });
  afterAll(() => api.stop());

  const stored = () => api.mongo.db.collection('webhook_deliveries').countDocuments();

  test('a bad signature is refused as a problem, and nothing is stored', async () => {
    const payload = stripeEvent({ topUpId: 'x', amount: 5 });
    const before = await stored();
    for (const signature of ['', 't=1,v1=00', 'nonsense']) {
      const answer = await postStripeEvent(api.url, stripeSecret, payload, signature);
      expect(answer.status).toBe(400);
      expect(await answer.json()).toMatchObject({ code: 'invalid-signature' });
    }
    const unsigned = await fetch(`${api.url}/webhooks/stripe`, { method: 'POST', body: payload });
    expect(unsigned.status).toBe(400);
    expect(await stored()).toBe(before);
  });

  test('the signature is over the bytes: a body that only means the same is refused', async () => {
    const payload = stripeEvent({ topUpId: 'x', amount: 5 });
    const answer = await postStripeEvent(api.url, 'whsec_another', JSON.stringify(JSON.parse(payload), null, 1));
    expect(answer.status).toBe(400);
  });

  test('any content type and any event type is taken when it is signed', async () => {
    const payload = JSON.stringify({ id: 'evt_unknown_type', object: 'event', type: 'invoice.paid', data: { object: {} } });
    const before = await stored();
    for (let times = 0; times < 2; times++) expect((await postStripeEvent(api.url, stripeSecret, payload)).status).toBe(200);
    expect(await stored()).toBe(before + 1);
  });

  test('a signed body that is no event is a bad request', async () => {
    const answer = await postStripeEvent(api.url, stripeSecret, '{"hello":"world"}');
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({ code: 'bad-request' });
  });
});
