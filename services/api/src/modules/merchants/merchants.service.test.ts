import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { listQuery, type Principal } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { newId } from '@tidings/platform';
import { z } from 'zod';
import { createDomain, type Domain } from '../../../tests/support/domain.js';

const listMembersQuery = z.strictObject(listQuery);

describe('merchants', () => {
  let domain: Domain;
  beforeAll(async () => {
    domain = await createDomain({ env: { SUBSCRIPTION_PLANS: '{"freeTrial":{"staff":null}}' } });
  });
  afterAll(() => domain.stop());

  const input = () => ({ name: `Chai House ${newId()}`, ownerName: 'Ravi', email: `${newId()}@example.com`, phone: '+91 1' });
  const create = async () => (await domain.run((tx) => domain.merchants.merchants.create(tx, input()))).result._id;

  test('a new one is told to everybody with its public fields, to administrators with the rest', async () => {
    const admin = await domain.person({ roles: ['customer', 'admin'] });
    const { result, events } = await domain.run((tx) => domain.merchants.merchants.create(tx, input()), admin.userId);
    expect(result).toMatchObject({ currency: 'INR', timeZone: 'UTC', isActive: true, version: 1 });
    expect(events.map(({ type }) => type)).toEqual(['merchant-created', 'subscription-updated']);
    expect(events[0]?.feeds).toEqual([{ feed: 'merchants', omit: ['contacts', 'adminEmail'] }, 'merchants:admin']);
    expect(events[0]?.data).toMatchObject({ contacts: { phone: '+91 1' }, adminEmail: `${admin.userId}@example.com` });
    expect(events[0]?.data['merchant']).not.toHaveProperty('email');
  });

  test('the same merchant is not added twice, not even at once', async () => {
    const same = input();
    const results = await Promise.allSettled(
      Array.from({ length: 4 }, () => domain.run((tx) => domain.merchants.merchants.create(tx, same))),
    );
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'already-exists' });
  });

  describe('members', () => {
    test('owners and administrators add them; they are told, become merchants, and lose it again', async () => {
      const id = await create();
      const admin = await domain.person({ roles: ['customer', 'admin'] });
      const [owner, staff] = [await domain.person(), await domain.person()];
      await domain.run((tx) => domain.merchants.members.add(tx, admin, id, { userId: owner.userId, role: 'owner' }));
      const asOwner = { ...owner, merchants: [id] };
      const { events } = await domain.run((tx) =>
        domain.merchants.members.add(tx, asOwner, id, { email: `${staff.userId}@example.com`, role: 'staff' }),
      );
      expect(events).toMatchObject([{ type: 'access-changed', data: { feeds: [`merchant:${id}`] }, feeds: [`user:${staff.userId}`] }]);
      const again = domain.run((tx) => domain.merchants.members.add(tx, asOwner, id, { userId: staff.userId, role: 'owner' }));
      await expect(again).rejects.toMatchObject({ code: 'already-exists' });
      const asStaff = { ...staff, merchants: [id] };
      await expect(domain.run((tx) => domain.merchants.members.remove(tx, asStaff, id, owner.userId))).rejects.toMatchObject({
        code: 'forbidden',
      });
      await expect(domain.run((tx) => domain.merchants.members.remove(tx, asOwner, id, owner.userId))).rejects.toMatchObject({
        code: 'forbidden',
      });
      expect((await domain.merchants.members.list(asStaff, id, { limit: 10 })).page).toHaveLength(2);
      await domain.run((tx) => domain.merchants.members.remove(tx, asOwner, id, staff.userId));
      const user = await domain.mongo.db.collection<{ _id: string }>('users').findOne({ _id: staff.userId });
      expect(user).toMatchObject({ roles: ['customer'], memberships: [] });
    });

    test('what administrators do for a merchant is in the audit log, what its members do is not', async () => {
      const admin = await domain.person({ roles: ['customer', 'admin'] });
      const { items, members, selling, merchants } = domain.merchants;
      const { result } = await domain.run((tx) => merchants.create(tx, input()), admin.userId);
      const id = result._id;
      const act = (who: Principal) => async (work: (tx: Tx) => Promise<unknown>) => domain.run(work, who.userId);
      const staff = await domain.person();
      for (const who of [admin, await domain.person({ merchants: [id] })]) {
        const as = act(who);
        await as((tx) => members.add(tx, who, id, { userId: staff.userId, role: 'staff' }));
        await as((tx) => members.remove(tx, who, id, staff.userId));
        const { result: item } = await domain.run((tx) => items.create(tx, who, id, { name: `Tea ${who.userId}`, price: 5 }), who.userId);
        await as((tx) => items.update(tx, who, id, item._id, { price: 6 }));
        await as((tx) => items.remove(tx, who, id, item._id));
        await as((tx) => selling.pause(tx, who, id, {}));
      }
      const found = await domain.mongo.db
        .collection('audit_log')
        .find({ target: `merchant:${id}` })
        .sort({ _id: 1 })
        .toArray();
      expect(new Set(found.map(({ actor }) => actor))).toEqual(new Set([admin.userId]));
      const actions = ['merchant.create', 'member.add', 'member.remove', 'item.create', 'item.update', 'item.delete', 'selling.update'];
      expect(found.map(({ action }) => action)).toEqual(actions);
    });
  });

  describe('a list of many members', () => {
    const users = () => domain.mongo.db.collection<{ _id: string; name: string; memberships: unknown[] }>('users');

    test('goes on behind a member who has left, and shows nobody twice', async () => {
      const id = await create();
      const people = await Promise.all(Array.from({ length: 5 }, () => domain.person({ merchants: [id] })));
      // The longest name that may be, of the widest letters: it is in the cursor.
      const names = ['A', 'B', 'B', 'अ'.repeat(100), 'अ'.repeat(100)];
      for (const [index, { userId }] of people.entries()) await users().updateOne({ _id: userId }, { $set: { name: names[index] ?? '' } });
      const list = (cursor?: string | null) =>
        domain.merchants.members.list(people[0]!, id, listMembersQuery.parse({ limit: '1', ...(cursor ? { cursor } : {}) }));
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const { page, nextCursor } = await list(cursor);
        seen.push(...page.map(({ userId }) => userId));
        if (seen.length === 2) await users().updateOne({ _id: seen[1] ?? '' }, { $set: { memberships: [] } });
        cursor = nextCursor;
      } while (cursor !== null && seen.length < 10);
      const byName = await users()
        .find({ _id: { $in: people.map(({ userId }) => userId) } })
        .sort({ name: 1, _id: 1 })
        .toArray();
      expect(seen).toEqual(byName.map(({ _id }) => _id));
    });

    test('has no end that hides the owner', async () => {
      const id = await create();
      const memberships = [{ merchantId: id, role: 'staff' }];
      await users().insertMany(
        Array.from({ length: 1_001 }, () => {
          const _id = newId();
          const fields = { roles: ['customer', 'merchant'], status: 'active', passwordHash: 'none', version: 1, createdAt: new Date() };
          return { _id, name: 'Asha', email: `${_id}@example.com`, memberships, ...fields };
        }),
      );
      const [owner, guest] = [await domain.person({ merchants: [id] }), await domain.person()];
      await users().updateOne({ _id: owner.userId }, { $set: { name: 'Zoya' } });
      await domain.run((tx) => domain.merchants.members.add(tx, owner, id, { userId: guest.userId, role: 'staff' }));
      expect(await users().findOne({ _id: guest.userId })).toMatchObject({ memberships });
    });
  });

  describe('the last owner', () => {
    const withOwners = async () => {
      const id = await create();
      const owners = [await domain.person({ merchants: [id] }), await domain.person({ merchants: [id] })] as const;
      const remove = (who: (typeof owners)[number], whom: (typeof owners)[number]) =>
        domain.run((tx) => domain.merchants.members.remove(tx, who, id, whom.userId));
      const left = () => domain.mongo.db.collection('users').countDocuments({ memberships: { merchantId: id, role: 'owner' } });
      return { owners, remove, left };
    };

    test('stays, whether two remove each other at once or leave at once', async () => {
      for (let round = 0; round < 4; round++) {
        const { owners, remove, left } = await withOwners();
        const [one, other] = owners;
        const results = await Promise.allSettled(
          round % 2 === 0 ? [remove(one, other), remove(other, one)] : [remove(one, one), remove(other, other)],
        );
        expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
        for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'forbidden' });
        expect(await left()).toBe(1);
      }
    });
  });

  describe('items', () => {
    test('only members change them; each change is told to the menu with a higher version', async () => {
      const id = await create();
      const member = await domain.person({ merchants: [id] });
      const stranger = await domain.person();
      const items = domain.merchants.items;
      await expect(domain.run((tx) => items.create(tx, stranger, id, { name: 'Chai', price: 1 }))).rejects.toMatchObject({
        code: 'forbidden',
      });
      const { result: item } = await domain.run((tx) => items.create(tx, member, id, { name: 'Chai', price: 100, stock: 2 }));
      const { result: changed, events } = await domain.run((tx) =>
        items.update(tx, member, id, item._id, { price: 120, stock: null }, '"v1"'),
      );
      expect(changed).toMatchObject({ price: 120, stock: null, version: 2 });
      expect(events).toMatchObject([{ type: 'item-updated', feeds: [`merchant:${id}:menu`], data: { item: { version: 2, stock: null } } }]);
      await expect(domain.run((tx) => items.update(tx, member, id, item._id, { price: 1 }, '"v1"'))).rejects.toMatchObject({
        code: 'version-mismatch',
      });
    });

    test('a deleted one is gone from the menu, and its name is free again', async () => {
      const id = await create();
      const member = await domain.person({ merchants: [id] });
      const items = domain.merchants.items;
      const add = () => domain.run((tx) => items.create(tx, member, id, { name: 'Chai', price: 100 }));
      const { result: item } = await add();
      await expect(add()).rejects.toMatchObject({ code: 'already-exists' });
      const { events } = await domain.run((tx) => items.remove(tx, member, id, item._id));
      expect(events).toMatchObject([{ type: 'item-updated', data: { deleted: true } }]);
      await expect(items.get(id, item._id)).rejects.toMatchObject({ code: 'not-found' });
      expect((await items.list(id, { limit: 10 })).page).toEqual([]);
      await add();
      expect((await items.list(id, { limit: 10 })).page).toHaveLength(1);
    });
  });
});
