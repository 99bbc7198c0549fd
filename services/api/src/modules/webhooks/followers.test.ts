import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Principal } from '@tidings/contracts';
import { newId, type JobDocument } from '@tidings/platform';
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
} from '@tidings/testing';
import { createDomain, stripeSecret, type Domain } from '../../../tests/support/domain.js';
import { ledgerSums } from '../wallet/index.js';
import { createFollowers } from './followers.js';
import type { PaymentProvider } from './message.js';
import { webhookModels, type DeliveryDocument } from './webhooks.model.js';

const sound = { unbalancedTransfers: [], differing: [], negative: [], heldDiffers: [] };

/** As Stripe posts what has happened to a charge, a refund or a dispute, cut to what matters. */
const stripeObject = (type: string, object: object, minute = 0): string =>
  JSON.stringify({ id: `evt_${newId()}`, object: 'event', type, created: Date.UTC(2026, 0, 1, 12, minute) / 1_000, data: { object } });
const charged = (topUpId: string, amount_refunded: number, minute = 0): string =>
  stripeObject('charge.refunded', { amount_refunded, currency: 'inr', payment_intent: `pi_${topUpId}`, metadata: { topUpId } }, minute);
const stripeRefund = (topUpId: string, amount: number, status: string) => ({
  id: `re_${topUpId}`,
  amount,
  currency: 'inr',
  payment_intent: `pi_${topUpId}`,
  metadata: {},
  status,
  failure_reason: 'expired_or_canceled_card',
});
const stripeDispute = (topUpId: string, type: 'created' | 'closed', status: string, withdrawn: number[] = []): string =>
  stripeObject(`charge.dispute.${type}`, {
    id: `dp_${topUpId}`,
    amount: 500,
    currency: 'inr',
    payment_intent: `pi_${topUpId}`,
    metadata: {},
    reason: 'fraudulent',
    status,
    balance_transactions: withdrawn.map((amount) => ({ amount })),
  });

