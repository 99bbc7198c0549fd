import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Principal } from '@tidings/contracts';
import { newId } from '@tidings/platform';
import {
  razorpayEvent,
  razorpayHeaders,
  razorpaySecret,
  stripeEvent,
  stripeHeader,
  waitFor,
  zeffyHeaders,
  zeffyPayment,
  zeffySecret,
  zeffyToken,
  type ZeffyPaymentInput,
} from '@tidings/testing';
import { createDomain, stripeSecret, type Domain } from '../../../tests/support/domain.js';
import { ledgerSums } from '../wallet/index.js';
import type { PaymentProvider } from './message.js';
import type { DeliveryDocument } from './webhooks.model.js';

const sound = { unbalancedTransfers: [], differing: [], negative: [], heldDiffers: [] };

describe('payments by webhook', () => {
  let domain: Domain;
  let admin: Principal;
  beforeAll(async () => {
    domain = await createDomain({
      jobs: 'running',
      env: {
        RAZORPAY_WEBHOOK_SECRET: razorpaySecret,
        ZEFFY_FORM_URL: 'https://zeffy.example/form',
        ZEFFY_WEBHOOK_SECRET: zeffySecret,
        ZEFFY_SOURCES: `zapier:${zeffyToken}`,
      },
    });
  });
  beforeAll(async () => {
    admin = await domain.person({ roles: ['admin'] });
  });
  afterAll(() => domain.stop());

  const deliveries = () => domain.mongo.db.collection<DeliveryDocument>('webhook_deliveries');
  const sign: Record<PaymentProvider, (body: string) => Record<string, string>> = {
    stripe: (body) => ({ 'stripe-signature': stripeHeader(stripeSecret, body) }),
    razorpay: razorpayHeaders,
    zeffy: zeffyHeaders,
  };
  const receive = (provider: PaymentProvider, body: string, headers = sign[provider](body)) =>
    domain.webhooks.webhooks.receive(provider, Buffer.from(body), headers);
  const reaches = (body: string, state: DeliveryDocument['state']) =>
    waitFor(`a delivery to be ${state}`, () => deliveries().findOne({ body, state }));
  const done = async (provider: PaymentProvider, body: string, state: DeliveryDocument['state'] = 'processed') => {
    await receive(provider, body);
    return reaches(body, state);
  };
  const wallet = async (userId: string) => {
    const { balance, held } = await domain.wallet.wallet.balance(userId);
    return { balance, held };
  };
  const pending = async (provider: PaymentProvider, amount = 500) => {
    const { userId } = await domain.person();
    const top = await domain.wallet.topUps.prepare(userId, { amount, provider });
    await domain.run((tx) => domain.wallet.topUps.store(tx, top));
    return { userId, topUpId: top.topUp._id };
  };
  const told = (userId: string, type: string) =>
    domain.mongo.db.collection('outbox').find({ type, 'data.userId': userId }).sort({ at: 1, _id: 1 }).toArray();
  const soundLedger = async () => {
    await domain.wallet.rollUps.run();
    expect(await ledgerSums(domain.mongo)).toEqual({ byCurrency: { INR: 0 }, ...sound });
  };
  const successOf: Record<PaymentProvider, (topUpId: string, amount: number) => string> = {
    stripe: (topUpId, amount) => stripeEvent({ topUpId, amount }),
    razorpay: (topUpId, amount) => razorpayEvent({ topUpId, amount }),
    zeffy: (reference, amount) => zeffyPayment({ reference, amount }),
  };

  describe.each(['stripe', 'razorpay', 'zeffy'] as const)('%s', (provider) => {
    test('the same message twenty times at once credits once', async () => {
      const { userId, topUpId } = await pending(provider);
      const body = successOf[provider](topUpId, 500);
      const headers = sign[provider](body);
      await Promise.all(Array.from({ length: 20 }, () => receive(provider, body, headers)));
      await reaches(body, 'processed');
      expect(await wallet(userId)).toEqual({ balance: 500, held: 0 });
      expect(await deliveries().countDocuments({ body })).toBe(1);
      expect(await told(userId, 'payment-completed')).toHaveLength(1);
      await soundLedger();
    });

    test('the same payment under twenty names at once credits once', async () => {
      const { userId, topUpId } = await pending(provider);
      const body = successOf[provider](topUpId, 500);
      const named = (name: number): string => (provider === 'stripe' ? body.replace(/"evt_/, `"evt_${name}_`) : body);
      await Promise.all(Array.from({ length: 20 }, (_, name) => receive(provider, named(name))));
      await waitFor('all to be handled', async () => {
        const states = await deliveries().distinct('state', { body: { $regex: topUpId } });
        return states.every((state) => state === 'processed' || state === 'ignored');
      });
      expect(await deliveries().countDocuments({ body: { $regex: topUpId } })).toBe(20);
      expect(await wallet(userId)).toEqual({ balance: 500, held: 0 });
      expect(await told(userId, 'payment-completed')).toHaveLength(1);
    });

    test('another amount is held, as is a second payment of one top-up', async () => {
      const { userId, topUpId } = await pending(provider);
      await done(provider, successOf[provider](topUpId, 400), 'held');
      expect(await wallet(userId)).toEqual({ balance: 0, held: 0 });
      await done(provider, successOf[provider](topUpId, 500));
      const second = successOf[provider](topUpId, 500)
        .replace(`pi_${topUpId}`, `pi_2_${topUpId}`)
        .replace(`pay_${topUpId}`, `pay_2_${topUpId}`);
      await done(provider, second, 'held');
      expect(await wallet(userId)).toEqual({ balance: 500, held: 0 });
    });

    test('a payment of another provider’s top-up is held, whoever signed it', async () => {
      const { userId, topUpId } = await pending(provider === 'stripe' ? 'razorpay' : 'stripe');
      await done(provider, successOf[provider](topUpId, 500), 'held');
      expect(await wallet(userId)).toEqual({ balance: 0, held: 0 });
    });
  });

  describe('Razorpay', () => {
    test('a failure is told, a later success counts, and a refund that came before it waits', async () => {
      const { userId, topUpId } = await pending('razorpay');
      const refund = razorpayEvent({ event: 'refund.processed', topUpId, amount: 500, refunded: 200 });
      await receive('razorpay', refund);
      await reaches(refund, 'waiting');
      await done('razorpay', razorpayEvent({ event: 'payment.failed', topUpId, amount: 500, paymentId: 'pay_declined' }));
      expect(await told(userId, 'payment-failed')).toMatchObject([{ data: { reason: 'Payment was declined', paymentMethod: 'razorpay' } }]);
      await done('razorpay', razorpayEvent({ topUpId, amount: 500 }));
      await reaches(refund, 'processed');
      expect(await wallet(userId)).toEqual({ balance: 300, held: 0 });
      await soundLedger();
    });

    test('is found by its order, where the payment has no notes', async () => {
      const { userId, topUpId } = await pending('razorpay');
      const orderId = `order_${topUpId}`;
      await domain.mongo.db
        .collection<{ _id: string }>('topups')
        .updateOne({ _id: topUpId }, { $set: { razorpay: { orderId, keyId: 'rzp_test_1' } } });
      await done('razorpay', razorpayEvent({ orderId, amount: 500 }));
      expect(await wallet(userId)).toEqual({ balance: 500, held: 0 });
    });

    test('a message without an id is known by its body', async () => {
      const { userId, topUpId } = await pending('razorpay');
      const body = razorpayEvent({ topUpId, amount: 500 });
      const { 'x-razorpay-event-id': _, ...headers } = razorpayHeaders(body);
      for (let times = 0; times < 2; times++) await receive('razorpay', body, headers);
      await reaches(body, 'processed');
      expect(await deliveries().countDocuments({ body })).toBe(1);
      expect(await wallet(userId)).toEqual({ balance: 500, held: 0 });
    });
  });

  describe('disputes', () => {
    const spend = (userId: string, amount: number) =>
      domain.run((tx) => domain.wallet.wallet.charge(tx, { orderId: newId(), userId, merchantId: newId(), amount, currency: 'INR' }));
    const stripeDispute = (topUpId: string, type: 'created' | 'closed', status = 'needs_response', amount = 500): string =>
      JSON.stringify({
        id: `evt_${newId()}`,
        object: 'event',
        type: `charge.dispute.${type}`,
        data: {
          object: {
            id: `dp_${topUpId}`,
            object: 'dispute',
            amount,
            currency: 'inr',
            payment_intent: `pi_${topUpId}`,
            metadata: {},
            reason: 'fraudulent',
            status,
          },
        },
      });
    const disputed = async (userId: string) => (await told(userId, 'payment-disputed')).map(({ data }) => data as object);
    const accountOf = (id: string) => domain.mongo.db.collection<{ _id: string; balance: number }>('accounts').findOne({ _id: id });

    test('freezes what is there, owes the rest, and gives both back when it is won', async () => {
      const { userId, topUpId } = await pending('stripe');
      await done('stripe', stripeEvent({ topUpId, amount: 500 }));
      await spend(userId, 200);
      const created = stripeDispute(topUpId, 'created');
      await done('stripe', created);
      expect(await wallet(userId)).toEqual({ balance: 0, held: 300 });
      await soundLedger();
      expect(await accountOf(`receivable:${userId}:INR`)).toMatchObject({ balance: -200 });
      await done('stripe', stripeDispute(topUpId, 'created'), 'ignored');
      await done('stripe', stripeDispute(topUpId, 'closed', 'won'));
      await done('stripe', stripeDispute(topUpId, 'closed', 'lost'), 'ignored');
      expect(await wallet(userId)).toEqual({ balance: 300, held: 0 });
      expect(await disputed(userId)).toMatchObject([
        { status: 'opened', amount: 500, frozen: 300, reason: 'fraudulent', topUpId },
        { status: 'won', amount: 500, frozen: 300 },
      ]);
      await soundLedger();
      expect(await accountOf(`receivable:${userId}:INR`)).toMatchObject({ balance: 0 });
    });

    test('lost: the money leaves by the provider, and what was spent stays owed', async () => {
      const { userId, topUpId } = await pending('razorpay');
      await done('razorpay', razorpayEvent({ topUpId, amount: 500 }));
      await spend(userId, 100);
      const dispute = { id: `disp_${topUpId}`, amount: 500 };
      const lost = razorpayEvent({ event: 'payment.dispute.lost', topUpId, amount: 500, dispute });
      await Promise.all([
        receive('razorpay', razorpayEvent({ event: 'payment.dispute.created', topUpId, amount: 500, dispute })),
        ...Array.from({ length: 5 }, () => receive('razorpay', lost)),
      ]);
      await waitFor('the dispute to be lost', async () => (await disputed(userId)).length === 2);
      await waitFor(
        'all to be handled',
        async () => (await deliveries().countDocuments({ body: { $regex: topUpId }, state: 'received' })) === 0,
      );
      expect(await wallet(userId)).toEqual({ balance: 0, held: 0 });
      expect(await disputed(userId)).toMatchObject([{ status: 'opened' }, { status: 'lost', frozen: 400 }]);
      await soundLedger();
      expect(await accountOf(`receivable:${userId}:INR`)).toMatchObject({ balance: -100 });
    });

    test('one that is closed without a verdict keeps nothing set aside', async () => {
      const { userId, topUpId } = await pending('razorpay');
      await done('razorpay', razorpayEvent({ topUpId, amount: 500 }));
      const dispute = { id: `disp_${topUpId}`, amount: 500 };
      await done('razorpay', razorpayEvent({ event: 'payment.dispute.created', topUpId, amount: 500, dispute }));
      expect(await wallet(userId)).toEqual({ balance: 0, held: 500 });
      await done('razorpay', razorpayEvent({ event: 'payment.dispute.closed', topUpId, amount: 500, dispute }));
      expect(await wallet(userId)).toEqual({ balance: 500, held: 0 });
      await soundLedger();
    });

    test('before the success it waits, and a decision alone says all', async () => {
      const { userId, topUpId } = await pending('stripe');
      const lost = stripeDispute(topUpId, 'closed', 'lost');
      await receive('stripe', lost);
      await reaches(lost, 'waiting');
      await done('stripe', stripeEvent({ topUpId, amount: 500 }));
      await reaches(lost, 'processed');
      expect(await wallet(userId)).toEqual({ balance: 0, held: 0 });
      await done('stripe', stripeDispute(topUpId, 'created'), 'ignored');
      expect(await wallet(userId)).toEqual({ balance: 0, held: 0 });
      await soundLedger();
    });

    test('of more than was paid is held', async () => {
      const { userId, topUpId } = await pending('stripe');
      await done('stripe', stripeEvent({ topUpId, amount: 500 }));
      await done('stripe', stripeDispute(topUpId, 'created', 'needs_response', 501), 'held');
      expect(await wallet(userId)).toEqual({ balance: 500, held: 0 });
    });
  });

  describe('Zeffy without a top-up', () => {
    const { unmatched } = { unmatched: () => domain.wallet.unmatched };
    const open = async (paymentId: string) =>
      (await unmatched().list({ limit: 100, state: 'open' })).page.find((payment) => payment.paymentId === paymentId);
    const payment = (fields: Partial<ZeffyPaymentInput> = {}) => ({ paymentId: `z_${newId()}`, amount: 500, ...fields });
    const assign = (id: string, userId: string) => domain.run((tx) => unmatched().assign(tx, admin, id, userId), admin.userId);

    test('is the user’s whose verified address it has, and of nobody whose address is only claimed', async () => {
      const { userId } = await domain.person();
      const email = `${userId}@example.com`;
      const claimed = payment({ email });
      await done('zeffy', zeffyPayment(claimed), 'unmatched');
      expect(await wallet(userId)).toEqual({ balance: 0, held: 0 });
      await domain.mongo.db.collection<{ _id: string }>('users').updateOne({ _id: userId }, { $set: { emailVerifiedAt: new Date() } });
      await done('zeffy', zeffyPayment(payment({ email: email.toUpperCase(), reference: 'my donation' })));
      expect(await wallet(userId)).toEqual({ balance: 500, held: 0 });
      expect(await told(userId, 'payment-completed')).toMatchObject([{ data: { paymentMethod: 'zeffy', amount: 500 } }]);
    });

    test('an administrator assigns it, once, whoever asks how often', async () => {
      const [one, two] = await Promise.all([domain.person(), domain.person()]);
      const came = payment();
      const body = zeffyPayment(came);
      await receive('zeffy', body);
      await receive('zeffy', body, { authorization: `Bearer ${zeffyToken}` });
      await reaches(body, 'unmatched');
      const listed = await open(came.paymentId);
      const results = await Promise.allSettled([
        ...Array.from({ length: 5 }, () => assign(listed!._id, one.userId)),
        ...Array.from({ length: 5 }, () => assign(listed!._id, two.userId)),
      ]);
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
      const balances = [(await wallet(one.userId)).balance, (await wallet(two.userId)).balance];
      expect(balances.toSorted((a, b) => a - b)).toEqual([0, 500]);
      expect(await open(came.paymentId)).toBeUndefined();
      expect(await domain.mongo.db.collection('audit_log').countDocuments({ target: `payment:${listed!._id}` })).toBe(1);
      await expect(assign(newId(), one.userId)).rejects.toMatchObject({ code: 'not-found' });
      await soundLedger();
    });

    test('one that is told again with its reference is credited by that, and cannot be assigned any more', async () => {
      const { userId, topUpId } = await pending('zeffy');
      const other = await domain.person();
      const came = payment();
      await done('zeffy', zeffyPayment(came), 'unmatched');
      const listed = await open(came.paymentId);
      await done('zeffy', zeffyPayment({ ...came, reference: topUpId }));
      await expect(assign(listed!._id, other.userId)).rejects.toMatchObject({ code: 'invalid-transition' });
      expect([await wallet(userId), await wallet(other.userId)]).toEqual([
        { balance: 500, held: 0 },
        { balance: 0, held: 0 },
      ]);
    });

    test('a refund is told by the payment’s own id', async () => {
      const { userId, topUpId } = await pending('zeffy');
      const came = payment({ reference: topUpId });
      await done('zeffy', zeffyPayment(came));
      await done('zeffy', zeffyPayment({ type: 'payment.refunded', paymentId: came.paymentId, amount: 200 }));
      expect(await wallet(userId)).toEqual({ balance: 300, held: 0 });
    });
  });

  describe('administrators', () => {
    const resolve = (id: string, decision: 'dismiss' | 'credit') =>
      domain.run((tx) => domain.webhooks.deliveries.resolve(tx, admin, id, { decision, reason: 'Asked the customer' }), admin.userId);
    const replay = (id: string) => domain.run((tx) => domain.webhooks.deliveries.replay(tx, id), admin.userId);

    test('credit what was really paid of a held one, once; a replay does it no second time', async () => {
      const { userId, topUpId } = await pending('stripe');
      const held = await done('stripe', stripeEvent({ topUpId, amount: 400 }), 'held');
      const results = await Promise.allSettled([resolve(held._id, 'credit'), resolve(held._id, 'credit')]);
      expect(results.map(({ status }) => status).toSorted((a, b) => a.localeCompare(b))).toEqual(['fulfilled', 'rejected']);
      expect(await wallet(userId)).toEqual({ balance: 400, held: 0 });
      await replay(held._id);
      await waitFor('the replay', () => deliveries().findOne({ _id: held._id, replays: 1, state: { $ne: 'received' } }));
      expect(await wallet(userId)).toEqual({ balance: 400, held: 0 });
      const noted = await domain.mongo.db
        .collection('audit_log')
        .find({ target: `webhook-delivery:${held._id}` })
        .toArray();
      expect(noted.map(({ action }) => String(action)).toSorted((a, b) => a.localeCompare(b))).toEqual([
        'webhook.replay',
        'webhook.resolve',
      ]);
      await soundLedger();
    });

    test('dismiss a held one, and no other', async () => {
      const { userId, topUpId } = await pending('razorpay');
      const held = await done('razorpay', razorpayEvent({ topUpId, amount: 400 }), 'held');
      expect((await resolve(held._id, 'dismiss')).result).toMatchObject({ state: 'dismissed', reason: 'Asked the customer' });
      await expect(resolve(held._id, 'credit')).rejects.toMatchObject({ code: 'invalid-transition' });
      expect(await wallet(userId)).toEqual({ balance: 0, held: 0 });
    });

    test('a second payment of one top-up is credited as one of its own', async () => {
      const { userId, topUpId } = await pending('stripe');
      await done('stripe', stripeEvent({ topUpId, amount: 500 }));
      const held = await done('stripe', stripeEvent({ topUpId, amount: 500, paymentIntentId: `pi_again_${topUpId}` }), 'held');
      await resolve(held._id, 'credit');
      expect(await wallet(userId)).toEqual({ balance: 1_000, held: 0 });
    });

    test('have any message done again: what was processed stays so, and changes nothing', async () => {
      const { userId, topUpId } = await pending('zeffy');
      const delivery = await done('zeffy', zeffyPayment({ amount: 500, reference: topUpId }));
      await Promise.all([replay(delivery._id), replay(delivery._id)]);
      await waitFor('both', () => deliveries().findOne({ _id: delivery._id, replays: 2, state: 'processed' }));
      expect(await wallet(userId)).toEqual({ balance: 500, held: 0 });
    });

    test('list them newest first, page by page, by state and provider', async () => {
      const { topUpId } = await pending('razorpay');
      for (let times = 0; times < 3; times++) await done('razorpay', razorpayEvent({ topUpId, amount: 40 + times }), 'held');
      const query = { limit: 2, state: 'held', provider: 'razorpay' } as const;
      const first = await domain.webhooks.deliveries.list(query);
      const second = await domain.webhooks.deliveries.list({ ...query, cursor: first.nextCursor ?? '' });
      const ids = [...first.page, ...second.page].map(({ _id }) => _id);
      expect(new Set(ids).size).toBe(ids.length);
      const times = [...first.page, ...second.page].map(({ receivedAt }) => receivedAt.getTime());
      expect(times).toEqual(times.toSorted((a, b) => b - a));
      expect(first.page.every(({ state, provider }) => state === 'held' && provider === 'razorpay')).toBe(true);
    });
  });
});
