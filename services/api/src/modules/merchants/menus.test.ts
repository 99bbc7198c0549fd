import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { openStall, type Stall } from '../../../tests/support/stalls.js';

describe('what an order needs to know of a stall', () => {
  let domain: Domain;
  let plain: Stall;
  let counted: Stall;
  beforeAll(async () => {
    domain = await createDomain();
    plain = await openStall(domain);
    counted = await openStall(domain, { stock: 5 });
  });
  afterAll(() => domain.stop());

  const items = () => domain.mongo.db.collection<{ _id: string }>('items');
  const read = (stall: Stall, names: string[], asSeen = false) =>
    domain.run(async (tx) => domain.merchants.menus.read(tx, { merchantId: stall.vendorId, names, asSeen }));

  test('are its items, by id or by name, and no other stall’s', async () => {
    const { result: byId } = await read(plain, [plain.itemId]);
    expect(byId.merchant?._id).toBe(plain.vendorId);
    expect(byId.offered.map(({ _id }) => _id)).toEqual([plain.itemId]);
    expect((await read(plain, ['masala CHAI'])).result.offered.map(({ _id }) => _id)).toEqual([plain.itemId]);
    expect((await read(plain, [counted.itemId])).result.offered).toEqual([]);
  });

  test('of many who ask at once, each gets what it asked for', async () => {
    const asked = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? plain : counted));
    const menus = await Promise.all(asked.map((stall) => read(stall, [stall.itemId])));
    expect(menus.map(({ result }) => result.offered[0]?._id)).toEqual(asked.map(({ itemId }) => itemId));
    expect(menus.map(({ result }) => result.merchant?._id)).toEqual(asked.map(({ vendorId }) => vendorId));
  });

  test('is read as the transaction sees it where pieces are counted, or the transaction has looked', async () => {
    const seen = await domain.run(async (tx) => {
      const change = (stall: Stall, fields: object) => items().updateOne({ _id: stall.itemId }, { $set: fields }, { session: tx.session });
      await change(counted, { stock: 2 });
      await change(plain, { price: 700 });
      const menu = (stall: Stall, asSeen: boolean) =>
        domain.merchants.menus.read(tx, { merchantId: stall.vendorId, names: [stall.itemId], asSeen });
      return [await menu(counted, false), await menu(plain, true), await menu(plain, false)].map(({ offered }) => offered[0]);
    });
    expect(seen.result.map((item) => [item?.price, item?.stock])).toEqual([
      [100, 2],
      [700, null],
      [100, null],
    ]);
  });

  test('knows no merchant that was deleted', async () => {
    await domain.mongo.db.collection<{ _id: string }>('merchants').updateOne({ _id: plain.vendorId }, { $set: { deletedAt: new Date() } });
    expect((await read(plain, [plain.itemId])).result.merchant).toBeNull();
  });
});
