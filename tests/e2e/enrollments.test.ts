import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import {
  reduceCards,
  reduceEnrollments,
  reduceNotifications,
  type Card,
  type Enrollment,
  type Notification,
  type Program,
} from '@tidings/contracts';
import {
  caughtUp,
  createStall,
  createWorld,
  expectLiveEqualsFresh,
  expectStatus,
  itemsOf,
  password,
  type Account,
  type Stall,
  type TestClient,
  type World,
} from '@tidings/testing';

let world: World;
let stall: Stall;
beforeAll(async () => {
  world = await createWorld({ gateways: 2 });
  stall = await createStall(world);
});
afterAll(() => world.stop());

let made = 0;
const newProgram = async (fields: object = {}): Promise<Program> => {
  const path = `/api/merchants/${stall.merchant.id}/programs`;
  return (await expectStatus(201, stall.owner.http.post<Program>(path, { name: `Friends ${++made}`, ...fields }))).body;
};
const ask = async (by: Account, body: object): Promise<Enrollment> =>
  (await expectStatus(201, by.http.post<Enrollment>('/api/enrollments', body))).body;
const decide = (by: Account, id: string, decision: string) => by.http.post<Enrollment>(`/api/enrollments/${id}/decision`, { decision });
const press = ({ http }: Account, id: unknown, action: string) =>
  http.post<Notification & { code?: string }>(`/api/notifications/${String(id)}/actions/${action}`);
/** The notification that asks about an enrollment, as a connected device gets it. */
const question = (device: TestClient, { id }: Pick<Enrollment, 'id'>) =>
  device.event('new-notification', ({ data, actions }) => actions !== undefined && (data as { enrollmentId?: string }).enrollmentId === id);

/** Every list of a customer's device. */
async function customerEqualsFresh(device: TestClient, { http }: Account): Promise<void> {
  await caughtUp(device);
  const lists = { client: device, initial: [] };
  await expectLiveEqualsFresh<readonly Enrollment[]>({
    ...lists,
    reduce: reduceEnrollments,
    fetch: () => itemsOf(http, '/api/enrollments?limit=100'),
  });
  await expectLiveEqualsFresh<readonly Card[]>({ ...lists, reduce: reduceCards, fetch: () => itemsOf(http, '/api/cards?limit=100') });
  await expectLiveEqualsFresh<readonly Notification[]>({
    ...lists,
    reduce: reduceNotifications,
    fetch: () => itemsOf(http, '/api/notifications?limit=100'),
  });
}

