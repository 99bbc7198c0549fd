import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  emptyQueue,
  queueQuery,
  reduceQueue,
  salesQuery,
  type AnyEvent,
  type Order,
  type QueueEntry,
  type Sales,
} from '@tidings/contracts';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { openStall, surely, type Stall } from '../../../tests/support/stalls.js';
import { presentOrder } from '../orders/index.js';
import { dayRange } from './days.js';
import { openOrdersIndex } from './queue.js';

let domain: Domain;
beforeAll(async () => {
  domain = await createDomain();
});
afterAll(() => domain.stop());

describe('the queue', () => {
  const pageOf = (stall: Stall, query: Record<string, string> = {}) =>
    domain.sales.queue.page(stall.member, stall.vendorId, queueQuery.parse(query));

  test('holds what is open, the oldest first, over pages and by status', async () => {
    const stall = await openStall(domain);
    const buyer = await stall.customer(1_000);
    const ids: string[] = [];
    for (let made = 0; made < 5; made++) ids.push((await stall.place(buyer))._id);
    await stall.move(ids[0]!, 'rejected');
    await stall.move(ids[2]!, 'preparing');
    const all = await pageOf(stall);
    expect(all.items.map(({ id }) => id)).toEqual(ids.slice(1));
    expect(all.counts).toEqual({ placed: 3, preparing: 1, ready: 0 });
    for (const { ageSeconds, createdAt } of all.items)
      expect(ageSeconds).toBe(Math.floor((Date.parse(all.asOf) - Date.parse(createdAt)) / 1_000));
    expect((await pageOf(stall, { status: 'preparing' })).items.map(({ id }) => id)).toEqual([ids[2]]);
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page: Awaited<ReturnType<typeof pageOf>> = await pageOf(stall, { limit: '3', ...(cursor ? { cursor } : {}) });
      seen.push(...page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(ids.slice(1));
  });

  test('is for members', async () => {
    const stall = await openStall(domain);
    const stranger = await domain.person();
    await expect(domain.sales.queue.page(stranger, stall.vendorId, { limit: 1 })).rejects.toMatchObject({ code: 'forbidden' });
  });

  test('follows from the events as it is fetched, whatever comes twice', async () => {
    const stall = await openStall(domain);
    const buyer = await stall.customer(1_000);
    const orders = [await stall.place(buyer), await stall.place(buyer), await stall.place(buyer)];
    await stall.move(orders[0]!._id, 'preparing');
    await stall.move(orders[1]!._id, 'cancelled');
    const found = await domain.mongo.db
      .collection('outbox')
      .find({ feeds: `merchant:${stall.vendorId}` })
      .sort({ at: 1, _id: 1 })
      .toArray();
    const told = found.map(({ type, data }) => ({ type, data }) as unknown as AnyEvent);
    const { items } = await pageOf(stall);
    const fresh = items.map(withoutAge);
    expect(told.reduce(reduceQueue, emptyQueue).orders).toEqual(fresh);
    expect([...told, ...told].reduce(reduceQueue, emptyQueue).orders).toEqual(fresh);
    expect(fresh).toEqual([presentOrder({ ...orders[0]!, ...(await stored(orders[0]!._id)) }), presentOrder(orders[2]!)]);
  });

  test('is read in the order of an index', async () => {
    const stall = await openStall(domain);
    const explained = await domain.mongo.db
      .collection('orders')
      .find({ vendorId: stall.vendorId, status: { $in: ['placed', 'preparing', 'ready'] } })
      .sort({ createdAt: 1, _id: 1 })
      .limit(21)
      .hint(openOrdersIndex)
      .explain('queryPlanner');
    const plan = JSON.stringify(explained['queryPlanner']['winningPlan']);
    expect(plan).toContain('SORT_MERGE');
    expect(plan).not.toContain('"SORT"');
  });

  const withoutAge = (entry: QueueEntry): Order => {
    const { ageSeconds: _, ...order } = entry;
    return order;
  };
  const stored = async (_id: string) =>
    (await domain.mongo.db.collection<{ _id: string }>('orders').findOne({ _id })) as unknown as { status: 'preparing' };
});

describe('sales', () => {
  const report = (stall: Stall, query: Record<string, string>): Promise<Sales> =>
    domain.sales.sales.report(stall.member, stall.vendorId, salesQuery.parse(query));
  const refund = (stall: Stall, id: string, amount: number) =>
    surely(() => domain.run((tx) => domain.orders.orders.refund(tx, stall.member, id, { amount, reason: 'Cold' })));
  const balance = async (stall: Stall): Promise<number> => {
    await domain.wallet.rollUps.run();
    return (await domain.wallet.wallet.merchantBalance(stall.vendorId, 'INR')).balance;
  };

  test('per day and per item they come to the same, and to what the ledger has', async () => {
    const stall = await openStall(domain, { price: 100 });
    const { member, vendorId, itemId } = stall;
    const { result: samosa } = await domain.run((tx) => domain.merchants.items.create(tx, member, vendorId, { name: 'Samosa', price: 33 }));
    const buyer = await stall.customer(10_000);
    const place = (items: { itemId: string; quantity: number }[]) =>
      surely(async () => {
        const ticket = domain.orders.orders.ticket();
        return (await domain.run((tx) => domain.orders.orders.place(tx, buyer, { vendorId, items }, ticket))).result;
      });
    await place([{ itemId, quantity: 2 }]);
    const both = await place([
      { itemId, quantity: 1 },
      { itemId: samosa._id, quantity: 3 },
    ]);
    const gone = await place([{ itemId: samosa._id, quantity: 1 }]);
    await refund(stall, both._id, 10);
    await stall.move(gone._id, 'rejected');

    const total = { orders: 3, gross: 432, refunds: 43, net: 389 };
    expect(await balance(stall)).toBe(389);
    const byDay = await report(stall, {});
    expect(byDay).toMatchObject({ total, days: [{ date: byDay.from, ...total }] });
    const byItem = await report(stall, { by: 'item' });
    // 10 of 199: 100/199 of it for the tea, rounded down, the rest for the samosas.
    expect(byItem).toMatchObject({
      total,
      items: [
        { itemId, name: 'Masala chai', quantity: 3, cancelled: 0, gross: 300, refunds: 5, net: 295 },
        { itemId: samosa._id, name: 'Samosa', quantity: 3, cancelled: 1, gross: 132, refunds: 38, net: 94 },
      ],
      other: { gross: 0, refunds: 0, net: 0 },
    });
  });

  test("a payment and its refund count on the days on which they happened, by the merchant's clock; what has no order is other", async () => {
    const stall = await openStall(domain, { price: 100 });
    await domain.mongo.db
      .collection<{ _id: string }>('merchants')
      .updateOne({ _id: stall.vendorId }, { $set: { timeZone: 'Asia/Kolkata' } });
    const order = await stall.place(await stall.customer(100));
    await refund(stall, order._id, 40);
    const account = `merchant:${stall.vendorId}:INR`;
    const postings = domain.mongo.db.collection('postings');
    // 18:29 UTC is before midnight in Kolkata, 18:30 is midnight.
    await postings.updateOne({ account, type: 'payment' }, { $set: { at: new Date('2026-10-04T18:29:59.999Z') } });
    await postings.updateOne({ account, type: 'refund' }, { $set: { at: new Date('2026-10-04T18:30:00Z') } });
    const { days } = await report(stall, { from: '2026-10-03', to: '2026-10-05' });
    expect(days).toEqual([
      { date: '2026-10-03', orders: 0, gross: 0, refunds: 0, net: 0 },
      { date: '2026-10-04', orders: 1, gross: 100, refunds: 0, net: 100 },
      { date: '2026-10-05', orders: 0, gross: 0, refunds: 40, net: -40 },
    ]);
    await postings.updateMany({ account }, { $unset: { orderId: 1 } });
    const byItem = await report(stall, { from: '2026-10-03', to: '2026-10-05', by: 'item' });
    expect(byItem).toMatchObject({ items: [], other: { gross: 100, refunds: 40, net: 60 }, total: { orders: 0, net: 60 } });
  });

  test('are for members', async () => {
    const stall = await openStall(domain);
    const stranger = await domain.person();
    await expect(domain.sales.sales.report(stranger, stall.vendorId, { by: 'day' })).rejects.toMatchObject({ code: 'forbidden' });
  });
});

describe('days', () => {
  const now = new Date('2026-11-21T20:00:00Z');
  const range = (timeZone: string, query: { from?: string; to?: string }) => dayRange(timeZone, query, now);

  test("begin with the merchant's midnight, and with the first instant where clocks skip it", () => {
    expect(range('Asia/Kolkata', {})).toEqual({
      dates: ['2026-11-22'],
      boundaries: [new Date('2026-11-21T18:30:00Z'), new Date('2026-11-22T18:30:00Z')],
    });
    // Cairo's clocks go from midnight to one o'clock on 24 April 2026.
    const [begin] = range('Africa/Cairo', { from: '2026-04-24', to: '2026-04-24' }).boundaries;
    expect(begin).toEqual(new Date('2026-04-23T22:00:00Z'));
  });

  test('are at most 92, in order', () => {
    expect(range('UTC', { from: '2026-08-22' }).dates).toHaveLength(92);
    for (const query of [{ from: '2026-08-21' }, { from: '2026-11-02', to: '2026-11-01' }, { from: '0000-01-01', to: '9999-12-31' }])
      expect(() => range('UTC', query)).toThrow(expect.objectContaining({ code: 'bad-request' }));
  });
});
