import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { MerchantPatch, Principal } from '@tidings/contracts';
import { newId } from '@tidings/platform';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { openStall } from '../../../tests/support/stalls.js';

describe('the administration of merchants', () => {
  let domain: Domain;
  let admin: Principal;
  beforeAll(async () => {
    domain = await createDomain();
    admin = await domain.person({ roles: ['customer', 'admin'] });
  });
  afterAll(() => domain.stop());

  const email = () => `${newId()}@example.com`;
  const add = async (fields = {}) => {
    const input = { name: 'Chai House', ownerName: 'Ravi', email: email(), phone: '+91 1', ...fields };
    return (await domain.run((tx) => domain.merchants.merchants.create(tx, input), admin.userId)).result;
  };
  const update = (id: string, patch: MerchantPatch, { by = admin, ifMatch }: { by?: Principal; ifMatch?: string } = {}) =>
    domain.run((tx) => domain.merchants.administration.update(tx, by, id, patch, ifMatch), by.userId);
  const remove = (id: string, ifMatch?: string) =>
    domain.run((tx) => domain.merchants.administration.remove(tx, admin, id, ifMatch), admin.userId);

  describe('a change', () => {
    test('is of what was sent, and is told to both feeds and to the members', async () => {
      const { _id } = await add({ description: 'Tea' });
      const { result, events } = await update(_id, { name: 'Tea House', description: null });
      expect(result).toMatchObject({ name: 'Tea House', phone: '+91 1', version: 2 });
      expect(result).not.toHaveProperty('description');
      expect(events).toMatchObject([
        {
          type: 'merchant-updated',
          to: { byAdmin: true },
          pending: true,
          feeds: [{ feed: 'merchants', omit: ['contacts', 'adminEmail'] }, 'merchants:admin'],
          data: { merchant: { name: 'Tea House', version: 2 }, adminEmail: `${admin.userId}@example.com`, contacts: { phone: '+91 1' } },
        },
      ]);
    });

    test('of nothing new makes no version and no event', async () => {
      const { _id, email: same } = await add();
      const { result, events } = await update(_id, { name: 'Chai House', email: same, description: null });
      expect(result.version).toBe(1);
      expect(events).toEqual([]);
    });

    test('of an administrator who is a member notifies nobody', async () => {
      const { _id } = await add();
      const { events } = await update(_id, { name: 'Mine' }, { by: { ...admin, merchants: [_id] } });
      expect(events[0]).not.toHaveProperty('pending');
    });

    test('that is stale is refused with the document as it is; without If-Match the last one wins', async () => {
      const { _id } = await add();
      await update(_id, { name: 'First' });
      await expect(update(_id, { name: 'Second' }, { ifMatch: '"v1"' })).rejects.toMatchObject({
        code: 'version-mismatch',
        extra: { current: { name: 'First', version: 2, contacts: { ownerName: 'Ravi' } } },
      });
      expect((await update(_id, { name: 'Third' })).result).toMatchObject({ name: 'Third', version: 3 });
    });

    test('of many at once loses none', async () => {
      const { _id } = await add();
      await Promise.all(Array.from({ length: 8 }, (_, at) => update(_id, at % 2 === 0 ? { name: `N${at}` } : { address: `Hall ${at}` })));
      expect((await domain.merchants.merchants.get(_id)).version).toBe(9);
    });

    test('of the address is refused when another has it, whatever the case; a deleted one frees it', async () => {
      const [one, other] = [await add(), await add()];
      const taken = () => update(other._id, { email: one.email });
      await expect(taken()).rejects.toMatchObject({ code: 'already-exists' });
      await expect(add({ email: one.email.toUpperCase() })).rejects.toMatchObject({ code: 'already-exists' });
      await remove(one._id);
      expect((await taken()).result.email).toBe(one.email);
    });

    test('of activity or time zone is on the menu at once', async () => {
      const { _id } = await add();
      const { events } = await update(_id, { isActive: false });
      expect(events.map(({ type }) => type)).toEqual(['merchant-updated', 'merchant-status']);
      expect(events[1]).toMatchObject({ data: { open: false, selling: { open: false, version: 2 } } });
      const { events: moved } = await update(_id, { timeZone: 'Asia/Tokyo', isActive: true });
      expect(moved[1]).toMatchObject({ data: { open: true, selling: { timeZone: 'Asia/Tokyo', version: 3 } } });
    });

    test('of the currency is refused once it has items', async () => {
      const { vendorId } = await openStall(domain);
      await expect(update(vendorId, { currency: 'USD' })).rejects.toMatchObject({ code: 'currency-mismatch' });
      const { _id } = await add();
      expect((await update(_id, { currency: 'USD' })).result.currency).toBe('USD');
    });

    test('that suspends ends new orders, and what was placed goes on', async () => {
      const stall = await openStall(domain);
      const buyer = await stall.customer(1_000);
      const { _id } = await stall.place(buyer);
      await update(stall.vendorId, { isActive: false });
      await expect(stall.place(buyer)).rejects.toMatchObject({ code: 'merchant-closed' });
      expect((await stall.move(_id, 'preparing')).status).toBe('preparing');
    });
  });

  describe('deleting', () => {
    test('takes it off, once, and is told', async () => {
      const { _id } = await add();
      await expect(remove(_id, '"v9"')).rejects.toMatchObject({ code: 'version-mismatch' });
      const { events } = await remove(_id);
      const told = [
        { type: 'merchant-deleted', data: { merchant: { version: 2 } } },
        { type: 'subscription-updated', data: { deleted: true } },
      ];
      expect(events).toMatchObject(told);
      await expect(remove(_id)).rejects.toMatchObject({ code: 'not-found' });
    });

    test('is refused while orders are open, and while their money is there', async () => {
      const stall = await openStall(domain);
      const buyer = await stall.customer(1_000);
      const { _id } = await stall.place(buyer);
      const open = async () =>
        remove(stall.vendorId).catch((error: { errors: { path: string }[] }) => error.errors.map(({ path }) => path));
      expect(await open()).toEqual(['orders', 'balance']);
      for (const status of ['preparing', 'ready', 'completed'] as const) await stall.move(_id, status);
      expect(await open()).toEqual(['balance']);
      await domain.wallet.rollUps.run();
      expect(await open()).toEqual(['balance']);
    });

    const insert = (collection: string, fields: object) =>
      domain.mongo.db.collection(collection).insertOne({ _id: newId() as never, ...fields });
    test.each([
      ['payments', (id: string) => insert('payment_requests', { vendorId: id, status: 'approved' })],
      ['payouts', (id: string) => insert('payouts', { merchantId: id, status: 'requested' })],
      ['balance', (id: string) => insert('accounts', { _id: `receivable:${id}:INR`, balance: -5 })],
      ['points', (id: string) => insert('loyalty_customers', { merchantId: id, status: 'active', balance: 5 })],
      ['redemptions', (id: string) => insert('redemptions', { merchantId: id, status: 'requested' })],
    ])('is refused while %s are open', async (path, open) => {
      const { _id } = await add();
      await open(_id);
      await expect(remove(_id)).rejects.toMatchObject({ code: 'merchant-in-use', errors: [{ path }] });
    });
  });

  test('what administrators did is in the audit log', async () => {
    const { _id } = await add();
    await update(_id, { isActive: false });
    await remove(_id);
    const found = await domain.mongo.db
      .collection('audit_log')
      .find({ target: `merchant:${_id}` })
      .sort({ at: 1 })
      .toArray();
    expect(found.map(({ action }) => action)).toEqual(['merchant.create', 'merchant.update', 'merchant.delete']);
    expect(found[1]).toMatchObject({ details: { changed: ['isActive'], isActive: false } });
  });
});
