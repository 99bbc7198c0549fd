import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  reduceAdminTransactions,
  reduceNotices,
  shownNotices,
  type AdminTransaction,
  type Notice,
  type TransactionFilter,
} from '@tidings/contracts';
import {
  createStall,
  createWorld,
  expectLiveEqualsFresh,
  expectStatus,
  itemsOf,
  stateOf,
  topUp,
  waitFor,
  type Account,
  type Http,
  type TestClient,
  type World,
} from '@tidings/testing';

let world: World;
let admin: Account;
beforeAll(async () => {
  world = await createWorld();
  admin = await world.admin();
});
afterAll(() => world.stop());

const jobs = () => world.mongo.db.collection<{ _id: string; dueAt: Date; state: string }>('jobs');
/** The clock goes on, past the time of this job by so much that the sweeper does it itself: the queue holds it back for the old time. */
const makeDue = (key: string) => jobs().updateOne({ _id: key }, { $set: { state: 'due', dueAt: new Date(Date.now() - 60_000) } });

describe('transactions', () => {
  const told = async () => {
    await world.settled();
    const open = () => world.mongo.db.collection('transfers').countDocuments({ untold: true });
    await waitFor('the administrators to be told', async () => (await open()) === 0);
    await world.settled();
  };
  const isKnown = (client: TestClient, shown: readonly AdminTransaction[]) =>
    waitFor('the live list', () => {
      const ids = new Set(
        client.of('transactions-recorded').flatMap((event) => (event['transactions'] as { id: string }[]).map(({ id }) => id)),
      );
      return shown.every(({ id }) => ids.has(id));
    });

  test('the live list of administrators is the one that is fetched, with any filter, and each transfer is told once', async () => {
    const client = await world.connect(admin);
    const { merchant, item } = await createStall(world);
    const [asha, ravi] = [await world.signUp('Asha'), await world.signUp('Ravi')];
    await Promise.all([topUp(world, asha, 50_000), topUp(world, ravi, 90_000)]);
    await told();
    for (const person of [asha, ravi, asha]) {
      await expectStatus(201, person.http.post('/api/orders', { vendorId: merchant.id, items: [{ itemId: item.id, quantity: 1 }] }));
    }
    await expectStatus(201, admin.http.post(`/api/admin/users/${ravi.id}/adjustments`, { amount: -100, reason: 'A correction' }));
    await told();

    const all = await itemsOf<AdminTransaction>(admin.http, '/api/admin/transactions?limit=100');
    expect(all.map(({ type }) => type).toSorted()).toEqual(['adjustment', 'payment', 'payment', 'payment', 'top-up', 'top-up']);
    expect(all.find(({ type }) => type === 'adjustment')).toMatchObject({ userId: ravi.id, amount: 100 });
    await isKnown(client, all);
    const ids = client.of('transactions-recorded').flatMap((event) => (event['transactions'] as { id: string }[]).map(({ id }) => id));
    expect(ids.toSorted()).toEqual(all.map(({ id }) => id).toSorted());

    const filters: TransactionFilter[] = [
      {},
      { type: 'payment' },
      { userId: asha.id },
      { merchantId: merchant.id, min: 4_000, max: 4_000 },
      { paymentMethod: 'stripe', min: 60_000 },
      { from: all[2]!.createdAt },
      { to: all[2]!.createdAt, userId: ravi.id },
    ];
    for (const filter of filters) {
      const query = new URLSearchParams(Object.entries(filter).map(([name, value]): [string, string] => [name, String(value)]));
      await expectLiveEqualsFresh<readonly AdminTransaction[]>({
        client,
        initial: [],
        reduce: (state, event) => reduceAdminTransactions(state, event, filter),
        fetch: () => itemsOf(admin.http, `/api/admin/transactions?limit=100&${query}`),
      });
    }
    expect(await itemsOf(admin.http, `/api/admin/transactions?userId=${asha.id}`)).toHaveLength(3);
  });

  test('pages hold everything once', async () => {
    const all = await itemsOf<AdminTransaction>(admin.http, '/api/admin/transactions?limit=100');
    const seen: AdminTransaction[] = [];
    for (let cursor = ''; ;) {
      const { body } = await admin.http.get<{ items: AdminTransaction[]; nextCursor: string | null }>(
        `/api/admin/transactions?limit=2${cursor}`,
      );
      seen.push(...body.items);
      if (!body.nextCursor) break;
      cursor = `&cursor=${body.nextCursor}`;
    }
    expect(seen).toEqual(all);
  });

  test.each([{}, { userId: 'u' }, { merchantId: 'm' }, { type: 'refund' }, { paymentMethod: 'zeffy' }, { amount: { $gte: 5 } }])(
    'looking for %j goes by an index, in its order',
    async (filter) => {
      const plan = await world.mongo.db.collection('transfers').find(filter).sort({ at: -1, _id: -1 }).limit(20).explain('queryPlanner');
      const stages = JSON.stringify(plan['queryPlanner'].winningPlan);
      expect(stages).toContain('"IXSCAN"');
      expect(stages).not.toMatch(/"COLLSCAN"|"SORT"/);
    },
  );

  test('they are for administrators', async () => {
    const person = await world.signUp('Curious');
    await expectStatus(403, person.http.get('/api/admin/transactions'));
  });
});

