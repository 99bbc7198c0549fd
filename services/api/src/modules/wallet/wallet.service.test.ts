import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newId } from '@tidings/platform';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import type { AccountRef, NewTransfer } from './ledger.js';
import { ledgerSums } from './ledger-sums.js';

const sound = { unbalancedTransfers: [], differing: [], negative: [], heldDiffers: [] };

describe('wallet', () => {
  let domain: Domain;
  beforeAll(async () => {
    domain = await createDomain();
  });
  afterAll(() => domain.stop());

  const balanceOf = async (userId: string): Promise<number> => (await domain.wallet.wallet.balance(userId)).balance;
  const user = (ownerId: string, currency = 'INR'): AccountRef => ({ kind: 'user', ownerId, currency });
  const merchant = (ownerId: string, currency = 'INR'): AccountRef => ({ kind: 'merchant', ownerId, currency });
  const payment = (key: string, from: string, to: string, amount: number): NewTransfer => ({
    key,
    type: 'payment',
    description: 'Order',
    paymentMethod: 'wallet',
    legs: [
      { account: user(from), amount: -amount },
      { account: merchant(to), amount },
    ],
  });
  const post = (transfer: NewTransfer) => domain.run((tx) => domain.wallet.ledger.post(tx, transfer));
  const accountOf = (id: string) =>
    domain.mongo.db.collection<{ _id: string; balance: number; version: number }>('accounts').findOne({ _id: id });
  const pendingTopUp = async (userId: string, amount: number): Promise<string> => {
    const prepared = await domain.wallet.topUps.prepare(userId, { amount, provider: 'stripe' });
    await domain.run((tx) => domain.wallet.topUps.store(tx, prepared));
    return prepared.topUp._id;
  };
  const credit = (topUpId: string, amount: number, currency = 'INR') =>
    domain.run((tx) => domain.wallet.topUps.credit(tx, { provider: 'stripe', topUpId, amount, currency, providerRef: `pi_${topUpId}` }));

  describe('ledger', () => {
    test('a transfer that does not sum to zero, or is of two currencies, is never written', async () => {
      const id = newId();
      const lopsided = { ...payment(`x:${id}`, id, id, 5), legs: [{ account: user(id), amount: 5 }] };
      const mixed = {
        ...lopsided,
        legs: [
          { account: user(id), amount: 5 },
          { account: merchant(id, 'USD'), amount: -5 },
        ],
      };
      await expect(post(lopsided)).rejects.toThrow('does not sum to zero');
      await expect(post(mixed)).rejects.toMatchObject({ code: 'currency-mismatch' });
      expect(await domain.mongo.db.collection<{ _id: string }>('transfers').countDocuments({ _id: `x:${id}` })).toBe(0);
    });

    test('of fifty payments at once with money for ten, exactly ten are made', async () => {
      const { userId } = await domain.person();
      const vendor = newId();
      await domain.fund(userId, 1_000);
      const results = await Promise.allSettled(
        Array.from({ length: 50 }, (_, index) => post(payment(`p:${userId}:${index}`, userId, vendor, 100))),
      );
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(10);
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'insufficient-funds' });
      }
      expect(await balanceOf(userId)).toBe(0);
      expect(await ledgerSums(domain.mongo)).toEqual({ byCurrency: { INR: 0 }, ...sound });
    });

    test('the same key twenty times at once moves the money once, and all get the first transfer', async () => {
      const { userId } = await domain.person();
      await domain.fund(userId, 1_000);
      const transfer = payment(`same:${userId}`, userId, newId(), 100);
      const results = await Promise.all(Array.from({ length: 20 }, () => post(transfer)));
      expect(results.filter(({ result }) => !result.replayed)).toHaveLength(1);
      expect(new Set(results.map(({ result }) => result.transfer.at.getTime())).size).toBe(1);
      expect(await balanceOf(userId)).toBe(900);
    });

    test('a refused payment leaves nothing behind', async () => {
      const { userId } = await domain.person();
      await domain.fund(userId, 50);
      await expect(post(payment(`no:${userId}`, userId, newId(), 51))).rejects.toMatchObject({ code: 'insufficient-funds' });
      expect(await balanceOf(userId)).toBe(50);
      expect(await domain.mongo.db.collection('postings').countDocuments({ transferId: `no:${userId}` })).toBe(0);
    });
  });

  describe('roll-up', () => {
    test('payments leave the merchant account alone; one roll-up includes them all and is told once', async () => {
      const { userId } = await domain.person();
      const vendor = newId();
      await domain.fund(userId, 500);
      for (let index = 0; index < 5; index++) await post(payment(`r:${vendor}:${index}`, userId, vendor, 100));
      expect(await accountOf(`merchant:${vendor}:INR`)).toBeNull();
      await domain.wallet.rollUps.run();
      expect(await accountOf(`merchant:${vendor}:INR`)).toMatchObject({ balance: 500, version: 1 });
      const told = await domain.mongo.db
        .collection('outbox')
        .find({ type: 'balance-updated', feeds: `merchant:${vendor}` })
        .toArray();
      expect(told).toHaveLength(1);
      expect(told[0]?.['data']).toMatchObject({ merchantId: vendor, oldBalance: 0, newBalance: 500, amount: 500, reason: 'sales' });
    });

    test('roll-ups of several replicas at once, while payments go on, include each posting once', async () => {
      const { userId } = await domain.person();
      const vendor = newId();
      await domain.fund(userId, 300);
      const payments = Array.from({ length: 30 }, (_, index) => post(payment(`c:${vendor}:${index}`, userId, vendor, 10)));
      await Promise.all([...payments, ...Array.from({ length: 8 }, () => domain.wallet.rollUps.run())]);
      await domain.wallet.rollUps.run();
      expect(await accountOf(`merchant:${vendor}:INR`)).toMatchObject({ balance: 300 });
      const told = await domain.mongo.db
        .collection('outbox')
        .find({ type: 'balance-updated', feeds: `merchant:${vendor}` })
        .toArray();
      const versions = told.map(({ data }) => (data as { version: number }).version).toSorted((a, b) => a - b);
      expect(versions).toEqual(versions.map((_, index) => index + 2));
      expect(told.reduce((sum, { data }) => sum + (data as { amount: number }).amount, 0)).toBe(300);
      expect(await ledgerSums(domain.mongo)).toEqual({ byCurrency: { INR: 0 }, ...sound });
    });

    test('a refund counts what no roll-up has included yet, once', async () => {
      const { userId } = await domain.person();
      const [vendor, orderId] = [newId(), newId()];
      await domain.fund(userId, 100);
      const order = { orderId, userId, merchantId: vendor, amount: 100, currency: 'INR' };
      await domain.run((tx) => domain.wallet.wallet.charge(tx, order));
      const refund = () => domain.run((tx) => domain.wallet.wallet.refund(tx, { ...order, reason: 'Sold out' }));
      const [first, second] = await Promise.all([refund(), refund()]);
      const types = [...first.events, ...second.events].map(({ type }) => type);
      expect(types).toEqual(['balance-updated', 'payment-refunded', 'balance-updated', 'balance-updated']);
      expect(await balanceOf(userId)).toBe(100);
      expect(await accountOf(`merchant:${vendor}:INR`)).toMatchObject({ balance: 0 });
    });

    test('a refund that the merchant cannot pay is refused', async () => {
      const { userId } = await domain.person();
      const order = { orderId: newId(), userId, merchantId: newId(), amount: 100, currency: 'INR' };
      await expect(domain.run((tx) => domain.wallet.wallet.refund(tx, { ...order, reason: 'Sold out' }))).rejects.toMatchObject({
        code: 'insufficient-funds',
      });
    });
  });

  describe('holds', () => {
    const hold = (key: string, userId: string, amount: number) =>
      domain.run((tx) => domain.wallet.wallet.hold(tx, { key, userId, amount, currency: 'INR', description: 'Waits for approval' }));
    const release = (key: string) => domain.run((tx) => domain.wallet.wallet.release(tx, key));

    test('set money aside and give it back once, and every step is told', async () => {
      const { userId } = await domain.person();
      await domain.fund(userId, 500);
      const { events } = await hold(`a${userId}`, userId, 200);
      expect(events.map(({ data }) => data)).toMatchObject([{ newBalance: 300, held: 200, amount: -200, reason: 'hold', version: 3 }]);
      await hold(`b${userId}`, userId, 300);
      expect(await domain.wallet.wallet.balance(userId)).toMatchObject({ balance: 0, held: 500 });
      const { events: back } = await release(`a${userId}`);
      expect(back.map(({ data }) => data)).toMatchObject([{ newBalance: 200, held: 300, amount: 200, reason: 'release' }]);
      expect((await release(`a${userId}`)).events).toEqual([]);
      expect((await release('never held')).events).toEqual([]);
      expect(await domain.wallet.wallet.balance(userId)).toMatchObject({ balance: 200, held: 300 });
      await domain.wallet.rollUps.run();
      expect(await ledgerSums(domain.mongo)).toEqual({ byCurrency: { INR: 0 }, ...sound });
    });

    test('twenty at once set aside no more than is there', async () => {
      const { userId } = await domain.person();
      await domain.fund(userId, 500);
      const results = await Promise.allSettled(Array.from({ length: 20 }, (_, index) => hold(`${userId}-${index}`, userId, 100)));
      expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
      expect(await domain.wallet.wallet.balance(userId)).toMatchObject({ balance: 0, held: 500 });
    });

    test('an adjustment gives or takes, but not more than is there', async () => {
      const { userId } = await domain.person();
      const adjust = (key: string, amount: number) =>
        domain.run((tx) => domain.wallet.wallet.adjust(tx, { key, userId, amount, currency: 'INR', description: 'Goodwill' }));
      await adjust(`a${userId}`, 100);
      await adjust(`a${userId}`, 100);
      await adjust(`b${userId}`, -40);
      await expect(adjust(`c${userId}`, -61)).rejects.toMatchObject({ code: 'insufficient-funds' });
      expect(await balanceOf(userId)).toBe(60);
      await domain.wallet.rollUps.run();
      expect(await ledgerSums(domain.mongo)).toEqual({ byCurrency: { INR: 0 }, ...sound });
    });
  });

  describe('top-up', () => {
    test('is pending until the provider says so, then credits once and is told with the new balance', async () => {
      const { userId } = await domain.person();
      const topUpId = await pendingTopUp(userId, 500);
      expect(await domain.wallet.wallet.balance(userId)).toMatchObject({ balance: 0, version: 0 });
      const { result, events } = await credit(topUpId, 500);
      expect(result).toEqual({ state: 'processed' });
      expect(events.map(({ type }) => type)).toEqual(['payment-completed', 'balance-updated']);
      expect(events[0]?.data).toMatchObject({ userId, amount: 500, newBalance: 500, paymentMethod: 'stripe', topUpId });
      expect(events[1]?.data).toMatchObject({
        userId,
        oldBalance: 0,
        newBalance: 500,
        amount: 500,
        version: 2,
        transaction: { type: 'top-up' },
      });
      expect((await credit(topUpId, 500)).result).toMatchObject({ state: 'ignored' });
      expect(await balanceOf(userId)).toBe(500);
    });

    test('ten confirmations at once credit once', async () => {
      const { userId } = await domain.person();
      const topUpId = await pendingTopUp(userId, 500);
      const results = await Promise.all(Array.from({ length: 10 }, () => credit(topUpId, 500)));
      expect(results.filter(({ result }) => result.state === 'processed')).toHaveLength(1);
      expect(results.flatMap(({ events }) => events)).toHaveLength(2);
      expect(await balanceOf(userId)).toBe(500);
    });

    test('another amount or currency than was asked for is held, and credits nothing', async () => {
      const { userId } = await domain.person();
      const topUpId = await pendingTopUp(userId, 500);
      expect((await credit(topUpId, 499)).result).toMatchObject({ state: 'held' });
      expect((await credit(topUpId, 500, 'USD')).result).toMatchObject({ state: 'held' });
      expect(await balanceOf(userId)).toBe(0);
    });

    test('a payment that failed may still succeed; one that succeeded has not failed', async () => {
      const { userId } = await domain.person();
      const topUpId = await pendingTopUp(userId, 500);
      const fail = () => domain.run((tx) => domain.wallet.topUps.fail(tx, { provider: 'stripe', topUpId, reason: 'Card declined' }));
      const failed = await fail();
      expect(failed.events.map(({ type }) => type)).toEqual(['payment-failed']);
      expect((await credit(topUpId, 500)).result).toEqual({ state: 'processed' });
      expect((await fail()).result).toMatchObject({ state: 'ignored' });
      expect(await balanceOf(userId)).toBe(500);
    });

    test('the provider gives back more than is left: the balance goes to zero, the rest is owed', async () => {
      const { userId } = await domain.person();
      const topUpId = await pendingTopUp(userId, 500);
      const refund = (amount: number) =>
        domain.run((tx) => domain.wallet.topUps.refund(tx, { provider: 'stripe', topUpId, amount, currency: 'INR' }));
      expect((await refund(500)).result).toMatchObject({ state: 'early' });
      await credit(topUpId, 500);
      await post(payment(`spend:${userId}`, userId, newId(), 300));
      expect((await refund(100)).result).toEqual({ state: 'processed' });
      expect(await balanceOf(userId)).toBe(100);
      const rest = await refund(500);
      expect(rest.events.map(({ type }) => type)).toEqual(['payment-refunded', 'balance-updated']);
      expect((await refund(100)).result).toMatchObject({ state: 'ignored' });
      await domain.wallet.rollUps.run();
      expect(await balanceOf(userId)).toBe(0);
      expect(await accountOf(`receivable:${userId}:INR`)).toMatchObject({ balance: -300 });
      expect(await ledgerSums(domain.mongo)).toEqual({ byCurrency: { INR: 0 }, ...sound });
    });

    test('a provider that is not set up is refused before anything is stored', async () => {
      const { userId } = await domain.person();
      await expect(domain.wallet.topUps.prepare(userId, { amount: 5, provider: 'razorpay' })).rejects.toMatchObject({
        code: 'provider-unavailable',
      });
    });
  });

  test('administrators are told of each transfer once, by however many replicas', async () => {
    const { userId } = await domain.person();
    await domain.fund(userId, 300);
    const keys = Array.from({ length: 30 }, (_, index) => `told:${userId}:${index}`);
    await Promise.all(keys.map((key) => post(payment(key, userId, newId(), 10))));
    await Promise.all(Array.from({ length: 8 }, () => domain.wallet.transactionFeed.run()));
    const events = await domain.mongo.db.collection('outbox').find({ type: 'transactions-recorded' }).toArray();
    const told = events.flatMap(({ data }) => (data as { transactions: { id: string }[] }).transactions.map(({ id }) => id));
    expect(told.filter((id) => keys.includes(id)).toSorted()).toEqual(keys.toSorted());
  });

  test('the history is in the order of the commits, page by page', async () => {
    const { userId } = await domain.person();
    await domain.fund(userId, 1_000);
    for (let index = 0; index < 4; index++) await post(payment(`h:${userId}:${index}`, userId, newId(), 100));
    const first = await domain.wallet.wallet.history(userId, { limit: 3 });
    const rest = await domain.wallet.wallet.history(userId, { limit: 3, cursor: first.nextCursor ?? '' });
    expect([...first.page, ...rest.page].map(({ balanceAfter }) => balanceAfter)).toEqual([600, 700, 800, 900, 1_000]);
    expect(rest.nextCursor).toBeNull();
    expect((await domain.wallet.wallet.history(userId, { limit: 3, type: 'top-up' })).page).toHaveLength(1);
    await expect(domain.wallet.wallet.history(userId, { limit: 3, cursor: 'nonsense' })).rejects.toMatchObject({ code: 'bad-request' });
  });

  test('the times of a history follow its order, also when the clock stands or goes back', async () => {
    const { userId } = await domain.person();
    await domain.fund(userId, 1_000);
    const ahead = new Date(Date.now() + 60_000);
    await domain.mongo.db.collection<{ _id: string }>('accounts').updateOne({ _id: `user:${userId}:INR` }, { $set: { lastAt: ahead } });
    await post(payment(`t:${userId}:1`, userId, newId(), 100));
    await post(payment(`t:${userId}:2`, userId, newId(), 100));
    const { page } = await domain.wallet.wallet.history(userId, { limit: 2 });
    expect(page.map(({ at }) => at.getTime() - ahead.getTime())).toEqual([2, 1]);
  });

  test('wallets of two currencies are apart', async () => {
    const { userId } = await domain.person();
    await domain.fund(userId, 100, 'INR');
    await domain.fund(userId, 7, 'USD');
    expect(await domain.wallet.wallet.balance(userId, 'USD')).toMatchObject({ balance: 7, currency: 'USD' });
    expect(await balanceOf(userId)).toBe(100);
  });
});
