import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { refreshDirectory, reduceDirectory, type BulkOperation, type Directory, type MerchantView } from '@tidings/contracts';
import {
  assertContiguous,
  caughtUp,
  createWorld,
  expectStatus,
  stateOf,
  waitFor,
  type Account,
  type Http,
  type World,
} from '@tidings/testing';

/** BULK_MERCHANTS=10000 npx jest tests/e2e/bulk: as many as an operator may have. */
const count = Number(process.env['BULK_MERCHANTS'] ?? 300);
const category = 'festival';
const patienceMs = 60_000 + count * 200;

let world: World;
let admin: Account;
let guest: Account;
beforeAll(async () => {
  world = await createWorld({ gateways: 2 });
  admin = await world.admin();
  guest = await world.signUp('Guest');
  const at = new Date();
  const merchants = Array.from({ length: count }, (_, index) => {
    const name = `Stall ${String(index).padStart(6, '0')}`;
    const fields = { ownerName: 'Ravi', isActive: true, currency: 'INR', timeZone: 'UTC', version: 1, createdAt: at, updatedAt: at };
    const email = `stall${index}@example.com`;
    return { _id: `stall_${index}`, name, email, emailKey: email, nameKey: name.toLowerCase(), category, ...fields, deletedAt: null };
  });
  await world.mongo.db.collection<{ _id: string }>('merchants').insertMany(merchants as { _id: string }[]);
});
afterAll(() => world.stop());

interface Page {
  items: MerchantView[];
  nextCursor: string | null;
}
const all = async (http: Http, query: string): Promise<MerchantView[]> => {
  const found: MerchantView[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const path: string = `/api/merchants?limit=100&${query}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`;
    const { body }: { body: Page } = await expectStatus(200, http.get<Page>(path));
    found.push(...body.items);
    cursor = body.nextCursor;
  }
  return found;
};
const operationOf = async (id: string): Promise<BulkOperation> =>
  (await expectStatus(200, admin.http.get<BulkOperation>(`/api/admin/merchants/bulk/${id}`))).body;

/** As an app does: what events called stale it fetches by the hundred. */
async function refreshed(directory: Directory, http: Http): Promise<Directory> {
  let fresh = directory;
  while (fresh.stale.length > 0) {
    const asked = fresh.stale.slice(0, 100);
    fresh = refreshDirectory(fresh, asked, await all(http, `ids=${asked.join(',')}`));
  }
  return fresh;
}

test(
  `${count} merchants are suspended with live progress, cancelled half-way and resumed: each once`,
  async () => {
    const owner = await world.signUp('Owner');
    const mine = [0, Math.floor(count / 2), count - 1].map((index) => `stall_${index}`);
    for (const id of mine) await expectStatus(201, admin.http.post(`/api/merchants/${id}/members`, { userId: owner.id, role: 'owner' }));
    const initial: Directory = { items: await all(guest.http, `category=${category}`), stale: [] };
    const [screen, directory, member] = await Promise.all([
      world.connect(admin, { gateway: 0 }),
      world.connect(guest, { gateway: 1 }),
      world.connect(owner, { gateway: 1 }),
    ]);

    // Somebody has the merchant in the middle in hand until it is cancelled: so that it is not over by then on the fastest machine.
    const middle = initial.items[Math.floor(count / 2)]!.id;
    const session = world.mongo.client.startSession();
    session.startTransaction();
    await world.mongo.db.collection<{ _id: string }>('merchants').updateOne({ _id: middle }, { $set: { address: 'Hall 9' } }, { session });
    const { body: started } = await expectStatus(
      202,
      admin.http.post<BulkOperation>('/api/admin/merchants/bulk', { action: 'suspend', filter: { category }, reason: 'Storm.' }),
    );
    const id = started.operationId;
    const half = Math.floor(count / 2 / 50) * 50;
    await waitFor('half of it', async () => (await operationOf(id)).succeeded === half, patienceMs);
    const { body: cancelled } = await expectStatus(200, admin.http.post<BulkOperation>(`/api/admin/merchants/bulk/${id}/cancel`));
    expect(cancelled).toMatchObject({ status: 'cancelled', total: count, succeeded: half });
    await session.abortTransaction();
    await session.endSession();
    await world.settled();
    expect((await operationOf(id)).succeeded).toBe(half);

    await expectStatus(200, admin.http.post(`/api/admin/merchants/bulk/${id}/resume`));
    await waitFor('the end', () => screen.of('bulk-completed').length > 0, patienceMs);
    await world.settled();
    for (const client of [screen, directory, member]) await caughtUp(client);

    expect(await operationOf(id)).toMatchObject({ status: 'completed', total: count, succeeded: count, failed: 0 });
    expect(screen.of('bulk-completed')).toHaveLength(1);
    const progress = screen.of('bulk-progress').map(({ operation }) => (operation as BulkOperation).succeeded);
    expect(progress).toEqual(progress.toSorted((a, b) => a - b));
    expect(progress).toContain(half);
    // Twice would be a version more.
    const merchants = world.mongo.db.collection('merchants');
    expect(await merchants.countDocuments({ category, isActive: false, version: 2 })).toBe(count);

    const changes = directory.of('merchants-changed').map(({ ids }) => ids as string[]);
    expect(changes.every((ids) => ids.length <= 100)).toBe(true);
    expect(changes.flat().toSorted()).toEqual(initial.items.map(({ id: of }) => of).toSorted());
    expect(directory.of('merchant-updated')).toEqual([]);
    expect((await refreshed(stateOf(directory, initial, reduceDirectory), guest.http)).items).toEqual(
      await all(guest.http, `category=${category}`),
    );
    expect(
      member
        .of('merchant-updated')
        .map(({ merchantId }) => String(merchantId))
        .toSorted(),
    ).toEqual(mine.toSorted());
    const told = member.of('new-notification').filter(({ title }) => title === 'Suspended');
    expect(told).toHaveLength(1);
    for (const client of [screen, directory, member]) assertContiguous(client);
  },
  patienceMs * 3,
);
