import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { reduceDirectory, type Directory, type MerchantView } from '@tidings/contracts';
import {
  caughtUp,
  createWorld,
  expectLiveEqualsFresh,
  expectStatus,
  itemsOf,
  type Account,
  type TestClient,
  type World,
} from '@tidings/testing';

let world: World;
let admin: Account;
let guest: Account;
beforeAll(async () => {
  world = await createWorld({ gateways: 2 });
  admin = await world.admin();
  guest = await world.signUp('Guest');
});
afterAll(() => world.stop());

const details = (fields = {}) => ({
  name: 'Chai House',
  ownerName: 'Ravi',
  email: `${randomBytes(6).toString('hex')}@example.com`,
  ...fields,
});
const add = async (fields = {}): Promise<MerchantView> =>
  (await expectStatus(201, admin.http.post<MerchantView>('/api/admin/merchants', details(fields)))).body;
const change = (id: string, fields: object) =>
  expectStatus(200, admin.http.send<MerchantView>('PUT', `/api/admin/merchants/${id}`, fields));
const remove = (id: string) => expectStatus(204, admin.http.send('DELETE', `/api/admin/merchants/${id}`));

const listed = async ({ http }: Account): Promise<Directory> => ({
  items: await itemsOf<MerchantView>(http, '/api/merchants?limit=100'),
  stale: [],
});

const expectSameDirectory = async (client: TestClient, account: Account, initial: Directory): Promise<void> => {
  await caughtUp(client);
  await expectLiveEqualsFresh({ client, initial, reduce: reduceDirectory, fetch: () => listed(account) });
};

test('what administrators do is on every directory at once: with contacts on theirs, without on everybody’s', async () => {
  const kept = await add();
  const screens = await Promise.all(
    [guest, admin].map(async (account, gateway) => ({
      account,
      initial: await listed(account),
      client: await world.connect(account, { gateway }),
    })),
  );
  const [one, other] = [await add({ category: 'food', address: 'Hall 4' }), await add({ name: 'Samosa Corner' })];
  await change(one.id, { name: 'Tea House', address: null });
  await change(kept.id, { isActive: false });
  await remove(other.id);
  await world.settled();
  for (const { client, account, initial } of screens) await expectSameDirectory(client, account, initial);
  const [publicly, privately] = screens.map(({ client }) => client.of('merchant-updated')) as [object[], object[]];
  expect(publicly).toHaveLength(2);
  for (const payload of publicly) expect(Object.keys(payload).toSorted()).toEqual(['merchant', 'merchantId', 'meta']);
  for (const payload of privately) expect(payload).toMatchObject({ adminEmail: admin.email, contacts: { ownerName: 'Ravi' } });
});

test('the members of a changed merchant are told of it, and nobody else', async () => {
  const owner = await world.signUp('Owner');
  const { id } = await add();
  await expectStatus(201, admin.http.post(`/api/merchants/${id}/members`, { userId: owner.id, role: 'owner' }));
  await change(id, { description: 'Now with cake' });
  await world.settled();
  const told = await itemsOf<{ title: string }>(owner.http, '/api/notifications');
  expect(told.map(({ title }) => title)).toEqual(['Merchant changed', 'Your access has changed']);
  expect(await itemsOf(guest.http, '/api/notifications')).toEqual([]);
});