describe('announcements and system events', () => {
  const later = new Date(Date.now() + 3_600_000).toISOString();
  const muchLater = new Date(Date.now() + 7_200_000).toISOString();
  const announce = async (fields: object) =>
    (await expectStatus(201, admin.http.post<Notice>('/api/admin/announcements', { title: 'Hello', message: 'All of you', ...fields })))
      .body;
  const plan = async (fields: object) =>
    (
      await expectStatus(
        201,
        admin.http.post<Notice>('/api/admin/system-events', {
          title: 'Upgrade',
          message: 'Away for a while',
          kind: 'maintenance',
          ...fields,
        }),
      )
    ).body;
  const shown = (http: Http) => itemsOf<Notice>(http, '/api/announcements?limit=100');
  const expectLive = (client: TestClient, http: Http) =>
    expectLiveEqualsFresh<readonly Notice[]>({
      client,
      initial: [],
      reduce: reduceNotices,
      fetch: async () => {
        const fresh = await shown(http);
        // What is over is in the live list for good, and not shown.
        const live = stateOf<readonly Notice[]>(client, [], reduceNotices);
        expect(shownNotices(live, new Date())).toEqual(fresh);
        return live;
      },
    });

  test('one to a role reaches those who have it, without asking for it, and nobody else', async () => {
    const { owner } = await createStall(world);
    const guest = await world.signUp('Guest');
    const [vendor, customer] = [await world.connect(owner), await world.connect(guest)];
    const toVendors = await announce({ role: 'merchant', title: 'Vendors' });
    const toAll = await announce({});
    await vendor.event('announcement', ({ title }) => title === 'Vendors');
    await Promise.all([vendor, customer].map((client) => client.event('announcement', ({ title }) => title === 'Hello')));
    expect(customer.of('announcement').map(({ title }) => title)).toEqual(['Hello']);
    expect((await shown(owner.http)).map(({ id }) => id)).toEqual([toAll.id, toVendors.id]);
    expect((await shown(guest.http)).map(({ id }) => id)).toEqual([toAll.id]);
    await vendor.event('new-notification', ({ title }) => title === 'Vendors');
    await expectLive(vendor, owner.http);
  });

  test('a scheduled one is told at its time, once, and one that was called off never', async () => {
    const guest = await world.signUp('Patient');
    const client = await world.connect(guest);
    const [first, second] = [await announce({ title: 'First', startsAt: later }), await announce({ title: 'Second', startsAt: later })];
    expect([first.status, second.status]).toEqual(['scheduled', 'scheduled']);
    expect((await shown(guest.http)).map(({ title }) => title)).not.toContain('First');
    await expectStatus(204, admin.http.send('DELETE', `/api/admin/announcements/${second.id}`));
    const again = await admin.http.send('DELETE', `/api/admin/announcements/${second.id}`);
    expect(again.body).toMatchObject({ code: 'invalid-transition', detail: 'The notice is cancelled' });

    await Promise.all([makeDue(`notice:${first.id}:start`), makeDue(`notice:${second.id}:start`)]);
    await client.event('announcement', ({ title }) => title === 'First');
    await world.settled();
    await makeDue(`notice:${first.id}:start`);
    await world.settled();
    expect(client.of('announcement').map(({ title }) => title)).toEqual(['First']);
    expect((await admin.http.send('DELETE', `/api/admin/announcements/${first.id}`)).body['code']).toBe('invalid-transition');
    const audited = await itemsOf<{ action: string }>(admin.http, `/api/admin/audit?target=notice:${second.id}`);
    expect(audited.map(({ action }) => action)).toEqual(['announcement.cancel', 'announcement.create']);
  });

  test('a maintenance window is seen before it starts, told at start and end, and notified of once', async () => {
    const guest = await world.signUp('Sysop');
    const client = await world.connect(guest);
    const window = await plan({ startsAt: later, endsAt: muchLater });
    await client.event('system-event', ({ phase }) => phase === 'announced');
    expect((await shown(guest.http))[0]).toEqual(window);
    await makeDue(`notice:${window.id}:start`);
    await client.event('system-event', ({ phase }) => phase === 'started');
    expect((await shown(guest.http))[0]).toMatchObject({ id: window.id, status: 'current', version: 2 });
    await makeDue(`notice:${window.id}:end`);
    await client.event('system-event', ({ phase }) => phase === 'ended');
    expect((await shown(guest.http)).map(({ id }) => id)).not.toContain(window.id);
    await world.settled();
    expect(client.of('new-notification').filter(({ category }) => category === 'system')).toHaveLength(1);

    const called = await plan({ startsAt: later, kind: 'update' });
    await expectStatus(204, admin.http.send('DELETE', `/api/admin/system-events/${called.id}`));
    await client.event('system-event', ({ phase }) => phase === 'cancelled');
    await world.settled();
    expect((await client.event('new-notification', ({ title }) => title === 'Called off: Upgrade')).category).toBe('system');
    const open = await plan({});
    await expectStatus(204, admin.http.send('DELETE', `/api/admin/system-events/${open.id}`));
    await client.event('system-event', ({ notice }) => (notice as Notice).id === open.id && (notice as Notice).status === 'ended');
    await expectStatus(409, admin.http.send('DELETE', `/api/admin/system-events/${open.id}`));
    expect(client.of('system-event').map(({ phase }) => phase)).toEqual([
      'announced',
      'started',
      'ended',
      'announced',
      'cancelled',
      'started',
      'ended',
    ]);
  });

  test('times that make no sense are refused', async () => {
    const refused = async (path: string, fields: object) =>
      (await admin.http.post(`/api/admin/${path}`, { title: 'T', message: 'M', ...fields })).status;
    expect(await refused('announcements', { startsAt: '2999-01-01T00:00:00.000Z' })).toBe(400);
    expect(await refused('system-events', { kind: 'update', startsAt: muchLater, endsAt: later })).toBe(400);
    expect(await refused('system-events', { kind: 'update', endsAt: '2020-01-01T00:00:00.000Z' })).toBe(400);
  });
});