describe('an enrollment', () => {
  test('asked by hand is decided on one of two devices by its button, and the other device and the business see it', async () => {
    const asha = await world.signUp('Asha');
    const [phone, tablet, desk] = [await world.connect(asha), await world.connect(asha, { gateway: 1 }), await world.connect(stall.owner)];
    const { id: programId, name } = await newProgram();
    const asked = await ask(stall.owner, { programId, userId: asha.id });
    const shown = await question(phone, asked);
    expect(shown).toMatchObject({
      message: `${stall.merchant.name} invites you to join ${name}.`,
      actions: [
        { action: 'accept', label: 'Accept' },
        { action: 'decline', label: 'Decline' },
      ],
    });
    const { notificationId } = await question(tablet, asked);
    expect((await press(stall.owner, notificationId, 'accept')).status).toBe(404);
    expect((await press(asha, notificationId, 'approve')).status).toBe(404);
    const { body } = await expectStatus(200, press(asha, notificationId, 'accept'));
    expect(body).toMatchObject({ id: notificationId, decision: 'accept', readAt: expect.any(String) });
    // Pressed on the other device at the same moment: it is done already.
    expect((await expectStatus(200, press(asha, notificationId, 'accept'))).body).toEqual(body);
    expect((await press(asha, notificationId, 'decline')).body.code).toBe('invalid-transition');

    for (const device of [phone, tablet]) {
      await device.event('notification-updated', ({ decision }) => decision === 'accept');
      const { enrollment } = (await device.event('enrollment-updated')) as { enrollment: Enrollment };
      expect(enrollment).toMatchObject({ id: asked.id, status: 'approved' });
      expect(await device.event('card-updated', ({ cardId }) => cardId === enrollment.cardId)).toMatchObject({ balance: 0, programId });
    }
    expect(await desk.event('loyalty-customer-updated', ({ userId }) => userId === asha.id)).toMatchObject({
      customer: { name: 'Asha', status: 'active', programIds: [programId] },
    });
    await desk.event('new-notification', ({ title }) => title === 'Enrollment approved');
    await world.settled();
    for (const device of [phone, tablet]) await customerEqualsFresh(device, asha);
  });

  test('decided by the route, withdrawn, or lapsed leaves no button that does nothing', async () => {
    const asha = await world.signUp('Asha');
    const phone = await world.connect(asha);
    const settle = async (fields: object, end: (asked: Enrollment) => Promise<unknown>, decision: string): Promise<void> => {
      const asked = await ask(stall.owner, { programId: (await newProgram(fields)).id, userId: asha.id });
      const { notificationId } = await question(phone, asked);
      await end(asked);
      await phone.event('notification-updated', (data) => data['notificationId'] === notificationId && data['decision'] === decision);
      expect((await press(asha, notificationId, 'accept')).status).toBe(decision === 'accept' ? 200 : 409);
    };
    await settle({}, ({ id }) => expectStatus(200, decide(asha, id, 'accept')), 'accept');
    await settle({}, ({ id }) => expectStatus(200, decide(stall.owner, id, 'withdraw')), 'withdraw');
    const lapse = async ({ id }: Enrollment): Promise<void> => {
      const { db } = world.mongo;
      await db.collection<{ _id: string }>('enrollments').updateOne({ _id: id }, { $set: { expiresAt: new Date(Date.now() - 1_000) } });
      // Long ago: the sweeper takes it without the queue, which waits for the real time.
      await db
        .collection<{ _id: string }>('jobs')
        .updateOne({ _id: `enrollment-expiry:${id}` }, { $set: { dueAt: new Date(Date.now() - 60_000) } });
    };
    await settle({}, lapse, 'expire');
    await world.settled();
    expect(
      (await itemsOf<Notification>(asha.http, '/api/notifications?limit=100')).filter(({ actions, decision }) => actions && !decision),
    ).toEqual([]);
  });

  test('asked by the customer is decided by any member; what is decided before anybody is told has no buttons', async () => {
    const asha = await world.signUp('Asha');
    const colleague = await world.signUp('Colleague');
    await expectStatus(201, stall.owner.http.post(`/api/merchants/${stall.merchant.id}/members`, { userId: colleague.id, role: 'staff' }));
    const [desk, till] = [await world.connect(stall.owner), await world.connect(await world.logIn(colleague.email, password))];
    const asked = await ask(asha, { programId: (await newProgram()).id });
    const { notificationId } = await question(till, asked);
    const other = await question(desk, asked);
    await expectStatus(200, press(colleague, notificationId, 'accept'));
    await desk.event('notification-updated', (data) => data['notificationId'] === other['notificationId'] && data['decision'] === 'accept');
    for (let round = 0; round < 5; round++) {
      const { id } = await ask(stall.owner, { programId: (await newProgram()).id, userId: asha.id });
      await expectStatus(200, decide(asha, id, 'accept'));
    }
    await world.settled();
    const told = await itemsOf<Notification>(asha.http, '/api/notifications?limit=100');
    expect(told.filter(({ actions, decision }) => actions && !decision)).toEqual([]);
  });
});

