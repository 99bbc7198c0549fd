import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { emptyPlanList, reduceInvestments, reducePlans, type Investment, type Notification, type Plan } from '@tidings/contracts';
import {
  caughtUp,
  createCustomer,
  createWorld,
  expectLiveEqualsFresh,
  expectStatus,
  itemsOf,
  password,
  stateOf,
  type Account,
  type TestClient,
  type World,
} from '@tidings/testing';

let world: World;
let root: Account;
let admins: Account[];
let users: Account[];
beforeAll(async () => {
  world = await createWorld({ gateways: 2, env: { PLAN_BATCH_SIZE: '2', PLAN_BATCH_PAUSE_MS: '0' } });
  root = await world.admin();
  users = await Promise.all([1, 2, 3, 4, 5].map(() => createCustomer(world, 10_000)));
  admins = await Promise.all([1, 2, 3].map((index) => makeAdmin(`Admin ${index}`)));
});
afterAll(() => world.stop());

async function makeAdmin(name: string): Promise<Account> {
  const { id, email } = await world.signUp(name);
  await world.mongo.db.collection<{ _id: string }>('users').updateOne({ _id: id }, { $set: { roles: ['customer', 'admin'] } });
  return world.logIn(email, password);
}

const create = async (fields: object = {}, by = root): Promise<Plan> =>
  (await expectStatus(201, by.http.post<Plan>('/api/admin/plans', { name: 'Gold', roi: 2.5, duration: 30, minAmount: 100, ...fields })))
    .body;
const put = (by: Account, id: string, body: object, headers: Record<string, string> = {}, query = '') =>
  by.http.send<Plan>('PUT', `/api/admin/plans/${id}${query}`, body, headers);
const invest = (by: Account, id: string, amount: number, key: string = randomUUID()) =>
  by.http.send<Investment>('POST', `/api/plans/${id}/investments`, { amount }, { 'idempotency-key': key });
const allCaughtUp = async (clients: readonly TestClient[]): Promise<void> => {
  await world.settled();
  await Promise.all(clients.map(caughtUp));
};
const planEvents = (client: TestClient, id: string) =>
  client.received.filter(({ type, payload }) => type.startsWith('plan-') && payload['planId'] === id && payload.meta);

describe('plans', () => {
  test('each change is seen once and in order by three administrators and all users; who made it by administrators alone', async () => {
    const connect = (account: Account, index: number) => world.connect(account, { gateway: index % 2 });
    const [ofAdmins, ofUsers] = await Promise.all([Promise.all(admins.map(connect)), Promise.all(users.map(connect))]);
    const plan = await create({}, admins[0]);
    const draft = await create({ name: 'Secret', publishAt: new Date(Date.now() + 86_400_000).toISOString() }, admins[1]);
    for (const [index, by] of [...admins, ...admins].entries()) await expectStatus(200, put(by, plan.id, { roi: 3 + index }));
    await expectStatus(200, put(admins[2]!, draft.id, { roi: 9 }));
    await expectStatus(200, put(admins[2]!, draft.id, { publishAt: null }));
    await expectStatus(204, admins[1]!.http.send('DELETE', `/api/admin/plans/${plan.id}`));
    await allCaughtUp([...ofAdmins, ...ofUsers]);

    for (const client of [...ofAdmins, ...ofUsers]) {
      expect(planEvents(client, plan.id).map(({ type, payload }) => [type, payload['version']])).toEqual([
        ['plan-created', 1],
        ...[2, 3, 4, 5, 6, 7].map((version) => ['plan-updated', version]),
        ['plan-deleted', 8],
      ]);
    }
    const emails = [0, 0, 1, 2, 0, 1, 2, 1].map((index) => admins[index]!.email);
    for (const client of ofAdmins) {
      expect(planEvents(client, plan.id).map(({ payload }) => payload['adminEmail'])).toEqual(emails);
      expect(planEvents(client, draft.id).map(({ type }) => type)).toEqual(['plan-created', 'plan-updated', 'plan-created']);
    }
    for (const client of ofUsers) {
      expect(planEvents(client, draft.id).map(({ type, payload }) => [type, payload['version']])).toEqual([['plan-created', 3]]);
      expect(JSON.stringify(client.received)).not.toContain('adminEmail');
    }
    for (const [clients, [account]] of [
      [ofAdmins, admins],
      [ofUsers, users],
    ] as const) {
      for (const client of clients) {
        expect(stateOf(client, emptyPlanList, reducePlans).items).toEqual(await itemsOf<Plan>(account!.http, '/api/plans?limit=100'));
      }
    }
  });

  test('two administrators who edit one at once lose nothing, and see who else has it open', async () => {
    const { id } = await create();
    const [asha, ravi] = admins as [Account, Account];
    const clients = await Promise.all([world.connect(asha), world.connect(ravi, { gateway: 1 })]);
    for (const client of clients) expect(await client.call('plan-editing', { planId: id })).toMatchObject({ ok: true });
    await clients[0].event('plan-editing', ({ planId, editors }) => planId === id && (editors as unknown[]).length === 2);

    const read = { 'if-match': '"v1"' };
    const both = await Promise.all([
      put(asha, id, { roi: 4, name: 'Gold plus' }, read, '?merge=true'),
      put(ravi, id, { duration: 90, capacity: 5_000 }, read, '?merge=true'),
    ]);
    expect(both.map(({ status }) => status)).toEqual([200, 200]);
    const stale = await put(ravi, id, { roi: 5 }, read);
    expect(stale).toMatchObject({ status: 412, body: { current: { version: 3 }, conflicts: [{ field: 'roi', current: 4, mine: 5 }] } });
    const { body } = await expectStatus(200, ravi.http.get<Plan>(`/api/plans/${id}`));
    expect(body).toMatchObject({ roi: 4, name: 'Gold plus', duration: 90, capacity: 5_000, version: 3 });
  });
});

