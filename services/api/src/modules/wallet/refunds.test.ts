import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Problem, type Principal } from '@tidings/contracts';
import { newId } from '@tidings/platform';
import { waitFor } from '@tidings/testing';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { ledgerSums } from './ledger-sums.js';
import { RefundRefused, type PaymentProvider, type ProviderRefund } from './providers/provider.js';

const sound = { unbalancedTransfers: [], differing: [], negative: [], heldDiffers: [] };

/** A provider whose answer each test decides. */
class FakeProvider implements PaymentProvider {
  readonly asked: ProviderRefund[] = [];
  answer: (refund: ProviderRefund) => Promise<void> = async () => undefined;
  open = async () => ({});
  refund = async (refund: ProviderRefund): Promise<void> => {
    this.asked.push(refund);
    await this.answer(refund);
  };
  askedFor(topUpId: string): ProviderRefund[] {
    return this.asked.filter(({ topUp }) => topUp._id === topUpId);
  }
}

describe('refunds of top-ups', () => {
  const provider = new FakeProvider();
  let domain: Domain;
  let admin: Principal;
  beforeAll(async () => {
    domain = await createDomain({ jobs: 'running', providers: { stripe: provider }, env: { REFUND_LIMIT: '1000' } });
    admin = await domain.person({ roles: ['admin'] });
  });
  afterEach(() => {
    provider.answer = async () => undefined;
  });
  afterAll(() => domain.stop());

  const balanceOf = async (userId: string) => {
    const { balance, held } = await domain.wallet.wallet.balance(userId);
    return { balance, held };
  };
  const funded = async (amount: number): Promise<{ userId: string; topUpId: string }> => {
    const { userId } = await domain.person();
    await domain.fund(userId, amount);
    const topUp = await domain.mongo.db.collection<{ _id: string }>('topups').findOne({ userId });
    return { userId, topUpId: topUp!._id };
  };
  const ask = async (topUpId: string, amount?: number, caller = admin) =>
    (
      await domain.run(
        (tx) => domain.refunds.adminRefunds.create(tx, caller, { topUpId, reason: 'Wrong amount', ...(amount ? { amount } : {}) }),
        caller.userId,
      )
    ).result._id;
  const toldByWebhook = (topUpId: string, total: number) =>
    domain.run((tx) => domain.wallet.topUps.refund(tx, { provider: 'stripe', topUpId, amount: total, currency: 'INR' }));
  const reaches = (id: string, status: string) =>
    waitFor(`the refund to be ${status}`, async () => {
      const refund = await domain.wallet.refunds.get(id);
      return refund.status === status ? refund : undefined;
    });
  const holdsUntil = (): (() => void) => {
    let proceed = (): void => undefined;
    const answered = new Promise<void>((resolve) => (proceed = resolve));
    provider.answer = () => answered;
    return () => proceed();
  };
  const expectSound = async () => {
    await domain.wallet.rollUps.run();
    expect(await ledgerSums(domain.mongo)).toEqual({ byCurrency: { INR: 0 }, ...sound });
  };

  test('the amount is set aside at once, and gone when the provider has done it', async () => {
    const { userId, topUpId } = await funded(500);
    const proceed = holdsUntil();
    const id = await ask(topUpId, 200);
    expect(await balanceOf(userId)).toEqual({ balance: 300, held: 200 });
    await waitFor('the provider to be asked', async () => provider.askedFor(topUpId).length > 0);
    proceed();
    await reaches(id, 'succeeded');
    expect(provider.askedFor(topUpId)).toMatchObject([{ refundId: id, amount: 200 }]);
    expect(await balanceOf(userId)).toEqual({ balance: 300, held: 0 });
    const told = await domain.mongo.db.collection('outbox').find({ type: 'payment-refunded', 'data.userId': userId }).toArray();
    expect(told.map(({ data }) => data)).toMatchObject([{ amount: 200, topUpId, reason: 'Wrong amount', paymentMethod: 'stripe' }]);
    await expectSound();
  });

  test('the provider that is out of reach is asked again, with the same id', async () => {
    const { userId, topUpId } = await funded(500);
    provider.answer = async () => {
      if (provider.askedFor(topUpId).length < 2) throw new Problem('provider-error');
    };
    const id = await ask(topUpId);
    await reaches(id, 'succeeded');
    expect(new Set(provider.askedFor(topUpId).map(({ refundId }) => refundId))).toEqual(new Set([id]));
    expect(await balanceOf(userId)).toEqual({ balance: 0, held: 0 });
  });

  test('a refusal gives back what was set aside, and says why', async () => {
    const { userId, topUpId } = await funded(500);
    provider.answer = () => Promise.reject(new RefundRefused('The card is closed'));
    const id = await ask(topUpId, 500);
    expect(await reaches(id, 'failed')).toMatchObject({ failure: 'The card is closed', version: 2 });
    expect(await balanceOf(userId)).toEqual({ balance: 500, held: 0 });
    await expectSound();
  });

  test('the webhook before and after the answer books the money once', async () => {
    const { userId, topUpId } = await funded(500);
    const proceed = holdsUntil();
    const id = await ask(topUpId, 200);
    expect((await toldByWebhook(topUpId, 200)).result).toEqual({ state: 'processed' });
    expect(await balanceOf(userId)).toEqual({ balance: 300, held: 0 });
    proceed();
    await reaches(id, 'succeeded');
    expect((await toldByWebhook(topUpId, 200)).result).toMatchObject({ state: 'ignored' });
    expect(await balanceOf(userId)).toEqual({ balance: 300, held: 0 });
    expect(await domain.mongo.db.collection('outbox').countDocuments({ type: 'payment-refunded', 'data.userId': userId })).toBe(1);
    await expectSound();
  });

  test('what somebody gives back on the provider’s own pages meanwhile comes to the same sum', async () => {
    const { userId, topUpId } = await funded(500);
    const proceed = holdsUntil();
    const id = await ask(topUpId, 200);
    await toldByWebhook(topUpId, 50);
    expect(await balanceOf(userId)).toEqual({ balance: 300, held: 150 });
    proceed();
    await reaches(id, 'succeeded');
    await toldByWebhook(topUpId, 250);
    expect(await balanceOf(userId)).toEqual({ balance: 250, held: 0 });
    await expectSound();
  });

  test('a webhook that comes with the answer, ten times at once, books it once', async () => {
    const { userId, topUpId } = await funded(500);
    const id = await ask(topUpId, 300);
    await Promise.all(Array.from({ length: 10 }, () => toldByWebhook(topUpId, 300)));
    await reaches(id, 'succeeded');
    expect(await balanceOf(userId)).toEqual({ balance: 200, held: 0 });
    await expectSound();
  });

  test('ten at once promise no more than was paid', async () => {
    const { userId, topUpId } = await funded(500);
    // Enough to hold more than this top-up was.
    await domain.fund(userId, 5_000);
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => ask(topUpId, 100)));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'refund-exceeds-payment' });
  });

  test('of several, one is at the provider at a time: one that is refused costs nothing, whatever the others’ webhook says', async () => {
    const { userId, topUpId } = await funded(500);
    let given = 0;
    let under = 0;
    let most = 0;
    // The webhook tells the sum before the provider's answer is here; the first is refused at the end, the others are done.
    let refuse = (): void => undefined;
    const othersAsked = new Promise<void>((resolve) => (refuse = resolve));
    provider.answer = async ({ amount, topUp }) => {
      // Earlier tests' refunds may still be under way.
      if (topUp._id !== topUpId) return;
      most = Math.max(most, ++under);
      try {
        if (amount === 200) {
          await othersAsked;
          throw new RefundRefused('Not this one');
        }
        given += amount;
        await toldByWebhook(topUpId, given);
      } finally {
        under--;
      }
    };
    const refused = await ask(topUpId, 200);
    const done = await Promise.all([ask(topUpId, 100), ask(topUpId, 101)]);
    refuse();
    expect(await reaches(refused, 'failed')).toMatchObject({ settled: 0 });
    for (const id of done) await reaches(id, 'succeeded');
    expect({ most, given }).toEqual({ most: 1, given: 201 });
    expect(await balanceOf(userId)).toEqual({ balance: 299, held: 0 });
    await expectSound();
  });

  test('what the customer has spent, and what was never paid, is not given back', async () => {
    const { userId, topUpId } = await funded(500);
    await domain.run((tx) => domain.wallet.wallet.hold(tx, { key: newId(), userId, amount: 400, currency: 'INR', description: 'Spent' }));
    await expect(ask(topUpId)).rejects.toMatchObject({ code: 'insufficient-funds' });
    await expect(ask(topUpId, 501)).rejects.toMatchObject({ code: 'refund-exceeds-payment' });
    await expect(ask(newId())).rejects.toMatchObject({ code: 'not-found' });
    expect(provider.askedFor(topUpId)).toEqual([]);
  });

  test('above the limit only a superadmin gives back, also in parts', async () => {
    const { topUpId } = await funded(2_000);
    await ask(topUpId, 600);
    await expect(ask(topUpId, 401)).rejects.toMatchObject({ code: 'forbidden' });
    const superadmin = await domain.person({ roles: ['superadmin'] });
    const id = await ask(topUpId, 401, superadmin);
    expect(await domain.mongo.db.collection('audit_log').findOne({ action: 'refund.create', 'details.refundId': id })).toMatchObject({
      actor: superadmin.userId,
      target: `top-up:${topUpId}`,
      details: { amount: 401, currency: 'INR' },
    });
  });
});
