import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openOrderStatuses, orderSchema, Problem, type ItemInput, type OrderInput, type Principal } from '@tidings/contracts';
import { createUnitOfWork } from '@tidings/feed';
import { newId } from '@tidings/platform';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { ledgerSums } from '../wallet/index.js';
import { orderModels } from './orders.model.js';
import { presentOrder } from './orders.presenter.js';
import { createPickupNumbers } from './pickup-numbers.js';

describe('orders', () => {
  let domain: Domain;
  beforeAll(async () => {
    domain = await createDomain();
  });
  afterAll(() => domain.stop());

  const input = () => ({ name: `Chai House ${newId()}`, ownerName: 'Ravi', email: `${newId()}@example.com` });
  const shop = async (fields: Partial<ItemInput> = {}) => {
    const { result } = await domain.run((tx) => domain.merchants.merchants.create(tx, input()));
    const member = await domain.person({ merchants: [result._id] });
    const { result: item } = await domain.run((tx) =>
      domain.merchants.items.create(tx, member, result._id, { name: 'Masala chai', price: 100, ...fields }),
    );
    return { vendorId: result._id, member, item };
  };
  const customer = async (balance: number): Promise<Principal> => {
    const person = await domain.person();
    if (balance > 0) await domain.fund(person.userId, balance);
    return person;
  };
  const place = (caller: Principal, order: OrderInput) => {
    const ticket = domain.orders.orders.ticket();
    return domain.run((tx) => domain.orders.orders.place(tx, caller, order, ticket));
  };
  /** As a client does: told to try again shortly, it does, so that a slow machine is no failure. */
  const placeSurely = (caller: Principal, order: OrderInput): ReturnType<typeof place> =>
    place(caller, order).catch((error: unknown) => {
      if (error instanceof Problem && error.code === 'unavailable') return placeSurely(caller, order);
      throw error;
    });
  const move = (caller: Principal, id: string, status: 'preparing' | 'ready' | 'completed' | 'rejected', ifMatch?: string) =>
    domain.run((tx) => domain.orders.orders.changeStatus(tx, caller, id, { status }, ifMatch));
  const cancel = (caller: Principal, id: string) => domain.run((tx) => domain.orders.orders.cancel(tx, caller, id));
  const balanceOf = async ({ userId }: Principal) => (await domain.wallet.wallet.balance(userId)).balance;
  const stockOf = async (vendorId: string, itemId: string) => (await domain.merchants.items.get(vendorId, itemId)).stock;
  const one = (vendorId: string, itemId: string, quantity = 1): OrderInput => ({ vendorId, items: [{ itemId, quantity }] });

  test('open orders are found without passing the finished ones, however many', async () => {
    const { vendorId, member, item } = await shop();
    const buyer = await customer(10_000);
    for (let count = 0; count < 12; count++) {
      const { result } = await place(buyer, one(vendorId, item._id));
      if (count > 1) await move(member, result._id, 'rejected');
    }
    const filter = { vendorId, $and: [{ status: { $in: [...openOrderStatuses] } }] };
    const { executionStats } = (await domain.mongo.db
      .collection('orders')
      .find(filter)
      .sort({ createdAt: -1, _id: -1 })
      .limit(21)
      .explain('executionStats')) as { executionStats: { nReturned: number; totalDocsExamined: number } };
    expect(executionStats).toMatchObject({ nReturned: 2, totalDocsExamined: 2 });
    expect((await domain.orders.orders.list(member, { vendorId, open: true, limit: 20 })).page).toHaveLength(2);
  });

  describe('placing', () => {
    test('charges the wallet, takes the stock, and tells all parties in order', async () => {
      const { vendorId, item } = await shop({ stock: 5 });
      const buyer = await customer(500);
      const { result: order, events } = await place(buyer, { ...one(vendorId, item._id, 2), price: 200, note: 'no sugar' });
      expect(order).toMatchObject({
        status: 'placed',
        price: 200,
        currency: 'INR',
        version: 1,
        pickupNumber: 1,
        estimatedTime: null,
        customerName: 'Asha',
      });
      expect(events.map(({ type }) => type)).toEqual(['new-order', 'payment-completed', 'balance-updated', 'item-updated']);
      expect(events[0]?.feeds).toEqual([`merchant:${vendorId}`, `user:${buyer.userId}`, `order:${order._id}`, 'admin']);
      expect(events[1]?.data).toMatchObject({ newBalance: 300, amount: 200, paymentMethod: 'wallet' });
      expect(events[2]?.data).toMatchObject({ newBalance: 300, amount: -200, transaction: { type: 'payment', orderId: order._id } });
      expect(await stockOf(vendorId, item._id)).toBe(3);
      const grant = await domain.mongo.db
        .collection<{ _id: string; containers: string[] }>('feed_grants')
        .findOne({ _id: `order:${order._id}` });
      expect(grant?.containers).toEqual([`user:${buyer.userId}`, `merchant:${vendorId}`]);
    });

    test('the price is ours: options count, older apps may name the item, another total is refused', async () => {
      const options = [{ name: 'Size', required: true, choices: [{ name: 'Small' }, { name: 'Large', price: 50 }] }];
      const { vendorId, item } = await shop({ options });
      const buyer = await customer(1_000);
      const large = { quantity: 2, options: [{ name: 'Size', choice: 'Large' }] };
      const { result } = await place(buyer, { vendorId, items: [{ itemId: 'masala CHAI', ...large }], price: 300 });
      expect(presentOrder(result).items).toEqual([{ itemId: item._id, name: 'Masala chai', price: 150, ...large }]);
      await expect(place(buyer, { vendorId, items: [{ itemId: item._id, ...large }], price: 299 })).rejects.toMatchObject({
        code: 'price-changed',
      });
      await expect(place(buyer, one(vendorId, item._id))).rejects.toMatchObject({ code: 'bad-request' });
      const huge = { itemId: item._id, quantity: 1, options: [{ name: 'Size', choice: 'Huge' }] };
      await expect(place(buyer, { vendorId, items: [huge] })).rejects.toMatchObject({ code: 'bad-request' });
      expect(await balanceOf(buyer)).toBe(700);
    });

    test('without the money nothing changes at all', async () => {
      const { vendorId, item } = await shop({ stock: 5 });
      const buyer = await customer(99);
      const before = await domain.mongo.db.collection('outbox').countDocuments();
      await expect(place(buyer, one(vendorId, item._id))).rejects.toMatchObject({ code: 'insufficient-funds' });
      expect(await stockOf(vendorId, item._id)).toBe(5);
      expect(await domain.mongo.db.collection('orders').countDocuments({ vendorId })).toBe(0);
      expect(await domain.mongo.db.collection('outbox').countDocuments()).toBe(before);
    });

    test('refuses what is not on offer here, and merchants that are not there or closed', async () => {
      const { vendorId, item } = await shop();
      const other = await shop({ available: false });
      const buyer = await customer(1_000);
      await expect(place(buyer, one(vendorId, other.item._id))).rejects.toMatchObject({ code: 'item-unavailable' });
      await expect(place(buyer, one(other.vendorId, other.item._id))).rejects.toMatchObject({ code: 'item-unavailable' });
      await expect(place(buyer, one(newId(), item._id))).rejects.toMatchObject({ code: 'not-found' });
      await domain.mongo.db.collection<{ _id: string }>('merchants').updateOne({ _id: vendorId }, { $set: { isActive: false } });
      await expect(place(buyer, one(vendorId, item._id))).rejects.toMatchObject({ code: 'merchant-closed' });
    });

    test('pays in the currency of the merchant, from the wallet of that currency', async () => {
      const { result } = await domain.run((tx) =>
        domain.merchants.merchants.create(tx, { ...input(), name: `Diner ${newId()}`, currency: 'USD' }),
      );
      const member = await domain.person({ merchants: [result._id] });
      const create = (currency?: string) =>
        domain.run((tx) =>
          domain.merchants.items.create(tx, member, result._id, { name: 'Coffee', price: 3, ...(currency ? { currency } : {}) }),
        );
      await expect(create('INR')).rejects.toMatchObject({ code: 'currency-mismatch' });
      const { result: item } = await create();
      const buyer = await customer(1_000);
      await expect(place(buyer, one(result._id, item._id))).rejects.toMatchObject({ code: 'insufficient-funds' });
      await domain.fund(buyer.userId, 10, 'USD');
      expect((await place(buyer, one(result._id, item._id))).result).toMatchObject({ price: 3, currency: 'USD' });
    });

    test('twenty customers at once for five pieces: five orders, stock zero, pickup numbers apart', async () => {
      const { vendorId, item } = await shop({ stock: 5 });
      const buyers = await Promise.all(Array.from({ length: 20 }, () => customer(100)));
      const results = await Promise.allSettled(buyers.map((buyer) => placeSurely(buyer, one(vendorId, item._id))));
      const placed = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.result] : []));
      expect(placed).toHaveLength(5);
      for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'out-of-stock' });
      expect(await stockOf(vendorId, item._id)).toBe(0);
      expect(new Set(placed.map(({ pickupNumber }) => pickupNumber)).size).toBe(5);
      const balances = await Promise.all(buyers.map(balanceOf));
      expect(balances.filter((balance) => balance === 0)).toHaveLength(5);
    });

    test('sixty-four at once of a counted item, in two processes: all are placed, and none of one process meets another of it', async () => {
      const { vendorId, item } = await shop({ stock: 70 });
      const buyers = await Promise.all(Array.from({ length: 64 }, () => customer(100)));
      const { mongo, jobs } = domain;
      const orderAll = async (those: readonly Principal[]) => {
        const { run } = createUnitOfWork({ mongo, jobs, deadlineMs: 60_000, maxWaitMs: 60_000 });
        let attempts = 0;
        await Promise.all(
          those.map((buyer) => {
            const ticket = domain.orders.orders.ticket();
            return run({ actor: buyer.userId }, (tx) => {
              attempts++;
              return domain.orders.orders.place(tx, buyer, one(vendorId, item._id), ticket);
            });
          }),
        );
        return attempts;
      };
      // By itself: each but the first begins once more, when its turn has come.
      expect(await orderAll(buyers.slice(0, 16))).toBe(31);
      await Promise.all([orderAll(buyers.slice(16, 40)), orderAll(buyers.slice(40))]);
      expect(await stockOf(vendorId, item._id)).toBe(6);
      expect(await Promise.all(buyers.map(balanceOf))).toEqual(buyers.map(() => 0));
    });

    test('fifty orders at once with money for ten: exactly ten, and the ledger sums to zero', async () => {
      const { vendorId, item } = await shop();
      const buyer = await customer(1_000);
      const results = await Promise.allSettled(Array.from({ length: 50 }, () => placeSurely(buyer, one(vendorId, item._id))));
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
      expect(await domain.mongo.db.collection('orders').countDocuments({ vendorId })).toBe(10);
      expect(await balanceOf(buyer)).toBe(0);
      await domain.wallet.rollUps.run();
      const { byCurrency, ...rest } = await ledgerSums(domain.mongo);
      expect(Object.values(byCurrency).filter((sum) => sum !== 0)).toEqual([]);
      expect(rest).toEqual({ differing: [], negative: [], unbalancedTransfers: [], heldDiffers: [] });
    });
  });

  describe('moving', () => {
    const placed = async (stock: number | null = null) => {
      const { vendorId, member, item } = await shop({ stock });
      const buyer = await customer(100);
      const { result: order } = await place(buyer, one(vendorId, item._id));
      return { vendorId, member, item, buyer, order };
    };

    test('members take it from placed to completed, one step at a time', async () => {
      const { member, order, vendorId, buyer } = await placed();
      await expect(move(member, order._id, 'ready')).rejects.toMatchObject({ code: 'invalid-transition' });
      const started = await domain.run((tx) =>
        domain.orders.orders.changeStatus(tx, member, order._id, { status: 'preparing', estimatedTime: 15 }),
      );
      expect(started.result).toMatchObject({ status: 'preparing', estimatedTime: 15, version: 2 });
      const ready = await move(member, order._id, 'ready');
      expect(ready.events.map(({ type, feeds }) => [type, feeds])).toEqual([
        ['order-status-changed', [`user:${buyer.userId}`, `merchant:${vendorId}`, `order:${order._id}`, 'admin']],
        ['order-ready', [`user:${buyer.userId}`, `order:${order._id}`]],
      ]);
      expect((await move(member, order._id, 'completed')).result).toMatchObject({ status: 'completed', version: 4 });
      await expect(move(member, order._id, 'rejected')).rejects.toMatchObject({ code: 'invalid-transition' });
    });

    test('nobody but members moves it, and strangers do not even learn that it exists', async () => {
      const { buyer, order } = await placed();
      const stranger = await domain.person({ merchants: [newId()] });
      await expect(move(buyer, order._id, 'preparing')).rejects.toMatchObject({ code: 'forbidden' });
      await expect(move(stranger, order._id, 'preparing')).rejects.toMatchObject({ code: 'not-found' });
      await expect(cancel(stranger, order._id)).rejects.toMatchObject({ code: 'not-found' });
      await expect(domain.orders.orders.get(stranger, order._id)).rejects.toMatchObject({ code: 'not-found' });
      const admin = await domain.person({ roles: ['customer', 'admin'] });
      await expect(move(admin, order._id, 'preparing')).rejects.toMatchObject({ code: 'forbidden' });
      expect(await domain.orders.orders.get(admin, order._id)).toMatchObject({ status: 'placed' });
    });

    test('cancelling gives back the money and the pieces', async () => {
      const { buyer, order, vendorId, item } = await placed(3);
      expect(await stockOf(vendorId, item._id)).toBe(2);
      const { result, events } = await cancel(buyer, order._id);
      expect(result).toMatchObject({ status: 'cancelled', version: 2 });
      expect(events.map(({ type }) => type)).toEqual([
        'order-status-changed',
        'balance-updated',
        'payment-refunded',
        'balance-updated',
        'balance-updated',
        'item-updated',
      ]);
      expect(await balanceOf(buyer)).toBe(100);
      expect(await stockOf(vendorId, item._id)).toBe(3);
      await expect(cancel(buyer, order._id)).rejects.toMatchObject({ code: 'invalid-transition' });
      expect(await balanceOf(buyer)).toBe(100);
    });

    test('gives back only pieces that it took: the item may be counted since, or no more', async () => {
      const setStock = ({ vendorId, member, item }: Awaited<ReturnType<typeof placed>>, stock: number | null) =>
        domain.run((tx) => domain.merchants.items.update(tx, member, vendorId, item._id, { stock }));
      const uncounted = await placed(null);
      await setStock(uncounted, 7);
      const { result } = await cancel(uncounted.buyer, uncounted.order._id);
      expect(await stockOf(uncounted.vendorId, uncounted.item._id)).toBe(7);
      const counted = await placed(3);
      await setStock(counted, null);
      await cancel(counted.buyer, counted.order._id);
      expect(await stockOf(counted.vendorId, counted.item._id)).toBeNull();
      for (const order of [result, counted.order]) expect(orderSchema.parse(presentOrder(order)).id).toBe(order._id);
    });

    test('the merchant may reject what it has begun; the customer may not cancel that', async () => {
      const { buyer, member, order } = await placed();
      await move(member, order._id, 'preparing');
      await expect(cancel(buyer, order._id)).rejects.toMatchObject({ code: 'invalid-transition' });
      expect((await move(member, order._id, 'rejected')).result).toMatchObject({ status: 'rejected' });
      expect(await balanceOf(buyer)).toBe(100);
    });

    test('of a cancellation and a beginning at the same time exactly one wins', async () => {
      for (let round = 0; round < 5; round++) {
        const { buyer, member, order } = await placed();
        const results = await Promise.allSettled([cancel(buyer, order._id), move(member, order._id, 'preparing')]);
        const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value.result.status] : []));
        expect(won).toHaveLength(1);
        expect(await domain.orders.orders.get(buyer, order._id)).toMatchObject({ status: won[0], version: 2 });
        expect(await balanceOf(buyer)).toBe(won[0] === 'cancelled' ? 100 : 0);
      }
    });

    test('two members who begin at once: one does, the other is told', async () => {
      const { member, order } = await placed();
      const results = await Promise.allSettled(Array.from({ length: 6 }, () => move(member, order._id, 'preparing')));
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'invalid-transition' });
    });

    test('a version that is no longer the newest is refused with the order as it is', async () => {
      const { member, order } = await placed();
      await expect(move(member, order._id, 'preparing', '"v7"')).rejects.toMatchObject({
        code: 'version-mismatch',
        extra: { current: { id: order._id, version: 1 } },
      });
      expect((await move(member, order._id, 'preparing', '"v1"')).result.version).toBe(2);
    });
  });

  describe('a pickup ticket', () => {
    const merchant = { id: newId(), timeZone: 'UTC' };

    test('asked again answers the same', async () => {
      const ticket = createPickupNumbers(orderModels(domain.mongo))();
      expect([await ticket(merchant), await ticket(merchant)]).toEqual([1, 1]);
    });

    test('of a primary that was followed by another is asked for anew: that one may have given it to somebody else', async () => {
      const tickets = createPickupNumbers(orderModels(domain.mongo));
      const [ticket, other] = [tickets(), tickets()];
      const stall = { id: newId(), timeZone: 'UTC' };
      expect(await ticket(stall)).toBe(1);
      // As a step-down takes back what the majority does not have.
      await domain.mongo.db
        .collection<{ _id: string }>('pickup_counters')
        .deleteOne({ _id: `${stall.id}:${new Date().toISOString().slice(0, 10)}` });
      const newDescription = { type: 'RSPrimary', electionId: newId() };
      domain.mongo.client.emit('serverDescriptionChanged', { newDescription } as never);
      expect([await other(stall), await ticket(stall), await ticket(stall)]).toEqual([1, 2, 2]);
    });

    test('many at once, on two replicas: each number once, and each merchant its own', async () => {
      const replicas = [1, 2].map(() => createPickupNumbers(orderModels(domain.mongo)));
      const stalls = [1, 2].map(() => ({ id: newId(), timeZone: 'UTC' }));
      const taken = await Promise.all(
        stalls.map((stall) => Promise.all(Array.from({ length: 50 }, (_, index) => replicas[index % 2]!()(stall)))),
      );
      const all = Array.from({ length: 50 }, (_, index) => index + 1);
      expect(taken.map((numbers) => numbers.toSorted((a, b) => a - b))).toEqual([all, all]);
    });

    test('that the database refused is asked for anew by the next attempt', async () => {
      const models = orderModels(domain.mongo);
      const ticket = createPickupNumbers(models)();
      const other = { id: newId(), timeZone: 'UTC' };
      // A counter that cannot count up, until it is mended.
      const _id = `${other.id}:${new Date().toISOString().slice(0, 10)}`;
      const counters = domain.mongo.db.collection<{ _id: string; last: unknown }>('pickup_counters');
      await counters.insertOne({ _id, last: 'not a number' });
      await expect(ticket(other)).rejects.toThrow('non-numeric');
      await counters.updateOne({ _id }, { $set: { last: 4 } });
      expect(await ticket(other)).toBe(5);
    });
  });

  describe('lists', () => {
    test("one's own, newest first, page by page; a merchant's for its members only", async () => {
      const { vendorId, member, item } = await shop();
      const buyer = await customer(500);
      const ids: string[] = [];
      for (let index = 0; index < 5; index++) ids.unshift((await place(buyer, one(vendorId, item._id))).result._id);
      await move(member, ids[0] ?? '', 'rejected');
      const first = await domain.orders.orders.list(buyer, { limit: 3 });
      const rest = await domain.orders.orders.list(buyer, { limit: 3, cursor: first.nextCursor ?? '' });
      expect([...first.page, ...rest.page].map(({ _id }) => _id)).toEqual(ids);
      expect(rest.nextCursor).toBeNull();
      expect((await domain.orders.orders.list(member, { limit: 10, vendorId, open: true })).page).toHaveLength(4);
      expect((await domain.orders.orders.list(member, { limit: 10 })).page).toEqual([]);
      await expect(domain.orders.orders.list(buyer, { limit: 10, vendorId })).rejects.toMatchObject({ code: 'forbidden' });
    });
  });
});
