import { createServer, type IncomingMessage, type Server } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { closeServer, listen } from '@tidings/platform';
import { eventsOf, postStripeEvent, stripeEvent, waitFor } from '@tidings/testing';
import { RefundRefused } from '../src/modules/wallet/providers/provider.js';
import { createSandboxProvider } from '../src/modules/wallet/providers/sandbox.js';
import { startApi, type Person, type TestApi } from './support/api.js';

const secret = 'whsec_for_tests_only';

/** Waits until the balance is there, as the webhook's work is done after its answer. */
const balanceReaches = (person: Person, balance: number) =>
  waitFor(`a balance of ${balance}`, async () => (await person.http.get('/api/wallet')).body['balance'] === balance);

describe('wallet over HTTP', () => {
  let api: TestApi;
  beforeAll(async () => {
    api = await startApi({ env: { STRIPE_WEBHOOK_SECRET: secret } });
  });
  afterAll(() => api.stop());

  test('a new wallet is empty, and says from where to follow it', async () => {
    const person = await api.register();
    const { status, body, headers } = await person.http.get('/api/wallet');
    expect(status).toBe(200);
    expect(body).toEqual({ userId: person.id, balance: 0, held: 0, currency: 'INR', version: 1 });
    expect(headers.get('tidings-cursor')).toContain(`user:${person.id}=0`);
    expect((await person.http.get('/api/wallet?currency=USD')).body).toMatchObject({ currency: 'USD', balance: 0 });
    expect((await person.http.get('/api/wallet/transactions')).body).toEqual({ items: [], nextCursor: null });
  });

  test('a signed webhook completes a top-up; sending it again changes nothing', async () => {
    const person = await api.register();
    const topUp = await person.http.post('/api/wallet/top-ups', { amount: 2_500, provider: 'stripe' });
    expect(topUp.status).toBe(201);
    expect(topUp.body).toMatchObject({ status: 'pending', amount: 2_500, currency: 'INR', provider: 'stripe' });
    const payload = stripeEvent({ topUpId: String(topUp.body['id']), amount: 2_500 });
    for (let times = 0; times < 2; times++) {
      const answer = await postStripeEvent(api.url, secret, payload);
      expect(answer.status).toBe(200);
      expect(await answer.json()).toEqual({ received: true });
    }
    await balanceReaches(person, 2_500);
    const events = await api.eventsOf(person.id);
    expect(events.map(({ type }) => type)).toEqual(['payment-completed', 'balance-updated']);

    const wallet = await person.http.get('/api/wallet');
    const history = await person.http.get<{ items: unknown[] }>('/api/wallet/transactions');
    const told = events[1]?.data;
    expect(wallet.body).toMatchObject({ balance: told?.['newBalance'], version: told?.['version'] });
    expect(history.body.items).toEqual([told?.['transaction']]);
  });

  test('a repeated request with its key is one top-up', async () => {
    const person = await api.register();
    const ask = (amount: number) => person.http.post('/api/wallet/top-ups', { amount, provider: 'stripe' }, { 'idempotency-key': 'one' });
    const answers = await Promise.all([ask(100), ask(100), ask(100)]);
    expect(new Set(answers.map(({ body }) => body['id'])).size).toBe(1);
    expect((await ask(200)).body['code']).toBe('idempotency-key-reused');
    expect(await api.mongo.db.collection('topups').countDocuments({ userId: person.id })).toBe(1);
  });

  test('amounts that are no amounts, and providers that are not set up, are refused', async () => {
    const person = await api.register();
    for (const amount of [0, -5, 1.5, '5', null, 1e15, { $gt: 0 }]) {
      expect((await person.http.post('/api/wallet/top-ups', { amount, provider: 'stripe' })).status).toBe(400);
    }
    expect((await person.http.post('/api/wallet/top-ups', { amount: 5, provider: 'stripe', currency: 'rupees' })).status).toBe(400);
    expect((await person.http.post('/api/wallet/top-ups', { amount: 5, provider: 'razorpay' })).body['code']).toBe('provider-unavailable');
    expect(await api.mongo.db.collection('topups').countDocuments({ userId: person.id })).toBe(0);
  });

  test('needs a login', async () => {
    for (const path of ['/api/wallet', '/api/wallet/transactions']) expect((await api.http.get(path)).status).toBe(401);
    expect((await api.http.post('/api/wallet/top-ups', { amount: 5, provider: 'stripe' })).status).toBe(401);
  });

  test('no answer of a top-up names events: it is the webhook that causes them', async () => {
    const person = await api.register();
    expect(eventsOf(await person.http.post('/api/wallet/top-ups', { amount: 5, provider: 'stripe' }))).toEqual([]);
  });
});