test('a role that is taken away ends what it let somebody see, on the live connection', async () => {
  const helper = await world.signUp('Helper');
  const setRoles = (roles: string[]) => expectStatus(200, admin.http.send('PUT', `/api/admin/users/${helper.id}/roles`, { roles }));
  const client = await world.connect(helper);
  await setRoles(['admin']);
  const follows = async () => Object.keys(((await client.call('heartbeat', { sentAt: Date.now() })) as { heads: object }).heads);
  await waitFor('the feed of administrators', async () => (await follows()).includes('admin'));
  expect(await follows()).toContain('announcements:admin');
  expect(await client.call('subscribe', { feed: `user:${admin.id}` })).toMatchObject({ ok: true });
  await setRoles([]);
  await waitFor('the end of it', async () => !(await follows()).includes('admin'));
  expect((await follows()).filter((feed) => feed.includes('admin') || feed.includes(admin.id))).toEqual([]);
  expect(await client.call('subscribe', { feed: 'admin' })).toMatchObject({ ok: false, error: { code: 'forbidden' } });
});

describe('connections', () => {
  interface Answer {
    degraded: boolean;
    gateways: { id: string; connections: number; users: number }[];
    totals: { connections: number; byUserType: Record<string, number>; byTransport: Record<string, number> };
    user?: { connected: boolean; gateways: { id: string; connections: number }[] };
  }
  const connections = async (userId: string) =>
    (await expectStatus(200, admin.http.get<Answer>(`/api/admin/connections?userId=${userId}`))).body;

  test('are shown by gateway, and where a user is', async () => {
    const guest = await world.signUp('Here');
    const [first, second] = [await world.connect(guest), await world.connect(guest, { socket: { transports: ['polling'] } })];
    const there = await waitFor('both connections', async () => {
      const answer = await connections(guest.id);
      return answer.user?.gateways[0]?.connections === 2 && answer.totals.byTransport['polling'] === 1 ? answer : undefined;
    });
    expect(there).toMatchObject({ degraded: false, user: { connected: true, gateways: [{ id: 'g1', connections: 2 }] } });
    expect(there.totals.byUserType['customer']).toBeGreaterThanOrEqual(2);
    expect(there.totals.connections).toBe(there.gateways[0]!.connections);
    expect(there.gateways[0]!.users).toBeLessThan(there.gateways[0]!.connections);
    first.close();
    second.close();
    await waitFor('their end', async () => (await connections(guest.id)).user?.connected === false);
  });
});

