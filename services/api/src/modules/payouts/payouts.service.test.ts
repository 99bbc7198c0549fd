import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  payoutsQuery,
  reduceMerchantBalance,
  reducePayouts,
  type AnyEvent,
  type MerchantBalance,
  type Payout,
  type Principal,
} from '@tidings/contracts';
import { newId } from '@tidings/platform';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { codesOf, openStall, surely, type Stall } from '../../../tests/support/stalls.js';
import { ledgerSums, presentMerchantBalance } from '../wallet/index.js';
import { presentPayout } from './payouts.presenter.js';

describe('payouts', () => {
  let domain: Domain;
  let boss: Principal;
  beforeAll(async () => {
    domain = await createDomain();
    boss = await domain.person({ roles: ['admin'] });
  });
  afterAll(() => domain.stop());

  const request = (stall: Stall, amount: number) =>
    surely(
      async () =>
        (await domain.run((tx) => domain.payouts.payouts.request(tx, stall.member, stall.vendorId, { amount }), stall.member.userId))
          .result,
    );
  const decide = (id: string, decision: 'accept' | 'decline', as = boss) =>
    surely(
      async () => (await domain.run((tx) => domain.payouts.payouts.decide(tx, as, id, { decision, reference: 'UTR 7' }), as.userId)).result,
    );
  const balanceOf = async ({ vendorId }: Stall) => (await domain.wallet.wallet.merchantBalance(vendorId, 'INR')).balance;
  const payoutAccount = async (id: string) =>
    (await domain.mongo.db.collection<{ _id: string; balance: number }>('accounts').findOne({ _id: id }))?.balance ?? 0;
  /** A stall that has sold for so much, which no roll-up has included yet. */
  const earned = async (amount: number): Promise<Stall> => {
    const stall = await openStall(domain, { price: 10 });
    await stall.place(await stall.customer(amount), amount / 10);
    return stall;
  };
  const expectSound = async () => {
    await domain.wallet.rollUps.run();
    const { byCurrency, ...faults } = await ledgerSums(domain.mongo);
    expect(faults).toEqual({ unbalancedTransfers: [], differing: [], negative: [], heldDiffers: [] });
    expect(byCurrency).toEqual({ INR: 0 });
  };

  test('the amount leaves the balance at once, also what was earned a moment ago, and is gone for good when it is accepted', async () => {
    const stall = await earned(500);
    const { _id } = await request(stall, 300);
    expect(await balanceOf(stall)).toBe(200);
    const decided = await decide(_id, 'accept');
    expect(decided).toMatchObject({ status: 'paid', reference: 'UTR 7', version: 2 });
    expect(await balanceOf(stall)).toBe(200);
    await expectSound();
    expect(await payoutAccount(`payout:${stall.vendorId}:INR`)).toBe(0);
    const log = await domain.mongo.db.collection('audit_log').findOne({ target: `payout:${_id}` });
    expect(log).toMatchObject({ action: 'payout.accept', actor: boss.userId, details: { amount: 300, merchantId: stall.vendorId } });
  });

  test('declined, it comes back, once', async () => {
    const stall = await earned(500);
    const { _id } = await request(stall, 300);
    await decide(_id, 'decline');
    expect(await balanceOf(stall)).toBe(500);
    await expect(decide(_id, 'decline')).rejects.toMatchObject({ code: 'invalid-transition' });
    await expect(decide(_id, 'accept')).rejects.toMatchObject({ code: 'invalid-transition' });
    expect(await balanceOf(stall)).toBe(500);
    await expectSound();
  });

  test('declined, it pays first what the merchant owes since', async () => {
    const stall = await earned(500);
    const account = { kind: 'merchant', ownerId: stall.vendorId, currency: 'INR' } as const;
    const owed = async () => (await domain.run((tx) => domain.wallet.debts.owed(tx, account))).result;
    const { _id } = await request(stall, 500);
    const refund = { orderId: newId(), userId: stall.member.userId, merchantId: stall.vendorId, amount: 200, currency: 'INR' };
    await domain.run((tx) => domain.wallet.wallet.refund(tx, { ...refund, reason: 'Nobody picked it up', lend: true }));
    expect(await owed()).toBe(200);
    await decide(_id, 'decline');
    expect({ balance: await balanceOf(stall), owed: await owed() }).toEqual({ balance: 300, owed: 0 });
    await expectSound();
  });

  test('of ten at once only those are taken that the balance covers', async () => {
    const stall = await earned(500);
    const codes = await codesOf(Array.from({ length: 10 }, () => request(stall, 100)));
    expect(codes.filter((code) => code === 'ok')).toHaveLength(5);
    expect(codes.filter((code) => code === 'insufficient-funds')).toHaveLength(5);
    expect(await balanceOf(stall)).toBe(0);
    await expectSound();
    expect(await payoutAccount(`payout:${stall.vendorId}:INR`)).toBe(500);
  });

  test('of those who decide at once one wins, and the money goes one way', async () => {
    const stall = await earned(500);
    const { _id } = await request(stall, 500);
    const codes = await codesOf([decide(_id, 'accept'), decide(_id, 'decline'), decide(_id, 'accept'), decide(_id, 'decline')]);
    expect(codes.toSorted()).toEqual(['invalid-transition', 'invalid-transition', 'invalid-transition', 'ok']);
    const { page } = await domain.payouts.payouts.list(stall.member, stall.vendorId, { limit: 10 });
    expect(await balanceOf(stall)).toBe(page[0]?.status === 'paid' ? 0 : 500);
    await expectSound();
  });

  test('only owners ask, and others do not see them', async () => {
    const stall = await earned(100);
    const [staff, stranger] = [await domain.person(), await domain.person()];
    const { members } = domain.merchants;
    await domain.run((tx) => members.add(tx, stall.member, stall.vendorId, { userId: staff.userId, role: 'staff' }));
    const asStaff = { ...staff, merchants: [stall.vendorId] };
    for (const who of [asStaff, stranger]) {
      const asked = domain.run((tx) => domain.payouts.payouts.request(tx, who, stall.vendorId, { amount: 1 }));
      await expect(asked).rejects.toMatchObject({ code: 'forbidden' });
    }
    const query = payoutsQuery.parse({});
    await expect(domain.payouts.payouts.list(stranger, stall.vendorId, query)).rejects.toMatchObject({ code: 'forbidden' });
    expect((await domain.payouts.payouts.list(asStaff, stall.vendorId, query)).page).toEqual([]);
  });

  test('who asked for it, or is a member, does not accept it, and may take it back', async () => {
    const stall = await earned(300);
    const [asker, owner] = [await domain.person({ roles: ['admin'] }), { ...stall.member, roles: ['admin', 'superadmin'] as const }];
    const [own, theirs] = [await request({ ...stall, member: asker }, 100), await request(stall, 100)];
    for (const [{ _id }, as] of [
      [own, asker],
      [own, owner],
      [theirs, owner],
    ] as const) {
      await expect(decide(_id, 'accept', as)).rejects.toMatchObject({ code: 'forbidden' });
    }
    expect(await decide(own._id, 'decline', asker)).toMatchObject({ status: 'declined' });
    expect(await decide(theirs._id, 'accept', asker)).toMatchObject({ status: 'paid' });
    await expectSound();
  });

  test('balance and payouts follow from the events, and the owners and administrators are notified', async () => {
    const stall = await earned(500);
    const ids = [await request(stall, 100), await request(stall, 50)].map(({ _id }) => _id);
    await decide(ids[0] ?? '', 'decline');
    await decide(ids[1] ?? '', 'accept');
    await domain.wallet.rollUps.run();
    const found = await domain.mongo.db
      .collection('outbox')
      .find({ feeds: `merchant:${stall.vendorId}` })
      .sort({ at: 1, _id: 1 })
      .toArray();
    const told = found.map(({ type, data }) => ({ type, data }) as unknown as AnyEvent);
    const { page } = await domain.payouts.payouts.list(stall.member, stall.vendorId, { limit: 10 });
    expect(told.reduce<readonly Payout[]>(reducePayouts, [])).toEqual(page.map(presentPayout));
    const fresh = presentMerchantBalance(await domain.wallet.wallet.merchantBalance(stall.vendorId, 'INR'));
    expect(fresh.balance).toBe(450);
    expect(told.reduce<MerchantBalance | null>(reduceMerchantBalance, null)).toEqual(fresh);
    expect(found.filter(({ type }) => type === 'payout-updated').map(({ pending }) => pending)).toEqual([true, true, true, true]);
  });
});