describe('the sandbox', () => {
  /** The port is known before the API that posts to it. */
  const startWithSandbox = async () => {
    const front = createServer();
    const port = await listen(front, 0, '127.0.0.1');
    const api = await startApi({ env: { API_URL: `http://127.0.0.1:${port}` } });
    front.on('request', api.api.app);
    return {
      api,
      stop: async () => {
        await closeServer(front);
        await api.stop();
      },
    };
  };

  test('confirms a top-up by the same signed webhook, without any secret set', async () => {
    const { api, stop } = await startWithSandbox();
    const person = await api.register();
    const answer = await person.http.post('/api/wallet/top-ups', { amount: 700, provider: 'sandbox' });
    expect(answer.body).toMatchObject({ status: 'pending', provider: 'sandbox' });
    await balanceReaches(person, 700);
    expect((await api.eventsOf(person.id))[0]?.data).toMatchObject({ paymentMethod: 'sandbox', amount: 700 });
    await stop();
  });

  test('gives money back once for each refund, tells by the webhook, and lists what it has', async () => {
    const { api, stop } = await startWithSandbox();
    const person = await api.register();
    const { body } = await person.http.post('/api/wallet/top-ups', { amount: 700, provider: 'sandbox' });
    await balanceReaches(person, 700);
    const { mongo, unitOfWork } = api.api.context;
    const sandbox = createSandboxProvider({ mongo, unitOfWork });
    const topUp = { _id: String(body['id']), amount: 700, currency: 'INR' };
    const refund = (refundId: string, amount: number) => sandbox.refund!({ refundId, topUp, amount });
    await Promise.all([refund('one', 200), refund('one', 200), refund('one', 200)]);
    await balanceReaches(person, 500);
    await refund('two', 100);
    await balanceReaches(person, 400);
    await expect(refund('three', 401)).rejects.toBeInstanceOf(RefundRefused);
    const listed = [];
    for await (const payment of sandbox.list!({ from: new Date(0), to: new Date(Date.now() + 1_000) })) listed.push(payment);
    expect(listed).toMatchObject([{ topUpId: topUp._id, amount: 700, refunded: 300, currency: 'INR' }]);
    await stop();
  });

  test('is not there unless it is asked for, where real money is taken', async () => {
    const api = await startApi({ env: { STRIPE_API_KEY: 'sk_test_1', STRIPE_API_URL: 'http://127.0.0.1:1' } });
    const person = await api.register();
    const answer = await person.http.post('/api/wallet/top-ups', { amount: 700, provider: 'sandbox' });
    expect(answer.body['code']).toBe('provider-unavailable');
    await api.stop();
  });
});

describe('Stripe with a key', () => {
  let stripe: Server;
  let api: TestApi;
  let asked: { path: string | undefined; key: string | undefined; form: URLSearchParams }[] = [];
  let broken = false;

  const read = async (req: IncomingMessage): Promise<string> => {
    const parts: Buffer[] = [];
    for await (const part of req) parts.push(part as Buffer);
    return Buffer.concat(parts).toString('utf8');
  };
  beforeAll(async () => {
    stripe = createServer((req, res) => {
      void read(req).then((body) => {
        asked.push({ path: req.url, key: req.headers['idempotency-key'] as string | undefined, form: new URLSearchParams(body) });
        res.writeHead(broken ? 400 : 200, { 'content-type': 'application/json' });
        res.end(
          JSON.stringify(
            broken
              ? { error: { type: 'invalid_request_error', message: 'No' } }
              : { id: 'pi_123', object: 'payment_intent', client_secret: 'pi_123_secret_456' },
          ),
        );
      });
    });
    const port = await listen(stripe, 0, '127.0.0.1');
    api = await startApi({
      env: { STRIPE_API_KEY: 'sk_test_1', STRIPE_API_URL: `http://127.0.0.1:${port}`, STRIPE_WEBHOOK_SECRET: secret },
    });
  });
  afterAll(async () => {
    await api.stop();
    await closeServer(stripe);
  });

  test('a top-up is a PaymentIntent that names it, and its answer has the client secret', async () => {
    asked = [];
    const person = await api.register();
    const { body } = await person.http.post('/api/wallet/top-ups', { amount: 900, currency: 'USD', provider: 'stripe' });
    expect(body).toMatchObject({ status: 'pending', clientSecret: 'pi_123_secret_456' });
    // The reconciliation may ask for its list meanwhile.
    const intents = asked.filter(({ path }) => path === '/v1/payment_intents');
    expect(intents).toMatchObject([{ key: body['id'] }]);
    expect(Object.fromEntries(intents[0]?.form ?? [])).toMatchObject({
      amount: '900',
      currency: 'usd',
      'metadata[topUpId]': body['id'],
      'metadata[userId]': person.id,
    });
  });

  test('when Stripe refuses, nothing is stored', async () => {
    broken = true;
    const person = await api.register();
    const answer = await person.http.post('/api/wallet/top-ups', { amount: 900, provider: 'stripe' });
    broken = false;
    expect(answer.status).toBe(502);
    expect(answer.body['code']).toBe('provider-error');
    expect(await api.mongo.db.collection('topups').countDocuments({ userId: person.id })).toBe(0);
  });
});
