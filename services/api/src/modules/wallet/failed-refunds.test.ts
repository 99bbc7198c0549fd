import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { Principal } from '@tidings/contracts';
import { newId, type JobDocument } from '@tidings/platform';
import { waitFor } from '@tidings/testing';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { ledgerSums } from './ledger-sums.js';
import { RefundRefused } from './providers/provider.js';
import type { TopUpDocument } from './wallet.model.js';

const sound = { unbalancedTransfers: [], differing: [], negative: [], heldDiffers: [] };

/** A bank may send back what the provider has given: days later, or before anybody here knows that it was given. */
describe('refunds that fail after all', () => {
  let domain: Domain;
  let admin: Principal;
  let answer: () => Promise<void> = async () => undefined;
  const currency = 'INR';
  beforeAll(async () => {
    const provider = { open: async () => ({}), refund: () => answer() };
    domain = await createDomain({ jobs: 'running', providers: { stripe: provider, razorpay: provider } });
    admin = await domain.person({ roles: ['admin', 'superadmin'] });
  });
  afterEach(() => {
    answer = async () => undefined;
  });
  afterAll(() => domain.stop());

  const time = (minute: number): Date => new Date(Date.UTC(2026, 0, 1, 12, minute));
  const balanceOf = async (userId: string) => {
    const { balance, held } = await domain.wallet.wallet.balance(userId);
    return { balance, held };
  };
  const paid = async (amount = 500, provider: 'stripe' | 'razorpay' = 'stripe') => {
    const { userId } = await domain.person();
    const { topUp } = await domain.wallet.topUps.prepare(userId, { amount, provider });
    await domain.run(async (tx) => {
      await domain.wallet.topUps.store(tx, { topUp, opened: {} });
      await domain.wallet.topUps.credit(tx, { provider, topUpId: topUp._id, amount, currency, providerRef: `pi_${topUp._id}` });
    });
    return { userId, topUpId: topUp._id, provider };
  };
  type Paid = Awaited<ReturnType<typeof paid>>;
  const refund = async ({ topUpId }: Paid, amount: number) =>
    (await domain.run((tx) => domain.refunds.adminRefunds.create(tx, admin, { topUpId, amount, reason: 'Wrong amount' }), admin.userId))
      .result._id;
  /** The provider's sum of all refunds, as it stood at a minute. */
  const told = async ({ topUpId, provider }: Paid, amount: number, minute: number, refundRef?: string) =>
    (await domain.run((tx) => domain.wallet.topUps.refund(tx, { provider, topUpId, amount, currency, at: time(minute), refundRef })))
      .result;
  const failed = async ({ topUpId, provider }: Paid, refundRef: string, amount: number, minute: number, refundId?: string) =>
    (
      await domain.run((tx) =>
        domain.wallet.topUps.refundFailed(tx, {
          provider,
          topUpId,
          refundRef,
          refundId,
          amount,
          currency,
          at: time(minute),
          reason: 'The card is closed',
        }),
      )
    ).result;
  const reaches = (id: string, status: string) =>
    waitFor(`the refund to be ${status}`, async () => {
      const found = await domain.wallet.refunds.get(id);
      return found.status === status ? found : undefined;
    });
  const events = (userId: string) =>
    domain.mongo.db.collection('outbox').find({ type: 'payment-refund-failed', 'data.userId': userId }).toArray();
  const topUpOf = ({ topUpId }: Paid) => domain.mongo.db.collection<TopUpDocument>('topups').findOne({ _id: topUpId });
  const expectSound = async () => {
    await domain.wallet.rollUps.run();
    expect(await ledgerSums(domain.mongo)).toEqual({ byCurrency: { INR: 0 }, ...sound });
  };

  test('the money comes back into the wallet, once, however often and in how many words it is told', async () => {
    const top = await paid();
    const id = await refund(top, 200);
    await reaches(id, 'succeeded');
    expect(await balanceOf(top.userId)).toEqual({ balance: 300, held: 0 });
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => failed(top, 're_1', 200, 9, id)));
    expect(outcomes.filter(({ state }) => state === 'processed')).toHaveLength(1);
    expect(await balanceOf(top.userId)).toEqual({ balance: 500, held: 0 });
    expect(await reaches(id, 'failed')).toMatchObject({ failure: 'The card is closed', settled: 0 });
    const [told1, ...more] = await events(top.userId);
    expect(more).toEqual([]);
    expect(told1).toMatchObject({
      data: { amount: 200, topUpId: top.topUpId, reason: 'The card is closed' },
      feeds: [`user:${top.userId}`, 'admin'],
    });
    // It may be given back again, all of it.
    await reaches(await refund(top, 500), 'succeeded');
    expect(await balanceOf(top.userId)).toEqual({ balance: 0, held: 0 });
    expect(await topUpOf(top)).toMatchObject({ refunded: 500, status: 'refunded' });
    await expectSound();
  });

  test('a sum of before the failure, told after it, takes nothing; one of after it is what it says', async () => {
    const top = await paid();
    await told(top, 200, 1);
    await failed(top, 're_1', 200, 5);
    expect(await told(top, 200, 1)).toMatchObject({ state: 'ignored' });
    expect(await balanceOf(top.userId)).toEqual({ balance: 500, held: 0 });
    expect(await told(top, 200, 6)).toEqual({ state: 'processed' });
    expect(await balanceOf(top.userId)).toEqual({ balance: 300, held: 0 });
    expect(await told(top, 200, 6)).toMatchObject({ state: 'ignored' });
    await expectSound();
  });

  test('whatever the order of the news, the last balance is the same', async () => {
    // 200 given, 100 more, the first fails, 50 more: 150 are with the payer.
    const news = [
      (top: Paid) => told(top, 200, 1),
      (top: Paid) => told(top, 300, 2),
      (top: Paid) => failed(top, 're_1', 200, 5),
      (top: Paid) => told(top, 150, 7),
    ];
    const orders = [
      [0, 1, 2, 3],
      [3, 2, 1, 0],
      [2, 3, 0, 1],
      [0, 3, 2, 1],
      [1, 0, 3, 2],
      [2, 1, 3, 0],
    ];
    for (const order of orders) {
      const top = await paid();
      for (const index of order) await news[index]!(top);
      expect({ order, ...(await balanceOf(top.userId)) }).toEqual({ order, balance: 350, held: 0 });
      expect(await topUpOf(top)).toMatchObject({ refunded: 150 });
    }
    const top = await paid();
    await Promise.all(news.map((tell) => tell(top)));
    expect(await balanceOf(top.userId)).toEqual({ balance: 350, held: 0 });
    await expectSound();
  });

  test('a failure that comes before the provider’s answer frees what is set aside, and the answer books nothing', async () => {
    const top = await paid();
    let proceed = (): void => undefined;
    const answered = new Promise<void>((resolve) => (proceed = resolve));
    let asked = false;
    answer = () => {
      asked = true;
      return answered;
    };
    const id = await refund(top, 200);
    await waitFor('the provider to be asked', async () => asked);
    await failed(top, 're_1', 200, 5, id);
    expect(await balanceOf(top.userId)).toEqual({ balance: 500, held: 0 });
    proceed();
    await waitFor(
      'the job',
      async () => (await domain.mongo.db.collection<JobDocument>('jobs').findOne({ _id: `refund:${id}` }))?.state === 'done',
    );
    expect(await told(top, 200, 1)).toMatchObject({ state: 'ignored' });
    expect(await reaches(id, 'failed')).toMatchObject({ settled: 0 });
    expect(await balanceOf(top.userId)).toEqual({ balance: 500, held: 0 });
    expect(await events(top.userId)).toHaveLength(1);
    await expectSound();
  });

  test('Razorpay’s that was never told of as done brings nothing that was not taken', async () => {
    const top = await paid(500, 'razorpay');
    await told(top, 200, 1, 'rfnd_1');
    await failed(top, 'rfnd_2', 200, 2);
    expect(await balanceOf(top.userId)).toEqual({ balance: 300, held: 0 });
    expect(await events(top.userId)).toEqual([]);
    expect(await told(top, 400, 1, 'rfnd_2')).toMatchObject({ state: 'ignored' });
    await failed(top, 'rfnd_1', 200, 3);
    expect(await balanceOf(top.userId)).toEqual({ balance: 500, held: 0 });
    await expectSound();
  });

  test('what was spent of it, and owed since, is paid first', async () => {
    const top = await paid();
    await domain.run((tx) =>
      domain.wallet.wallet.charge(tx, { orderId: newId(), userId: top.userId, merchantId: newId(), amount: 450, currency }),
    );
    await told(top, 200, 1);
    expect(await balanceOf(top.userId)).toEqual({ balance: 0, held: 0 });
    await failed(top, 're_1', 200, 2);
    expect(await balanceOf(top.userId)).toEqual({ balance: 50, held: 0 });
    await expectSound();
  });

  test('a refund whose job has ended without a word ends as failed, and no retry gives the money away', async () => {
    const top = await paid();
    let asked = 0;
    answer = () => {
      asked++;
      return Promise.reject(new Error('Away'));
    };
    const id = await refund(top, 200);
    const later = await refund(top, 100);
    await waitFor('the provider to be asked', async () => asked > 0);
    const jobs = domain.mongo.db.collection<JobDocument>('jobs');
    await waitFor('the try to end', async () => ((await jobs.findOne({ _id: `refund:${id}` }))?.attempts ?? 0) > 0);
    await jobs.updateOne({ _id: `refund:${id}` }, { $set: { state: 'failed', lastError: 'It hangs' } });
    answer = async () => {
      asked++;
    };
    await Promise.all([domain.wallet.refunds.giveUp(), domain.wallet.refunds.giveUp()]);
    expect(await reaches(id, 'failed')).toMatchObject({ failure: 'It was given up: It hangs' });
    // The one behind it has its turn.
    await reaches(later, 'succeeded');
    expect(await balanceOf(top.userId)).toEqual({ balance: 400, held: 0 });
    expect((await events(top.userId)).map(({ data }) => data as object)).toMatchObject([{ amount: 200 }]);
    const before = asked;
    await domain.run((tx) => domain.jobs.retry(tx.session, `refund:${id}`));
    await waitFor('the retry', async () => (await jobs.findOne({ _id: `refund:${id}` }))?.state === 'done');
    expect(asked).toBe(before);
    expect(await balanceOf(top.userId)).toEqual({ balance: 400, held: 0 });
    await expectSound();
  });

  test('a refusal tells the user that the amount is there again', async () => {
    const top = await paid();
    answer = () => Promise.reject(new RefundRefused('The charge is too old'));
    const id = await refund(top, 200);
    await reaches(id, 'failed');
    const [one] = await events(top.userId);
    expect(one).toMatchObject({ data: { amount: 200, topUpId: top.topUpId, paymentMethod: 'stripe' } });
    expect(JSON.stringify(one)).not.toContain('too old');
  });

  test('a top-up that a bank disputes, or has taken back, is not given back; one whose dispute was won is', async () => {
    const top = await paid();
    const dispute = (status: 'opened' | 'won' | 'lost', disputeId: string) =>
      domain.run((tx) => domain.wallet.disputes.report(tx, { ...top, disputeId, status, amount: 200, currency }));
    await dispute('opened', 'd1');
    await expect(refund(top, 100)).rejects.toMatchObject({ code: 'payment-disputed' });
    await dispute('won', 'd1');
    await reaches(await refund(top, 100), 'succeeded');
    await dispute('lost', 'd2');
    await expect(refund(top, 100)).rejects.toMatchObject({ code: 'payment-disputed' });
    await expectSound();
  });

  test('disputed and given back at the same moment: the refund is refused, or was there before', async () => {
    for (let round = 0; round < 4; round++) {
      const top = await paid();
      // Enough to set both aside, so that nothing but the dispute refuses the refund.
      await domain.fund(top.userId, 1_000);
      const disputed = domain.run((tx) =>
        domain.wallet.disputes.report(tx, { ...top, disputeId: newId(), status: 'opened', amount: 500, currency }),
      );
      const [asked] = await Promise.allSettled([refund(top, 500), disputed]);
      if (asked.status === 'rejected') expect(asked.reason).toMatchObject({ code: 'payment-disputed' });
      await expect(refund(top, 1)).rejects.toMatchObject({ code: 'payment-disputed' });
    }
  });
});