describe('a no', () => {
  test.each([
    ['a decline', 'decline', 'declined'],
    ['a block', 'block', 'blocked'],
    ['an expiry', undefined, 'expired'],
  ] as const)('%s is the last that the business hears of the customer, whatever happens', async (_, decision, status) => {
    const asha = await world.signUp('Asha');
    const [phone, desk] = [await world.connect(asha), await world.connect(stall.owner)];
    const [first, second] = [await newProgram(), await newProgram({ enrollment: 'automatic' })];
    const asked = await ask(stall.owner, { programId: first.id, userId: asha.id });
    if (decision) await expectStatus(200, decide(asha, asked.id, decision));
    else {
      const { db } = world.mongo;
      await db
        .collection<{ _id: string }>('enrollments')
        .updateOne({ _id: asked.id }, { $set: { expiresAt: new Date(Date.now() - 1_000) } });
      await db
        .collection<{ _id: string }>('jobs')
        .updateOne({ _id: `enrollment-expiry:${asked.id}` }, { $set: { dueAt: new Date(Date.now() - 60_000) } });
    }
    await desk.event('enrollment-updated', (data) => data['status'] === status && data['userId'] === asha.id);
    await world.settled();
    await caughtUp(desk);
    const before = desk.received.filter(
      ({ payload }) => payload['userId'] === asha.id && payload.meta?.feed.startsWith('merchant:'),
    ).length;
    expect(before).toBe(2);
    for (const { id: programId } of [first, second])
      expect((await stall.owner.http.post('/api/enrollments', { programId, userId: asha.id })).body).toMatchObject({
        code: 'enrollment-refused',
      });
    if (decision !== 'block') await expectStatus(200, decide(asha, asked.id, 'block'));
    await expectStatus(200, decide(asha, asked.id, 'unblock'));
    await world.settled();
    await phone.event('enrollment-updated', (data) => data['status'] === 'withdrawn');
    await caughtUp(desk);
    expect(desk.received.filter(({ payload }) => payload['userId'] === asha.id && payload.meta?.feed.startsWith('merchant:'))).toHaveLength(
      before,
    );
    await customerEqualsFresh(phone, asha);
    // What the business fetches is what it was told.
    expect((await expectStatus(200, stall.owner.http.get<Enrollment>(`/api/enrollments/${asked.id}`))).body).toMatchObject({
      status,
      version: 2,
    });
    // The customer may still come by their own wish.
    await ask(asha, { programId: second.id });
    await desk.event('loyalty-customer-updated', ({ userId }) => userId === asha.id);
  });

  test('ends the business’s part of a live list as a fresh one shows it', async () => {
    const own = await createStall(world);
    const desk = await world.connect(own.owner);
    const { body: program } = await expectStatus(
      201,
      own.owner.http.post<Program>(`/api/merchants/${own.merchant.id}/programs`, { name: 'Club' }),
    );
    const customers = await Promise.all(['Asha', 'Ravi', 'Mira', 'Kiran'].map((name) => world.signUp(name)));
    const asked: Enrollment[] = [];
    for (const { id: userId } of customers) asked.push(await ask(own.owner, { programId: program.id, userId }));
    await Promise.all(
      (['accept', 'decline', 'block', 'accept'] as const).map((decision, index) =>
        expectStatus(200, decide(customers[index]!, asked[index]!.id, decision)),
      ),
    );
    for (const [index, decision] of [
      [0, 'withdraw'],
      [1, 'block'],
      [2, 'unblock'],
    ] as const)
      await expectStatus(200, decide(customers[index]!, asked[index]!.id, decision));
    await expectStatus(200, decide(own.owner, asked[3]!.id, 'block'));
    await world.settled();
    await caughtUp(desk);
    await expectLiveEqualsFresh<readonly Enrollment[]>({
      client: desk,
      initial: [],
      reduce: reduceEnrollments,
      fetch: () => itemsOf(own.owner.http, `/api/enrollments?limit=100&businessId=${own.merchant.id}`),
    });
    const blocked = await itemsOf<Enrollment>(own.owner.http, `/api/enrollments?businessId=${own.merchant.id}&status=blocked`);
    expect(blocked.map(({ customerName }) => customerName).toSorted((a, b) => a.localeCompare(b))).toEqual(['Kiran', 'Mira']);
  });
});
