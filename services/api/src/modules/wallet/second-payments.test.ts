import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newId } from '@tidings/platform';
import { waitFor } from '@tidings/testing';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { ledgerSums } from './ledger-sums.js';
import type { TopUpDocument } from './wallet.model.js';

const sound = { unbalancedTransfers: [], differing: [], negative: [], heldDiffers: [] };

/** The payer names the top-up (Zeffy's form, Razorpay's checkout), and may pay it twice: what follows is about a payment, not about its name. */
describe.each(['stripe', 'razorpay', 'zeffy'] as const)('two payments that name one top-up, by %s', (provider) => {
  const currency = 'INR';
  let domain: Domain;
  beforeAll(async () => {
    const paidBack = { open: async () => ({}), refund: async () => undefined };
    domain = await createDomain({ jobs: 'running', providers: { stripe: paidBack, razorpay: paidBack, zeffy: paidBack } });
  });
  afterAll(() => domain.stop());

  const topUps = () => domain.mongo.db.collection<TopUpDocument>('topups');
  const does = <T>(work: Parameters<typeof domain.run<T>>[0]): Promise<T> => domain.run(work).then(({ result }) => result);
  const pays = (topUpId: string, providerRef: string, amount = 500) =>
    does((tx) => domain.wallet.topUps.credit(tx, { provider, topUpId, providerRef, amount, currency }));
  const paysAsDecided = (topUpId: string, providerRef: string, amount = 500) =>
    does((tx) => domain.wallet.topUps.creditAsPaid(tx, { provider, topUpId, providerRef, amount, currency }, async () => undefined));
  const refunded = (topUpId: string, providerRef: string, amount = 500) =>
    does((tx) => domain.wallet.topUps.refund(tx, { provider, topUpId, providerRef, amount, currency }));
  const disputed = (topUpId: string, providerRef: string) =>
    does((tx) =>
      domain.wallet.disputes.report(tx, { provider, topUpId, providerRef, disputeId: newId(), status: 'opened', amount: 500, currency }),
    );
  const pending = async () => {
    const { userId } = await domain.person();
    const prepared = await domain.wallet.topUps.prepare(userId, { amount: 500, provider });
    await does((tx) => domain.wallet.topUps.store(tx, prepared));
    return { userId, topUpId: prepared.topUp._id, one: `one_${newId()}`, two: `two_${newId()}` };
  };
  const balanceOf = async (userId: string) => {
    const { balance, held } = await domain.wallet.wallet.balance(userId);
    return { balance, held };
  };
  const expectSound = async () => {
    await domain.wallet.rollUps.run();
    expect(await ledgerSums(domain.mongo)).toEqual({ byCurrency: { INR: 0 }, ...sound });
  };

  test('the second one, given back or disputed before it was credited, costs the customer nothing', async () => {
    const { userId, topUpId, one, two } = await pending();
    await pays(topUpId, one);
    expect(await pays(topUpId, two)).toMatchObject({ state: 'held' });
    expect(await refunded(topUpId, two)).toMatchObject({ state: 'held' });
    expect(await disputed(topUpId, two)).toMatchObject({ state: 'held' });
    expect(await balanceOf(userId)).toEqual({ balance: 500, held: 0 });
    expect(await refunded(topUpId, one)).toEqual({ state: 'processed' });
    expect(await balanceOf(userId)).toEqual({ balance: 0, held: 0 });
    await expectSound();
  });

  test('each is given back and disputed as itself, and the second, told again, is known', async () => {
    const { userId, topUpId, one, two } = await pending();
    await pays(topUpId, one);
    expect(await paysAsDecided(topUpId, two)).toEqual({ state: 'processed' });
    expect(await pays(topUpId, two)).toMatchObject({ state: 'ignored' });
    expect(await balanceOf(userId)).toEqual({ balance: 1_000, held: 0 });
    expect(await refunded(topUpId, two, 200)).toEqual({ state: 'processed' });
    expect(await refunded(topUpId, one, 100)).toEqual({ state: 'processed' });
    expect(await topUps().findOne({ providerRef: two })).toMatchObject({ refunded: 200 });
    expect(await topUps().findOne({ _id: topUpId })).toMatchObject({ refunded: 100 });
    expect(await disputed(topUpId, two)).toEqual({ state: 'processed' });
    expect(await balanceOf(userId)).toEqual({ balance: 200, held: 500 });
    await expectSound();
  });

  test('an administrator’s refund of the second one and its webhook are one', async () => {
    const { userId, topUpId, one, two } = await pending();
    await pays(topUpId, one);
    await paysAsDecided(topUpId, two);
    const second = await topUps().findOne({ providerRef: two });
    const admin = await domain.person({ roles: ['admin'] });
    const { _id } = await does((tx) => domain.refunds.adminRefunds.create(tx, admin, { topUpId: second!._id, reason: 'Paid twice' }));
    await refunded(topUpId, two);
    await waitFor('the refund', async () => ((await domain.wallet.refunds.get(_id)).status === 'succeeded' ? true : undefined));
    expect(await balanceOf(userId)).toEqual({ balance: 500, held: 0 });
    expect(await topUps().findOne({ _id: topUpId })).toMatchObject({ status: 'succeeded', refunded: 0 });
    await expectSound();
  });

  test('a payment that was credited by another name is credited to nobody else', async () => {
    const { userId, topUpId, one } = await pending();
    const other = await domain.person();
    await does((tx) => domain.wallet.topUps.creditUnannounced(tx, other.userId, { provider, providerRef: one, amount: 500, currency }));
    expect(await pays(topUpId, one)).toMatchObject({ state: 'ignored' });
    expect(await paysAsDecided(topUpId, one, 400)).toMatchObject({ state: 'ignored' });
    expect([await balanceOf(userId), await balanceOf(other.userId)]).toEqual([
      { balance: 0, held: 0 },
      { balance: 500, held: 0 },
    ]);
    await expectSound();
  });
});