describe('queues', () => {
  test('show what waits, and a job that has failed begins anew when it is asked to', async () => {
    const failed = { kind: 'notice', data: { id: 'none', phase: 'start' }, state: 'failed', attempts: 12, lastError: 'It was wrong' };
    const insert = { _id: 'notice:none:start', ...failed, dueAt: new Date(), createdAt: new Date() };
    await jobs().insertOne(insert);
    const { body } = await expectStatus(200, admin.http.get<{ jobs: { failed: number }; queues: { name: string }[] }>('/api/admin/queues'));
    expect(body).toMatchObject({ degraded: false, jobs: { failed: 1 }, events: expect.any(Object) });
    expect(body.queues.map(({ name }) => name)).toEqual(['jobs', 'domain-events']);
    const path = '/api/admin/queues/jobs';
    expect(await itemsOf(admin.http, path)).toMatchObject([{ key: insert._id, state: 'failed', lastError: 'It was wrong' }]);
    expect(JSON.stringify(await itemsOf(admin.http, path))).not.toContain('phase');

    const answers = await Promise.all([1, 2, 3].map(() => admin.http.post(`${path}/${insert._id}/retry`)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409, 409]);
    await waitFor('the job', async () => (await jobs().findOne({ _id: insert._id }))?.state === 'done');
    expect(await itemsOf(admin.http, path)).toEqual([]);
    expect((await admin.http.post(`${path}/nothing/retry`)).status).toBe(404);
    const audited = await itemsOf(admin.http, `/api/admin/audit?target=job:${insert._id}`);
    expect(audited).toMatchObject([{ action: 'job.retry', details: { kind: 'notice' } }]);
  });
});
