import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Problem, type Principal } from '@tidings/contracts';
import { newId } from '@tidings/platform';
import { waitFor } from '@tidings/testing';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import type { ListedPayment } from '../wallet/index.js';

describe('reconciliation', () => {
  let listed: ListedPayment[] = [];
  let fault: Error | undefined;
  const asked: { from: Date; to: Date }[] = [];
  let domain: Domain;
  let admin: Principal;
  beforeAll(async () => {
    const list = async function* (range: { from: Date; to: Date }) {
      asked.push(range);
      if (fault) throw fault;
      yield* listed.filter(({ at }) => at >= range.from && at < range.to);
    };
    domain = await createDomain({ jobs: 'running', providers: { stripe: { open: async () => ({}), list } } });
    admin = await domain.person({ roles: ['admin'] });
  });
  beforeEach(async () => {
    listed = [];
    fault = undefined;
    await domain.mongo.db.collection('topups').updateMany({}, { $set: { creditedAt: new Date('2020-01-01') } });
  });
  afterAll(() => domain.stop());

  const runs = () => domain.reconciliation.reconciliations;
  /** A top-up that is credited here; what the provider lists of it. */
  const paid = async (amount: number): Promise<ListedPayment & { topUpId: string }> => {
    const { userId } = await domain.person();
    await domain.fund(userId, amount);
    const topUp = await domain.mongo.db.collection<{ _id: string }>('topups').findOne({ userId });
    return {
      topUpId: topUp!._id,
      providerRef: `pi_${topUp!._id}`,
      amount,
      refunded: 0,
      currency: 'INR',
      at: new Date(Date.now() - 60_000),
    };
  };
  const reconcile = async () => {
    const to = new Date();
    const from = new Date(to.getTime() - 3_600_000);
    const { result } = await domain.run((tx) =>
      runs().request(tx, admin.userId, { provider: 'stripe', from: from.toISOString(), to: to.toISOString() }),
    );
    const id = result[0]!._id;
    const run = await waitFor('the comparison', async () => {
      const found = await runs().get(id);
      return found.status === 'running' ? undefined : found;
    });
    return { run, differences: (await runs().differencesOf(id, { limit: 100 })).page };
  };
  const gauge = async (kind: string) => {
    const metric = await domain.metrics.registry.getSingleMetric('tidings_reconciliation_differences')?.get();
    return metric?.values.find(({ labels }) => labels['kind'] === kind && labels['provider'] === 'stripe')?.value;
  };

  test('what is the same on both sides is no difference', async () => {
    const payment = await paid(500);
    const { topUpId, providerRef } = payment;
    await domain.run((tx) => domain.wallet.topUps.refund(tx, { provider: 'stripe', topUpId, providerRef, amount: 200, currency: 'INR' }));
    listed = [{ ...payment, refunded: 200 }];
    const { run, differences } = await reconcile();
    expect(run).toMatchObject({ status: 'completed', payments: 1, topUps: 1, differences: 0 });
    expect(differences).toEqual([]);
  });

  test('a second payment of a top-up, credited nowhere, is not taken for the first', async () => {
    const payment = await paid(500);
    const providerRef = `pi_again_${payment.topUpId}`;
    listed = [payment, { ...payment, providerRef }];
    const { differences } = await reconcile();
    expect(differences).toMatchObject([{ kind: 'not-credited', theirs: { providerRef } }]);
  });

  test('each kind of difference is reported with both sides, counted, and closed by a later comparison', async () => {
    const [same, missing, amount, refund, currency] = [await paid(100), await paid(200), await paid(300), await paid(400), await paid(600)];
    const stranger = { providerRef: `pi_${newId()}`, amount: 700, refunded: 0, currency: 'INR', at: new Date(Date.now() - 60_000) };
    listed = [same, { ...amount, amount: 301 }, { ...refund, refunded: 50 }, { ...currency, currency: 'USD' }, stranger];
    const { run, differences } = await reconcile();
    expect(run).toMatchObject({ status: 'completed', payments: 5, topUps: 5, differences: 5 });
    const byKind = Object.fromEntries(differences.map((difference) => [difference.kind, difference]));
    expect(byKind).toMatchObject({
      'not-at-provider': { topUpId: missing.topUpId, ours: { credited: 200 } },
      'amount-differs': { topUpId: amount.topUpId, ours: { credited: 300 }, theirs: { amount: 301 } },
      'refund-differs': { topUpId: refund.topUpId, ours: { refunded: 0 }, theirs: { refunded: 50 } },
      'currency-differs': { topUpId: currency.topUpId, ours: { currency: 'INR' }, theirs: { currency: 'USD' } },
      'not-credited': { theirs: { providerRef: stranger.providerRef, amount: 700 } },
    });
    expect(await gauge('not-at-provider')).toBe(1);

    listed = [same, missing, amount, refund, currency];
    expect((await reconcile()).differences).toEqual([]);
    expect(await gauge('not-at-provider')).toBe(0);
    expect((await runs().differencesOf(run._id, { limit: 100 })).page.every(({ open }) => !open)).toBe(true);
  });

  test('a payment that is listed a day beside the one it was credited on is not missing', async () => {
    const payment = await paid(500);
    listed = [{ ...payment, at: new Date(Date.now() - 20 * 3_600_000) }];
    expect(await reconcile()).toMatchObject({ run: { payments: 0, topUps: 1, differences: 0 } });
  });

  test('a go that died half way leaves nothing of it in the report', async () => {
    const payments = [];
    for (let index = 0; index < 3; index++) payments.push(await paid(100 + index));
    listed = [{ ...payments[0]!, amount: 1 }];
    const { run } = await reconcile();
    expect(run.differences).toBe(3);
    listed = payments;
    const job = await domain.mongo.db.collection<{ _id: string }>('jobs').findOne({ _id: `reconciliation:${run._id}` });
    await runs().process({ ...job, attempts: 0 } as never, async () => true);
    expect((await runs().differencesOf(run._id, { limit: 100 })).page).toEqual([]);
  });

  test('the day is compared once, however many replicas come to it', async () => {
    const from = new Date('2026-03-01T00:00:00.000Z');
    const to = new Date('2026-03-02T00:00:00.000Z');
    await Promise.all(Array.from({ length: 5 }, () => runs().daily({ from, to })));
    const { page } = await runs().list({ limit: 100, provider: 'stripe' });
    expect(page.filter((run) => run._id === 'stripe-2026-03-01')).toHaveLength(1);
    await waitFor('it to be done', async () => (await runs().get('stripe-2026-03-01')).status === 'completed');
    expect(asked.filter((range) => range.to.getTime() === to.getTime() + 86_400_000)).toHaveLength(1);
  });

  test('a provider that is away is asked again, and given up in the end', async () => {
    fault = new Problem('provider-error');
    const { result } = await domain.run((tx) => runs().request(tx, admin.userId, { provider: 'stripe' }));
    const id = result[0]!._id;
    const job = { data: { reconciliationId: id }, attempts: 0 };
    await expect(runs().process(job as never, async () => true)).rejects.toMatchObject({ code: 'provider-error' });
    await runs().process({ ...job, attempts: 11 } as never, async () => true);
    expect(await runs().get(id)).toMatchObject({ status: 'failed' });
  });

  test('a period that is not over, too long or of nobody is refused', async () => {
    const request = (input: object) => domain.run((tx) => runs().request(tx, admin.userId, input));
    const day = (offset: number) => new Date(Date.now() + offset * 86_400_000).toISOString();
    const unfit = (path: string) => ({ code: 'bad-request', errors: [{ path }] });
    await expect(request({ from: day(-1), to: day(1) })).rejects.toMatchObject(unfit('to'));
    await expect(request({ from: day(-40), to: day(-1) })).rejects.toMatchObject(unfit('from'));
    await expect(request({ from: day(-1), to: day(-2) })).rejects.toMatchObject(unfit('from'));
    await expect(request({ provider: 'zeffy' })).rejects.toMatchObject({
      code: 'provider-unavailable',
      detail: expect.stringContaining('zeffy has no list of payments'),
    });
  });
});
