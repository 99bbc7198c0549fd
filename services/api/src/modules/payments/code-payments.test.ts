import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Problem, type PayByCode, type Principal } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { createCodes } from '../../codes/codes.js';
import { ledgerSums } from '../wallet/index.js';

let domain: Domain;
beforeAll(async () => {
  domain = await createDomain();
});
afterAll(() => domain.stop());

const minute = 60_000;
const codeOf = (error: unknown): string => {
  if (error instanceof Problem) return error.code;
  throw error;
};

async function shop(fields: { price?: number; stock?: number } = {}) {
  const input = { name: `Chai House ${Math.random()}`, ownerName: 'Ravi', email: `${Math.random()}@example.com` };
  const { result } = await domain.run((tx) => domain.merchants.merchants.create(tx, input));
  const member = await domain.person({ merchants: [result._id] });
  const { result: item } = await domain.run((tx) =>
    domain.merchants.items.create(tx, member, result._id, { name: 'Masala chai', price: 100, ...fields }),
  );
  const codes = domain.payments.codePayments;
  return {
    vendorId: result._id,
    itemId: item._id,
    member,
    stallCode: async () => (await codes.stallCode(result._id)).code,
    itemCode: async () => (await codes.itemCode(member, result._id, item._id)).code,
  };
}

async function customer(balance: number): Promise<Principal> {
  const person = await domain.person();
  if (balance > 0) await domain.fund(person.userId, balance);
  return person;
}

/** Pays as at a time that lies `ms` ahead. */
async function pay(caller: Principal, input: PayByCode, ms = 0) {
  const ticket = domain.orders.orders.ticket();
  const at = (tx: Tx): Tx => ({ ...tx, now: new Date(tx.now.getTime() + ms) });
  return domain.run((tx) => domain.payments.codePayments.pay(at(tx), caller, input, ticket));
}
const refusal = (...args: Parameters<typeof pay>): Promise<string> => pay(...args).then(() => 'accepted', codeOf);
const balanceOf = async ({ userId }: Principal) => (await domain.wallet.wallet.balance(userId)).balance;

describe('an item’s code', () => {
  test('orders the item at its price and pays, in one transaction', async () => {
    const { vendorId, itemId, itemCode } = await shop({ stock: 5 });
    const buyer = await customer(500);
    const { result, events } = await pay(buyer, { code: await itemCode(), quantity: 2, price: 200 });
    expect(result).toMatchObject({ vendorId, status: 'placed', price: 200, items: [{ itemId, quantity: 2, price: 100 }] });
    expect(events.map(({ type }) => type)).toEqual(['new-order', 'payment-completed', 'balance-updated', 'item-updated']);
    expect(await balanceOf(buyer)).toBe(300);
  });

  test('serves each customer once', async () => {
    const { itemCode } = await shop();
    const [asha, ben] = [await customer(500), await customer(500)];
    const code = await itemCode();
    await pay(asha, { code, price: 100 });
    expect(await refusal(asha, { code, price: 100 })).toBe('code-used');
    await pay(ben, { code, price: 100 });
    await pay(asha, { code: await itemCode(), price: 100 });
    expect([await balanceOf(asha), await balanceOf(ben)]).toEqual([300, 400]);
  });

  test('used ten times at once pays once', async () => {
    const { itemCode } = await shop();
    const buyer = await customer(5_000);
    const code = await itemCode();
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => refusal(buyer, { code, price: 100 })));
    expect(outcomes.filter((outcome) => outcome === 'accepted')).toHaveLength(1);
    expect(new Set(outcomes)).toEqual(new Set(['accepted', 'code-used']));
    expect(await balanceOf(buyer)).toBe(4_900);
  });

  test('is as good as before when the payment failed', async () => {
    const { itemCode } = await shop();
    const buyer = await customer(0);
    const code = await itemCode();
    expect(await refusal(buyer, { code, price: 100 })).toBe('insufficient-funds');
    expect(await refusal(buyer, { code, price: 90 })).toBe('price-changed');
    await domain.fund(buyer.userId, 100);
    expect(await refusal(buyer, { code, price: 100 })).toBe('accepted');
  });

  test('what fails behind the payment takes back the payment, the order and the use of the code', async () => {
    const { vendorId, itemId, itemCode } = await shop({ stock: 5 });
    const buyer = await customer(100);
    const code = await itemCode();
    const ticket = domain.orders.orders.ticket();
    const failing = domain.run(async (tx) => {
      await domain.payments.codePayments.pay(tx, buyer, { code, price: 100 }, ticket);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await balanceOf(buyer)).toBe(100);
    expect(await domain.mongo.db.collection('orders').countDocuments({ vendorId })).toBe(0);
    expect((await domain.merchants.items.get(vendorId, itemId)).stock).toBe(5);
    expect(await refusal(buyer, { code, price: 100 })).toBe('accepted');
  });

  test('holds for its price and for five minutes', async () => {
    const { vendorId, itemId, member, itemCode } = await shop();
    const buyer = await customer(500);
    const code = await itemCode();
    expect(await refusal(buyer, { code, price: 100 }, 5 * minute)).toBe('code-expired');
    await domain.run((tx) => domain.merchants.items.update(tx, member, vendorId, itemId, { price: 120 }));
    // Neither the price that the code says, nor the one that the item has now.
    expect(await refusal(buyer, { code, price: 100 })).toBe('price-changed');
    expect(await refusal(buyer, { code, price: 120 })).toBe('price-changed');
    expect(await refusal(buyer, { code: await itemCode(), price: 120 })).toBe('accepted');
  });

  test('is made by members, for what is on offer', async () => {
    const { vendorId, itemId, member, itemCode } = await shop();
    const { itemCode: make } = domain.payments.codePayments;
    await expect(make(await customer(0), vendorId, itemId)).rejects.toMatchObject({ code: 'forbidden' });
    await expect(make(member, vendorId, vendorId)).rejects.toMatchObject({ code: 'not-found' });
    const code = await itemCode();
    await domain.run((tx) => domain.merchants.items.update(tx, member, vendorId, itemId, { available: false }));
    await expect(make(member, vendorId, itemId)).rejects.toMatchObject({ code: 'item-unavailable' });
    expect(await refusal(await customer(500), { code, price: 100 })).toBe('item-unavailable');
  });
});

