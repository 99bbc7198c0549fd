import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Principal } from '@tidings/contracts';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { codesOf, openStall, surely, type Stall } from '../../../tests/support/stalls.js';
import { ledgerSums } from '../wallet/index.js';

describe('partial refunds', () => {
  let domain: Domain;
  let stall: Stall;
  beforeAll(async () => {
    domain = await createDomain({ env: { REFUND_LIMIT: '200' } });
    stall = await openStall(domain);
  });
  afterAll(() => domain.stop());

  const placed = async (quantity = 3) => {
    const buyer = await stall.customer(quantity * 100);
    return { buyer, order: await stall.place(buyer, quantity) };
  };
  const refund = (id: string, amount: number, caller: Principal = stall.member, ifMatch?: string) =>
    domain.run((tx) => domain.orders.orders.refund(tx, caller, id, { amount, reason: 'It was cold' }, ifMatch));
  const balanceOf = async ({ userId }: Principal) => (await domain.wallet.wallet.balance(userId)).balance;
  const expectSound = async () => {
    await domain.wallet.rollUps.run();
    const { byCurrency, ...rest } = await ledgerSums(domain.mongo);
    expect(Object.values(byCurrency).filter((sum) => sum !== 0)).toEqual([]);
    expect(rest).toEqual({ differing: [], negative: [], unbalancedTransfers: [], heldDiffers: [] });
  };

  test('a part goes back, the order goes on, and all parties are told', async () => {
    const { buyer, order } = await placed();
    const { result, events } = await refund(order._id, 120);
    expect(result).toMatchObject({ status: 'placed', refunded: 120, price: 300, version: 2 });
    expect(await balanceOf(buyer)).toBe(120);
    const own = events.filter(({ feeds }) => feeds.includes(`user:${buyer.userId}`));
    expect(own.map(({ type }) => type)).toEqual(['order-updated', 'payment-refunded', 'balance-updated']);
    expect(own[0]).toMatchObject({ data: { reason: 'refund', order: { id: order._id, refunded: 120, version: 2 } } });
    expect(own[0]?.feeds).toEqual([`user:${buyer.userId}`, `merchant:${stall.vendorId}`, `order:${order._id}`, 'admin']);
    expect(own[1]?.data).toMatchObject({ amount: 120, orderId: order._id, reason: 'It was cold' });
    expect((await stall.move(order._id, 'preparing')).refunded).toBe(120);
    await expectSound();
  });

  test('rejecting afterwards gives back the rest, and nothing where nothing is left', async () => {
    const { buyer, order } = await placed();
    await refund(order._id, 120);
    expect((await stall.move(order._id, 'rejected')).refunded).toBe(300);
    expect(await balanceOf(buyer)).toBe(300);

    const whole = await placed();
    await refund(whole.order._id, 300);
    await stall.move(whole.order._id, 'rejected');
    expect(await balanceOf(whole.buyer)).toBe(300);
    await expect(refund(whole.order._id, 1)).rejects.toMatchObject({ code: 'refund-exceeds-payment' });
    await expectSound();
  });

  test('ten at once never give back more than was paid', async () => {
    const { buyer, order } = await placed();
    const codes = await codesOf(Array.from({ length: 10 }, () => surely(() => refund(order._id, 70))));
    expect(codes.toSorted()).toEqual([
      ...Array.from({ length: 4 }, () => 'ok'),
      ...Array.from({ length: 6 }, () => 'refund-exceeds-payment'),
    ]);
    expect(await balanceOf(buyer)).toBe(280);
    expect(await domain.orders.orders.get(buyer, order._id)).toMatchObject({ refunded: 280, version: 5 });
    await expectSound();
  });

  test('a cancellation beside a partial refund: all comes back, once', async () => {
    for (let round = 0; round < 4; round++) {
      const { buyer, order } = await placed();
      const cancel = () => domain.run((tx) => domain.orders.orders.cancel(tx, buyer, order._id));
      const [cancelled] = await codesOf([surely(cancel), surely(() => refund(order._id, 200))]);
      expect(cancelled).toBe('ok');
      expect(await balanceOf(buyer)).toBe(300);
    }
    await expectSound();
  });

  test('also when the order is completed; by members; of the version that they saw', async () => {
    const { buyer, order } = await stall.ready(2);
    await stall.move(order._id, 'completed');
    await expect(refund(order._id, 50, buyer)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(refund(order._id, 50, await domain.person())).rejects.toMatchObject({ code: 'not-found' });
    await expect(refund(order._id, 50, stall.member, '"v3"')).rejects.toMatchObject({ code: 'version-mismatch' });
    await refund(order._id, 50, stall.member, '"v4"');
    expect(await balanceOf(buyer)).toBe(50);
  });

  test('administrators give back by their own way alone: up to their limit, not for themselves, and into the audit log', async () => {
    const { buyer, order } = await placed();
    const admin = await domain.person({ roles: ['customer', 'admin'] });
    await expect(refund(order._id, 60, admin)).rejects.toMatchObject({ code: 'forbidden' });
    const give = (orderId: string, amount: number) =>
      domain.run((tx) => domain.refunds.adminRefunds.create(tx, admin, { orderId, amount, reason: 'It was cold' }), admin.userId);
    await give(order._id, 60);
    await expect(give(order._id, 150)).rejects.toMatchObject({ code: 'forbidden' });
    expect(await balanceOf(buyer)).toBe(60);
    const audited = await domain.mongo.db
      .collection('audit_log')
      .find({ target: `order:${order._id}` })
      .toArray();
    expect(audited).toMatchObject([{ actor: admin.userId, action: 'refund.create', details: { amount: 60 } }]);

    await domain.fund(admin.userId, 100);
    const own = await stall.place(admin);
    await expect(give(own._id, 60)).rejects.toMatchObject({ code: 'forbidden' });
    await expectSound();
  });
});