describe('news of a payment', () => {
  let domain: Domain;
  let admin: Principal;
  beforeAll(async () => {
    const env = {
      RAZORPAY_WEBHOOK_SECRET: razorpaySecret,
      ZEFFY_FORM_URL: 'https://zeffy.example/form',
      ZEFFY_WEBHOOK_SECRET: zeffySecret,
    };
    domain = await createDomain({ jobs: 'running', env });
    admin = await domain.person({ roles: ['admin'] });
  });
  afterAll(() => domain.stop());

  const deliveries = () => domain.mongo.db.collection<DeliveryDocument>('webhook_deliveries');
  const sign: Record<PaymentProvider, (body: string) => Record<string, string>> = {
    stripe: (body) => ({ 'stripe-signature': stripeHeader(stripeSecret, body) }),
    razorpay: razorpayHeaders,
    zeffy: zeffyHeaders,
  };
  const receive = (provider: PaymentProvider, body: string) =>
    domain.webhooks.webhooks.receive(provider, Buffer.from(body), sign[provider](body));
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
  const pending = async (provider: PaymentProvider) => {
    const { userId } = await domain.person();
    const top = await domain.wallet.topUps.prepare(userId, { amount: 500, provider });
    await domain.run((tx) => domain.wallet.topUps.store(tx, top));
    return { userId, topUpId: top.topUp._id };
  };
  const paid = async (provider: PaymentProvider) => {
    const one = await pending(provider);
    const body = provider === 'stripe' ? stripeEvent({ ...one, amount: 500 }) : razorpayEvent({ topUpId: one.topUpId, amount: 500 });
    await done(provider, body);
    return one;
  };
  const resolve = (id: string, decision: 'dismiss' | 'credit' | 'debit') =>
    domain.run((tx) => domain.webhooks.deliveries.resolve(tx, admin, id, { decision, reason: 'Asked the customer' }), admin.userId);
  const tried = async ({ _id }: DeliveryDocument) =>
    (await domain.mongo.db.collection<JobDocument>('jobs').findOne({ _id: `webhook:${_id}` }))?.attempts;
  const soundLedger = async () => {
    await domain.wallet.rollUps.run();
    expect(await ledgerSums(domain.mongo)).toEqual({ byCurrency: { INR: 0 }, ...sound });
  };

  test('Stripe’s failed refund, by each of its names and at once, brings the money back once', async () => {
    const { userId, topUpId } = await paid('stripe');
    await done('stripe', charged(topUpId, 200, 1));
    expect(await wallet(userId)).toEqual({ balance: 300, held: 0 });
    await done('stripe', stripeObject('refund.updated', stripeRefund(topUpId, 200, 'succeeded'), 2), 'ignored');
    const names = ['refund.failed', 'refund.updated', 'charge.refund.updated'];
    const bodies = names.map((type) => stripeObject(type, stripeRefund(topUpId, 200, 'failed'), 3));
    await Promise.all(bodies.map((body) => receive('stripe', body)));
    await waitFor(
      'all of them',
      async () => (await deliveries().countDocuments({ body: { $in: bodies }, state: { $in: ['processed', 'ignored'] } })) === 3,
    );
    expect(await wallet(userId)).toEqual({ balance: 500, held: 0 });
    const told = await domain.mongo.db.collection('outbox').find({ type: 'payment-refund-failed', 'data.userId': userId }).toArray();
    expect(told.map(({ data }) => data as object)).toMatchObject([{ amount: 200, reason: 'The refund failed: expired or canceled card' }]);
    await soundLedger();
  });

  test('Razorpay’s failed refund brings back what it was told to have done', async () => {
    const { userId, topUpId } = await paid('razorpay');
    await done('razorpay', razorpayEvent({ event: 'refund.processed', topUpId, amount: 500, refunded: 500 }));
    expect(await wallet(userId)).toEqual({ balance: 0, held: 0 });
    await done('razorpay', razorpayEvent({ event: 'refund.failed', topUpId, amount: 500, refunded: 500 }));
    expect(await wallet(userId)).toEqual({ balance: 500, held: 0 });
    await soundLedger();
  });

  describe('whose payment waits for a person', () => {
    test('is held with it at its first try, and done at once when the payment is credited', async () => {
      const { userId, topUpId } = await pending('stripe');
      const payment = await done('stripe', stripeEvent({ topUpId, amount: 400 }), 'held');
      const refund = await done('stripe', charged(topUpId, 100), 'held');
      expect(refund.reason).toBe('The payment that it is about is held');
      expect(await tried(refund)).toBe(1);
      await resolve(payment._id, 'credit');
      await reaches(refund.body, 'processed');
      expect(await wallet(userId)).toEqual({ balance: 300, held: 0 });
      await soundLedger();
    });

    test('is dismissed with it', async () => {
      const { userId, topUpId } = await pending('razorpay');
      const payment = await done('razorpay', razorpayEvent({ topUpId, amount: 400 }), 'held');
      const refund = await done('razorpay', razorpayEvent({ event: 'refund.processed', topUpId, amount: 400, refunded: 400 }), 'held');
      await resolve(payment._id, 'dismiss');
      expect(await reaches(refund.body, 'dismissed')).toMatchObject({ reason: 'Asked the customer' });
      expect(await wallet(userId)).toEqual({ balance: 0, held: 0 });
    });

    test('and comes while it is decided: it is done all the same', async () => {
      for (let round = 0; round < 4; round++) {
        const { userId, topUpId } = await pending('stripe');
        const payment = await done('stripe', stripeEvent({ topUpId, amount: 400 }), 'held');
        const refund = charged(topUpId, 100);
        await Promise.all([receive('stripe', refund), resolve(payment._id, 'credit')]);
        await reaches(refund, 'processed');
        expect(await wallet(userId)).toEqual({ balance: 300, held: 0 });
      }
    });

    test('that is decided in the middle of its try sees it, or is seen by it', async () => {
      const { topUpId } = await pending('stripe');
      const payment = await done('stripe', stripeEvent({ topUpId, amount: 400 }), 'held');
      const followers = createFollowers(webhookModels(domain.mongo));
      let isFirst = true;
      const { result } = await domain.run(async (tx) => {
        await deliveries().findOne({ _id: payment._id }, { session: tx.session });
        if (isFirst) {
          isFirst = false;
          await resolve(payment._id, 'credit');
        }
        return followers.heldPayment(tx, { ...payment, follows: `payment:pi_${topUpId}` });
      });
      expect(result).toBeUndefined();
    });

    describe('and was told of twice', () => {
      /** Stripe makes two events of one payment now and then. */
      const heldTwice = async () => {
        const one = await pending('stripe');
        const messages = [1, 2].map(() => stripeEvent({ topUpId: one.topUpId, amount: 400 }));
        const payments = [];
        for (const message of messages) payments.push(await done('stripe', message, 'held'));
        const refund = await done('stripe', charged(one.topUpId, 100), 'held');
        return { ...one, refund, first: payments[0]!._id, second: payments[1]!._id };
      };

      test('is done as soon as one of them is credited, and the other’s dismissal takes nothing back', async () => {
        for (const credited of ['first', 'second'] as const) {
          const told = await heldTwice();
          await resolve(told[credited], 'credit');
          await reaches(told.refund.body, 'processed');
          await resolve(told[credited === 'first' ? 'second' : 'first'], 'dismiss');
          expect(await deliveries().findOne({ _id: told.refund._id })).toMatchObject({ state: 'processed' });
          expect(await wallet(told.userId)).toEqual({ balance: 300, held: 0 });
        }
        await soundLedger();
      });

      test('goes the way of the last one that is decided', async () => {
        for (const decision of ['credit', 'dismiss'] as const) {
          const { userId, refund, first, second } = await heldTwice();
          const { heldFor = '' } = (await deliveries().findOne({ _id: refund._id }))!;
          await resolve(heldFor, 'dismiss');
          await waitFor('it to be held for the other', () =>
            deliveries().findOne({ _id: refund._id, state: 'held', heldFor: heldFor === first ? second : first }),
          );
          await resolve(heldFor === first ? second : first, decision);
          await reaches(refund.body, decision === 'credit' ? 'processed' : 'dismissed');
          expect(await wallet(userId)).toEqual({ balance: decision === 'credit' ? 300 : 0, held: 0 });
        }
      });
    });

    test('is of its own payment: a second one of the same top-up keeps the first one’s refund from nobody', async () => {
      const { userId, topUpId } = await paid('stripe');
      const second = await done('stripe', stripeEvent({ topUpId, amount: 500, paymentIntentId: `pi_2_${topUpId}` }), 'held');
      await done('stripe', charged(topUpId, 100));
      const ofSecond = await done('stripe', charged(topUpId, 500).replaceAll(`"pi_${topUpId}`, `"pi_2_${topUpId}`), 'held');
      await resolve(second._id, 'credit');
      await reaches(ofSecond.body, 'processed');
      expect(await wallet(userId)).toEqual({ balance: 400, held: 0 });
      await soundLedger();
    });
  });

  test('that came before it is done as soon as the payment is credited', async () => {
    const { userId, topUpId } = await pending('stripe');
    const refund = await done('stripe', charged(topUpId, 100), 'waiting');
    // As after many tries: the next one is far away.
    await domain.mongo.db
      .collection<JobDocument>('jobs')
      .updateOne({ _id: `webhook:${refund._id}` }, { $set: { dueAt: new Date(Date.now() + 3_600_000) } });
    await done('stripe', stripeEvent({ topUpId, amount: 500 }));
    await reaches(refund.body, 'processed');
    expect(await wallet(userId)).toEqual({ balance: 400, held: 0 });
  });

  describe('how a dispute ended', () => {
    test.each(['warning_closed', 'prevented', 'won'])('%s: the user has the money again', async (status) => {
      const { userId, topUpId } = await paid('stripe');
      await done('stripe', stripeDispute(topUpId, 'created', 'needs_response'));
      expect(await wallet(userId)).toEqual({ balance: 0, held: 500 });
      await done('stripe', stripeDispute(topUpId, 'closed', status, [-500, 500]));
      expect(await wallet(userId)).toEqual({ balance: 500, held: 0 });
      await soundLedger();
    });

    const unclear = [
      { status: 'prevented', withdrawn: [-500], decision: 'credit', balance: 500 },
      { status: 'something_new', withdrawn: [], decision: 'debit', balance: 0 },
    ] as const;
    test('one that leaves open who has the money is held, and a person says it once', async () => {
      for (const { status, withdrawn, decision, balance } of unclear) {
        const { userId, topUpId } = await paid('stripe');
        await done('stripe', stripeDispute(topUpId, 'created', 'needs_response'));
        const end = await done('stripe', stripeDispute(topUpId, 'closed', status, [...withdrawn]), 'held');
        expect(end.reason).toContain(status);
        expect(await wallet(userId)).toEqual({ balance: 0, held: 500 });
        const results = await Promise.allSettled([resolve(end._id, decision), resolve(end._id, decision)]);
        expect(results.map((result) => result.status).toSorted((one, other) => one.localeCompare(other))).toEqual([
          'fulfilled',
          'rejected',
        ]);
        expect(await wallet(userId)).toEqual({ balance, held: 0 });
      }
      await soundLedger();
    });

    test('is nothing that a payment is resolved by', async () => {
      const { topUpId } = await pending('stripe');
      const held = await done('stripe', stripeEvent({ topUpId, amount: 400 }), 'held');
      await expect(resolve(held._id, 'debit')).rejects.toMatchObject({ code: 'invalid-transition' });
    });
  });

  test('a payment that is on the list of unmatched ones leaves it when its held message is credited', async () => {
    const { userId, topUpId } = await pending('zeffy');
    const other = await domain.person();
    const paymentId = `z_${newId()}`;
    await done('zeffy', zeffyPayment({ paymentId, amount: 400 }), 'unmatched');
    const held = await done('zeffy', zeffyPayment({ paymentId, amount: 400, reference: topUpId }), 'held');
    const [entry] = (await domain.wallet.unmatched.list({ limit: 100, state: 'open' })).page.filter((one) => one.paymentId === paymentId);
    const results = await Promise.allSettled([
      resolve(held._id, 'credit'),
      resolve(held._id, 'credit'),
      domain.run((tx) => domain.wallet.unmatched.assign(tx, admin, entry!._id, other.userId)),
    ]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const [closed] = (await domain.wallet.unmatched.list({ limit: 100 })).page.filter((one) => one.paymentId === paymentId);
    const mine = await wallet(userId);
    expect(closed).toMatchObject({ state: 'assigned', userId: mine.balance === 400 ? userId : other.userId });
    expect(mine.balance + (await wallet(other.userId)).balance).toBe(400);
    await soundLedger();
  });

  test('a held payment that was unmatched, too, is assigned to whom it was credited', async () => {
    const { userId, topUpId } = await pending('zeffy');
    const paymentId = `z_${newId()}`;
    await done('zeffy', zeffyPayment({ paymentId, amount: 400 }), 'unmatched');
    const held = await done('zeffy', zeffyPayment({ paymentId, amount: 400, reference: topUpId }), 'held');
    await resolve(held._id, 'credit');
    const [closed] = (await domain.wallet.unmatched.list({ limit: 100 })).page.filter((one) => one.paymentId === paymentId);
    expect(closed).toMatchObject({ state: 'assigned', userId, topUpId });
  });
});