describe('investments', () => {
  test('live equals fresh through a changed plan, another plan, and a refund; each holder is told of each once', async () => {
    const clients = await Promise.all(users.map((account, index) => world.connect(account, { gateway: index % 2 })));
    const [plan, heir, other] = [await create(), await create({ name: 'Silver', roi: 1 }), await create({ name: 'Bronze' })];
    for (const account of users) await expectStatus(201, invest(account, plan.id, 1_000));
    await expectStatus(201, invest(users[0]!, other.id, 500));
    await expectStatus(200, put(root, plan.id, { roi: 7.25, duration: 60 }));
    await world.settled();
    await expectStatus(204, root.http.send('DELETE', `/api/admin/plans/${plan.id}?investments=migrate&to=${heir.id}`));
    await expectStatus(204, root.http.send('DELETE', `/api/admin/plans/${other.id}?investments=refund`));
    await allCaughtUp(clients);

    for (const [index, client] of clients.entries()) {
      const { http } = users[index]!;
      const reasons = client
        .of('investment-updated')
        .map(({ planId, reason, roi }) => `${planId === other.id ? 'other ' : ''}${String(reason)} ${String(roi)}`);
      expect(reasons.filter((reason) => !reason.startsWith('other'))).toEqual(['made 2.5', 'terms-changed 7.25', 'moved 1']);
      await expectLiveEqualsFresh({
        client,
        initial: [],
        reduce: reduceInvestments,
        fetch: () => itemsOf<Investment>(http, '/api/investments'),
      });
      const notified = await itemsOf<Notification>(http, '/api/notifications?limit=100');
      expect(notified.filter(({ title }) => title === 'Investment changed')).toHaveLength(1);
      expect(notified.filter(({ title }) => title === 'Investment moved')).toHaveLength(1);
    }
    const { body } = await expectStatus(200, users[0]!.http.get<{ balance: number }>('/api/wallet'));
    expect(body.balance).toBe(9_000);
  });

  test('the same key invests once, also at once; another’s is not found', async () => {
    const { id } = await create();
    const [asha, ravi] = users as [Account, Account];
    const before = (await asha.http.get<{ balance: number }>('/api/wallet')).body.balance;
    const answers = await Promise.all(Array.from({ length: 5 }, () => invest(asha, id, 300, 'once')));
    expect(new Set(answers.map(({ status, body }) => `${status} ${body.id}`)).size).toBe(1);
    expect((await asha.http.get<{ balance: number }>('/api/wallet')).body.balance).toBe(before - 300);
    const path = `/api/investments/${answers[0]!.body.id}`;
    expect([(await asha.http.get(path)).status, (await ravi.http.get(path)).status]).toEqual([200, 404]);
    const all = await itemsOf<Investment>(root.http, `/api/admin/investments?planId=${id}&userId=${asha.id}&status=ACTIVE`);
    expect(all.map(({ amount }) => amount)).toEqual([300]);
  });

  test('who asked to be told of one plan is, of that one; who asked no longer is not', async () => {
    const [plan, another] = [await create({ name: 'Told' }), await create({ name: 'Untold' })];
    const [asha, ravi] = users as [Account, Account];
    for (const { http } of [asha, ravi]) await expectStatus(200, http.send('PUT', `/api/plans/${plan.id}/follow`));
    await expectStatus(200, ravi.http.send('DELETE', `/api/plans/${plan.id}/follow`));
    for (const { id } of [plan, another]) await expectStatus(200, put(root, id, { roi: 3.5 }));
    await world.settled();
    const told = async ({ http }: Account) =>
      (await itemsOf<Notification>(http, '/api/notifications?limit=100'))
        .filter(({ category }) => category === 'plan')
        .map(({ message }) => message);
    expect(await told(asha)).toEqual(['Told has changed: now 3.5 % over 30 days.']);
    expect(await told(ravi)).toEqual([]);
  });
});