describe('a stall’s code', () => {
  test('takes what the customer chose, again and again, at any time', async () => {
    const { itemId, stallCode } = await shop();
    const buyer = await customer(500);
    const order = { code: await stallCode(), items: [{ itemId, quantity: 1 }], price: 100 };
    await pay(buyer, order);
    await pay(buyer, order, 365 * 24 * 60 * minute);
    expect(await balanceOf(buyer)).toBe(300);
  });

  test('pays nothing but what was confirmed', async () => {
    const { itemId, stallCode } = await shop();
    const other = await shop();
    const buyer = await customer(500);
    const code = await stallCode();
    expect(await refusal(buyer, { code, items: [{ itemId, quantity: 2 }], price: 100 })).toBe('price-changed');
    expect(await refusal(buyer, { code, items: [{ itemId: other.itemId, quantity: 1 }], price: 100 })).toBe('item-unavailable');
    expect(await refusal(buyer, { code, price: 100 })).toBe('bad-request');
    expect(await refusal(buyer, { code, items: [{ itemId, quantity: 1 }], quantity: 1, price: 100 })).toBe('bad-request');
    expect(await balanceOf(buyer)).toBe(500);
  });
});

describe('codes that are not for this', () => {
  test('forged, of another installation, of a person: each has its own refusal', async () => {
    const { vendorId, itemId, stallCode } = await shop();
    const buyer = await customer(500);
    const code = await stallCode();
    const items = [{ itemId, quantity: 1 }];
    const flipped = code.slice(0, -1) + (code.endsWith('A') ? 'B' : 'A');
    const elsewhere = createCodes([{ kid: 'default', secret: 'the secret of somebody else' }]).sign({
      kind: 'stall',
      merchantId: vendorId,
    });
    const person = domain.payments.codePayments.userCode(buyer).code;
    expect(await refusal(buyer, { code: flipped, items, price: 100 })).toBe('code-invalid');
    expect(await refusal(buyer, { code: 'TDG1', items, price: 100 })).toBe('code-invalid');
    expect(await refusal(buyer, { code: elsewhere, items, price: 100 })).toBe('code-foreign');
    expect(await refusal(buyer, { code: person, price: 100 })).toBe('code-foreign');
    expect(await balanceOf(buyer)).toBe(500);
  });
});

describe('resolving', () => {
  const resolve = (caller: Principal, code: string, ms = 0) =>
    domain.payments.codePayments.resolve(caller, code, new Date(Date.now() + ms));

  test('tells what a code stands for', async () => {
    const { vendorId, itemId, member, stallCode, itemCode } = await shop();
    const buyer = await customer(0);
    expect(await resolve(buyer, await stallCode())).toMatchObject({
      kind: 'stall',
      merchant: { id: vendorId },
      items: [{ id: itemId }],
      more: false,
    });
    expect(await resolve(buyer, await itemCode())).toMatchObject({
      kind: 'item',
      merchant: { id: vendorId },
      items: [{ id: itemId }],
      price: 100,
    });
    const { code } = domain.payments.codePayments.userCode(buyer);
    expect(await resolve(member, code)).toMatchObject({ kind: 'user', customer: { userId: buyer.userId, name: 'Asha' } });
    await expect(resolve(member, code, 5 * minute)).rejects.toMatchObject({ code: 'code-expired' });
  });

  test('tells nobody what is not theirs', async () => {
    const buyer = await customer(0);
    const { code } = domain.payments.codePayments.userCode(buyer);
    await expect(resolve(await customer(0), code)).rejects.toMatchObject({ code: 'code-foreign' });
    await expect(resolve(buyer, code)).resolves.toMatchObject({ kind: 'user' });
  });
});

test('no payment by code unbalances the ledger', async () => {
  const sums = await ledgerSums(domain.mongo);
  expect({ ...sums, byCurrency: sums.byCurrency['INR'] }).toEqual({
    byCurrency: 0,
    unbalancedTransfers: [],
    differing: [],
    negative: [],
    heldDiffers: [],
  });
});
