import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Principal, UnclaimedRule } from '@tidings/contracts';
import { waitFor } from '@tidings/testing';
import { inTransaction, type ClientSession, type JobDocument } from '@tidings/platform';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { codesOf, openStall, surely, type Stall } from '../../../tests/support/stalls.js';
import { ledgerSums } from '../wallet/index.js';
import { expiryJobKind } from './order-steps.js';

describe('orders that nobody picks up', () => {
  let domain: Domain;
  beforeAll(async () => {
    domain = await createDomain();
  });
  afterAll(() => domain.stop());

  const jobs = () => domain.mongo.db.collection<JobDocument>('jobs');
  const jobOf = async (orderId: string): Promise<JobDocument> => {
    const job = await jobs().findOne({ kind: expiryJobKind, 'data.orderId': orderId });
    if (!job) throw new Error('There is no job');
    return job;
  };
  /** What the queue does when a job is due, as often and wherever it likes. */
  const expire = async (orderId: string): Promise<void> => {
    const job = await jobOf(orderId);
    const finish = async (session: ClientSession) =>
      (await jobs().updateOne({ _id: job._id, state: 'due' }, { $set: { state: 'done' } }, { session })).modifiedCount === 1;
    await domain.orders.jobs?.[expiryJobKind]?.(job, finish);
  };
  const stallWith = async (unclaimed: UnclaimedRule | null, stock?: number): Promise<Stall> => {
    const stall = await openStall(domain, stock === undefined ? {} : { stock });
    await domain.run((tx) => domain.merchants.selling.update(tx, stall.member, stall.vendorId, { hours: null, exceptions: [], unclaimed }));
    return stall;
  };
  const statusOf = async (caller: Principal, id: string) => (await domain.orders.orders.get(caller, id)).status;
  const balanceOf = async ({ userId }: Principal) => (await domain.wallet.wallet.balance(userId)).balance;

  test('expire by the rule that held when they became ready: with the money back, but not what was cooked', async () => {
    const stall = await stallWith({ afterMinutes: 30, refund: true }, 5);
    const { buyer, order } = await stall.ready(2);
    expect(order.unclaimed?.at).toEqual(new Date(order.updatedAt.getTime() + 30 * 60_000));
    expect((await jobOf(order._id)).dueAt).toEqual(order.unclaimed?.at);
    await domain.run((tx) =>
      domain.merchants.selling.update(tx, stall.member, stall.vendorId, { hours: null, exceptions: [], unclaimed: null }),
    );
    await expire(order._id);
    expect(await domain.orders.orders.get(buyer, order._id)).toMatchObject({ status: 'expired', refunded: 200, version: 4 });
    expect(await balanceOf(buyer)).toBe(200);
    expect((await domain.merchants.items.get(stall.vendorId, stall.itemId)).stock).toBe(3);
    const told = await domain.mongo.db
      .collection('outbox')
      .find({ feeds: `user:${buyer.userId}`, actor: null })
      .toArray();
    expect(told.map(({ type }) => String(type))).toEqual(expect.arrayContaining(['order-status-changed', 'payment-refunded']));
  });

  test('expire also where the merchant was paid out: it owes the refund, and pays with its next sales', async () => {
    const stall = await stallWith({ afterMinutes: 5, refund: true });
    const { buyer, order } = await stall.ready(2);
    const merchantState = async () => {
      await domain.wallet.rollUps.run();
      const account = { kind: 'merchant', ownerId: stall.vendorId, currency: 'INR' } as const;
      const { balance } = await domain.wallet.wallet.merchantBalance(stall.vendorId, 'INR');
      return { balance, owed: (await domain.run((tx) => domain.wallet.debts.owed(tx, account))).result };
    };
    await domain.run((tx) => domain.payouts.payouts.request(tx, stall.member, stall.vendorId, { amount: 150 }));
    await Promise.all(Array.from({ length: 3 }, () => surely(() => expire(order._id))));
    expect(await domain.orders.orders.get(buyer, order._id)).toMatchObject({ status: 'expired', refunded: 200 });
    expect(await balanceOf(buyer)).toBe(200);
    expect(await merchantState()).toEqual({ balance: 0, owed: 150 });
    const told = await domain.mongo.db
      .collection('outbox')
      .find({ type: 'merchant-debt-grew', 'data.merchantId': stall.vendorId })
      .toArray();
    expect(told).toMatchObject([{ data: { amount: 150, owed: 150, orderId: order._id }, feeds: [`merchant:${stall.vendorId}`, 'admin'] }]);
    await stall.place(await stall.customer(100));
    expect(await merchantState()).toEqual({ balance: 0, owed: 50 });
    await stall.place(await stall.customer(100));
    expect(await merchantState()).toEqual({ balance: 50, owed: 0 });
    const { byCurrency, ...rest } = await ledgerSums(domain.mongo);
    expect(Object.values(byCurrency).filter((sum) => sum !== 0)).toEqual([]);
    expect(rest).toEqual({ differing: [], negative: [], unbalancedTransfers: [], heldDiffers: [] });
  });

  test('or without it, where the merchant keeps the money', async () => {
    const stall = await stallWith({ afterMinutes: 5, refund: false });
    const { buyer, order } = await stall.ready();
    await expire(order._id);
    expect(await domain.orders.orders.get(buyer, order._id)).toMatchObject({ status: 'expired', refunded: 0 });
    expect(await balanceOf(buyer)).toBe(0);
    expect(await codesOf([stall.move(order._id, 'completed')])).toEqual(['invalid-transition']);
  });

  test('stay where the merchant has no rule, or somebody came', async () => {
    const without = await (await stallWith(null)).ready();
    expect(without.order.unclaimed).toBeUndefined();
    await expect(jobOf(without.order._id)).rejects.toThrow('no job');
    const stall = await stallWith({ afterMinutes: 5, refund: true });
    const { buyer, order } = await stall.ready();
    await stall.move(order._id, 'completed');
    await expire(order._id);
    expect(await statusOf(buyer, order._id)).toBe('completed');
    expect(await balanceOf(buyer)).toBe(0);
  });

  test('expire once, however many replicas take the job up, and after one of them died in the middle', async () => {
    const stall = await stallWith({ afterMinutes: 5, refund: true });
    const { buyer, order } = await stall.ready(3);
    const job = await jobOf(order._id);
    // It has done everything, and is gone before it commits.
    const dying = inTransaction(domain.mongo, async () => {
      await domain.orders.jobs?.[expiryJobKind]?.(job, async (session) => {
        await jobs().updateOne({ _id: job._id }, { $set: { state: 'done' } }, { session });
        throw new Error('killed');
      });
    });
    await expect(dying).rejects.toThrow('killed');
    expect(await statusOf(buyer, order._id)).toBe('ready');
    await Promise.all(Array.from({ length: 6 }, () => surely(() => expire(order._id))));
    expect(await domain.orders.orders.get(buyer, order._id)).toMatchObject({ status: 'expired', refunded: 300, version: 4 });
    expect(await balanceOf(buyer)).toBe(300);
  });

  test('handed over and expired at once: one of them, and the money accordingly', async () => {
    const stall = await stallWith({ afterMinutes: 5, refund: true });
    for (let round = 0; round < 4; round++) {
      const { buyer, order } = await stall.ready();
      const [handedOver] = await codesOf([stall.move(order._id, 'completed'), surely(() => expire(order._id))]);
      expect(await domain.orders.orders.get(buyer, order._id)).toMatchObject({
        status: handedOver === 'ok' ? 'completed' : 'expired',
        version: 4,
      });
      expect(await balanceOf(buyer)).toBe(handedOver === 'ok' ? 0 : 100);
    }
    await domain.wallet.rollUps.run();
    const { byCurrency, ...rest } = await ledgerSums(domain.mongo);
    expect(Object.values(byCurrency).filter((sum) => sum !== 0)).toEqual([]);
    expect(rest).toEqual({ differing: [], negative: [], unbalancedTransfers: [], heldDiffers: [] });
  });

  test('a part that went back before is not given back again', async () => {
    const stall = await stallWith({ afterMinutes: 5, refund: true });
    const { buyer, order } = await stall.ready(2);
    await domain.run((tx) => domain.orders.orders.refund(tx, stall.member, order._id, { amount: 50, reason: 'Late' }));
    await expire(order._id);
    expect(await balanceOf(buyer)).toBe(200);
  });

  test('the job runs by itself when it is due', async () => {
    const running = await createDomain({ jobs: 'running' });
    try {
      const stall = await openStall(running);
      const rule = { hours: null, exceptions: [], unclaimed: { afterMinutes: 1, refund: true } };
      await running.run((tx) => running.merchants.selling.update(tx, stall.member, stall.vendorId, rule));
      const { buyer, order } = await stall.ready();
      // A minute goes by.
      await running.mongo.db.collection<JobDocument>('jobs').updateOne({ kind: expiryJobKind }, { $set: { dueAt: new Date() } });
      await waitFor('the order to expire', async () => (await running.orders.orders.get(buyer, order._id)).status === 'expired');
    } finally {
      await running.stop();
    }
  });

  test('a merchant that is closed or pauses takes no orders', async () => {
    const stall = await stallWith(null);
    const buyer = await stall.customer(200);
    await domain.run((tx) => domain.merchants.selling.pause(tx, stall.member, stall.vendorId, {}));
    expect(await codesOf([stall.place(buyer)])).toEqual(['merchant-closed']);
    await domain.run((tx) => domain.merchants.selling.resume(tx, stall.member, stall.vendorId));
    expect(await codesOf([stall.place(buyer)])).toEqual(['ok']);
    const closed = { hours: {}, exceptions: [], unclaimed: null };
    await domain.run((tx) => domain.merchants.selling.update(tx, stall.member, stall.vendorId, closed));
    expect(await codesOf([stall.place(buyer)])).toEqual(['merchant-closed']);
    expect(await balanceOf(buyer)).toBe(100);
  });
});
