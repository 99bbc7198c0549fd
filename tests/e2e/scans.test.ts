import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  listedCustomers,
  reduceCards,
  reduceCustomerBook,
  reduceEnrollments,
  reduceFraudAlerts,
  reduceNotifications,
  reducePoints,
  reduceScans,
  type Card,
  type CustomerBook,
  type Enrollment,
  type FraudAlert,
  type Notification,
  type PointsEntry,
  type Program,
  type Scan,
} from '@tidings/contracts';
import {
  caughtUp,
  createStall,
  createWorld,
  expectLiveEqualsFresh,
  expectStatus,
  itemsOf,
  stateOf,
  topUp,
  type Account,
  type Stall,
  type TestClient,
  type World,
} from '@tidings/testing';

let world: World;
let stall: Stall;
beforeAll(async () => {
  world = await createWorld({ gateways: 2 });
});
// Of each case its own: the business's screen begins with nothing.
beforeEach(async () => {
  stall = await createStall(world);
});
afterAll(() => world.stop());

interface Answer {
  scanId: string;
  customer: { userId: string; name: string };
  repeated: boolean;
  enrollment?: Enrollment;
  card?: Card;
  points?: PointsEntry;
}

let made = 0;
async function newProgram(fields: object = {}): Promise<Program> {
  const path = `/api/merchants/${stall.merchant.id}/programs`;
  const body = { name: `Friends ${++made}`, rules: [{ kind: 'visit', points: 10 }], ...fields };
  return (await expectStatus(201, stall.owner.http.post<Program>(path, body))).body;
}
const codeOf = async ({ http }: Account, path = '/api/me/qr'): Promise<string> =>
  (await expectStatus(200, http.get<{ code: string }>(`${path}?format=json`))).body.code;
const scan = (code: string, fields: object = {}) => stall.owner.http.post<Answer & { code?: string }>('/api/qr/scan', { code, ...fields });
/** The next one counts again: ten seconds have passed, as far as the log knows. */
const pass = async ({ id }: Account): Promise<void> => {
  await world.mongo.db
    .collection<{ _id: string }>('last_scans')
    .updateOne({ _id: `${stall.merchant.id}:${id}` }, { $set: { at: new Date(Date.now() - 11_000) } });
};

/** What every screen of the customer shows, live, is what a new one fetches. */
async function dashboardEqualsFresh(device: TestClient, { http }: Account): Promise<void> {
  await world.settled();
  await caughtUp(device);
  const lists = { client: device, initial: [] };
  await expectLiveEqualsFresh<readonly Card[]>({ ...lists, reduce: reduceCards, fetch: () => itemsOf(http, '/api/cards?limit=100') });
  await expectLiveEqualsFresh<readonly PointsEntry[]>({
    ...lists,
    reduce: reducePoints,
    fetch: () => itemsOf(http, '/api/points?limit=100'),
  });
  await expectLiveEqualsFresh<readonly Enrollment[]>({
    ...lists,
    reduce: reduceEnrollments,
    fetch: () => itemsOf(http, '/api/enrollments?limit=100'),
  });
  await expectLiveEqualsFresh<readonly Notification[]>({
    ...lists,
    reduce: reduceNotifications,
    fetch: () => itemsOf(http, '/api/notifications?limit=100'),
  });
}

/** What the business's screen shows, live, is what a new one fetches. */
async function deskEqualsFresh(desk: TestClient): Promise<void> {
  await world.settled();
  await caughtUp(desk);
  const { http } = stall.owner;
  const { id } = stall.merchant;
  const fresh = <T>(path: string) => itemsOf<T>(http, path);
  expect(customersOn(desk)).toEqual(await fresh(`/api/merchants/${id}/customers?limit=100`));
  await expectLiveEqualsFresh<readonly Scan[]>({
    client: desk,
    initial: [],
    reduce: reduceScans,
    fetch: () => fresh(`/api/merchants/${id}/scans?limit=100`),
  });
  await expectLiveEqualsFresh<readonly Enrollment[]>({
    client: desk,
    initial: [],
    reduce: reduceEnrollments,
    fetch: () => fresh(`/api/enrollments?businessId=${id}&limit=100`),
  });
  for (const { userId } of customersOn(desk)) {
    const { body } = await expectStatus(200, http.get<{ cards: Card[] }>(`/api/merchants/${id}/customers/${userId}`));
    expect(cardsOn(desk).filter((card) => card.userId === userId)).toEqual(body.cards);
    for (const card of body.cards) expect(pointsOn(desk, card.id)).toEqual(await fresh(`/api/points?cardId=${card.id}&limit=100`));
  }
}

/** On either side's screen, as it stands. */
const customersOn = (desk: TestClient) => listedCustomers(stateOf(desk, new Map() as CustomerBook, reduceCustomerBook));
const cardsOn = (screen: TestClient) => stateOf<readonly Card[]>(screen, [], reduceCards).filter(({ status }) => status === 'active');
const pointsOn = (screen: TestClient, cardId: unknown) =>
  stateOf<readonly PointsEntry[]>(screen, [], reducePoints).filter((entry) => entry.cardId === cardId);
const scansOn = (desk: TestClient) => stateOf<readonly Scan[]>(desk, [], reduceScans);

/** Live and after a reload: what each side has is what it would fetch. */
async function bothEqualFresh(phone: TestClient, customer: Account, desk: TestClient): Promise<void> {
  await dashboardEqualsFresh(phone, customer);
  await deskEqualsFresh(desk);
}
const told = (device: TestClient, title: string) => device.event('new-notification', (one) => one['title'] === title);

describe('the three cases', () => {
  test('somebody unknown is scanned, told, asked, accepts, is a customer of the business, and has the points of that scan', async () => {
    const asha = await world.signUp('Asha');
    const [phone, desk] = [await world.connect(asha), await world.connect(stall.owner, { gateway: 1 })];
    const { id: programId } = await newProgram();
    const { body: first } = await expectStatus(200, scan(await codeOf(asha), { programId }));
    expect(first).toMatchObject({ customer: { userId: asha.id, name: 'Asha' }, repeated: false, enrollment: { status: 'requested' } });
    expect(first).not.toHaveProperty('card');
    const message = `Your QR code was scanned by ${stall.merchant.name}`;
    for (const screen of [phone, desk])
      expect(await screen.event('qr-scanned', (data) => data['scanId'] === first.scanId)).toMatchObject({
        businessId: stall.merchant.id,
        message,
      });
    expect(await told(phone, 'QR code scanned')).toMatchObject({ message });
    const question = await told(phone, 'Enrollment to decide');
    expect(customersOn(desk)).toEqual([]);
    await bothEqualFresh(phone, asha, desk);
    expect(phone.of('qr-scanned')).toEqual([expect.not.objectContaining({ scan: expect.anything() })]);

    await expectStatus(200, asha.http.post(`/api/notifications/${String(question['notificationId'])}/actions/accept`));
    await phone.event('card-updated', (data) => data['programId'] === programId);
    const ofScan = await phone.event('points-updated', (data) => (data['points'] as PointsEntry).scanId === first.scanId);
    expect(ofScan).toMatchObject({ delta: 10, balance: 10, status: 'posted' });
    const earned = `You earned 10 points from ${stall.merchant.name}!`;
    expect(await told(phone, 'Points earned')).toMatchObject({ message: earned });
    const visits = (count: number) =>
      desk.event('loyalty-customer-updated', ({ customer }) => (customer as { visits: number }).visits === count);
    await visits(1);
    expect(customersOn(desk)).toMatchObject([{ userId: asha.id, name: 'Asha', balance: 10, visits: 1 }]);
    expect(cardsOn(phone)).toMatchObject([{ programId, balance: 10, visits: 1 }]);
    await bothEqualFresh(phone, asha, desk);

    await pass(asha);
    const { body: second } = await expectStatus(200, scan(await codeOf(asha), { programId }));
    expect(second).toMatchObject({ card: { balance: 20, visits: 2 }, points: { delta: 10, status: 'posted', scanId: second.scanId } });
    await phone.event('points-updated', (data) => data['pointsId'] === second.points!.id);
    await visits(2);
    expect(customersOn(desk)).toMatchObject([{ userId: asha.id, balance: 20, visits: 2 }]);
    expect(cardsOn(phone)).toMatchObject([{ programId, balance: 20, visits: 2 }]);
    await bothEqualFresh(phone, asha, desk);
    expect(scansOn(desk).map(({ outcome, points, isFirst }) => ({ outcome, points, isFirst }))).toEqual([
      { outcome: 'visit', points: 10, isFirst: false },
      { outcome: 'enrollment-requested', points: 0, isFirst: true },
    ]);
  });

  test('an enrolled customer is scanned on paper, told, and has the points on the dashboard', async () => {
    const asha = await world.signUp('Asha');
    const [phone, tablet] = [await world.connect(asha), await world.connect(asha, { gateway: 1 })];
    const desk = await world.connect(stall.owner);
    const { id: programId } = await newProgram({ enrollment: 'automatic' });
    await expectStatus(201, asha.http.post('/api/enrollments', { programId }));
    const paper = await codeOf(asha, '/api/me/card');
    const { body } = await expectStatus(200, scan(paper, { programId, amount: 4_200 }));
    expect(body).toMatchObject({ card: { balance: 10, visits: 1 } });
    expect((await expectStatus(200, scan(paper, { programId }))).body).toEqual({ ...body, repeated: true });
    for (const device of [phone, tablet]) {
      await device.event('points-updated', (data) => data['pointsId'] === body.points!.id);
      await told(device, 'Points earned');
      await dashboardEqualsFresh(device, asha);
      expect(device.of('qr-scanned')).toHaveLength(1);
      expect(cardsOn(device)).toMatchObject([{ programId, balance: 10, visits: 1 }]);
    }
    await deskEqualsFresh(desk);
    expect(customersOn(desk)).toMatchObject([{ userId: asha.id, balance: 10, visits: 1 }]);
    expect(scansOn(desk)).toMatchObject([{ id: body.scanId, kind: 'card', outcome: 'visit', amount: 4_200, points: 10 }]);
    await expectStatus(204, asha.http.post('/api/me/card/renew'));
    expect((await scan(paper)).body.code).toBe('code-expired');
  });

  test('a customer who was enrolled by hand accepts, and approves and denies what the business deducts', async () => {
    const asha = await world.signUp('Asha');
    const [phone, desk] = [await world.connect(asha), await world.connect(stall.owner)];
    const { id: programId } = await newProgram({ approval: { mode: 'deductions' } });
    await expectStatus(201, stall.owner.http.post('/api/enrollments', { programId, userId: asha.id }));
    const { notificationId } = await told(phone, 'Enrollment to decide');
    await expectStatus(200, asha.http.post(`/api/notifications/${String(notificationId)}/actions/accept`));
    const { cardId } = await phone.event('card-updated', (data) => data['programId'] === programId);
    const change = async (delta: number) =>
      (await expectStatus(201, stall.owner.http.post<{ id: string }>(`/api/cards/${String(cardId)}/points`, { delta, reason: 'Cake' })))
        .body.id;
    await change(100);
    for (const [delta, decision, status] of [
      [-30, 'accept', 'posted'],
      [-50, 'decline', 'denied'],
    ] as const) {
      const id = await change(delta);
      await phone.event('points-updated', (data) => data['pointsId'] === id && data['status'] === 'pending');
      await expectStatus(200, asha.http.post(`/api/points/${id}/decision`, { decision }));
      for (const screen of [phone, desk])
        await screen.event('points-updated', (data) => data['pointsId'] === id && data['status'] === status);
    }
    await bothEqualFresh(phone, asha, desk);
    expect(customersOn(desk)).toMatchObject([{ userId: asha.id, balance: 70, visits: 0 }]);
    for (const screen of [phone, desk]) {
      expect(cardsOn(screen)).toMatchObject([{ id: cardId, balance: 70 }]);
      expect(pointsOn(screen, cardId).map(({ delta, status }) => `${delta} ${status}`)).toEqual(['-50 denied', '-30 posted', '100 posted']);
    }
  });
});

test('a paid order earns without a scan, and gives back what was rejected', async () => {
  const asha = await world.signUp('Asha');
  const phone = await world.connect(asha);
  await topUp(world, asha, 10_000);
  const { id: programId } = await newProgram({ enrollment: 'automatic', rules: [{ kind: 'amount', points: 1, per: 100 }] });
  await expectStatus(201, asha.http.post('/api/enrollments', { programId }));
  const vendorId = stall.merchant.id;
  const items = [{ itemId: stall.item.id, quantity: 1 }];
  const { body: order } = await expectStatus(201, asha.http.post<{ id: string; price: number }>('/api/orders', { vendorId, items }));
  const points = Math.floor(order.price / 100);
  const mine = (delta: number) =>
    phone.event('points-updated', (data) => (data['points'] as PointsEntry).orderId === order.id && data['delta'] === delta);
  expect(await mine(points)).toMatchObject({ balance: points });
  await expectStatus(200, stall.owner.http.patch(`/api/orders/${order.id}/status`, { status: 'rejected' }));
  expect(await mine(-points)).toMatchObject({ balance: 0 });
  await dashboardEqualsFresh(phone, asha);
});

test('a scan that may be tried again later is not kept under its key, and says when', async () => {
  const tight = await createWorld({ env: { SCANS_PER_BUSINESS_PER_MINUTE: '1' } });
  try {
    const shop = await createStall(tight);
    const admin = await tight.connect(await tight.admin());
    await expectStatus(
      201,
      shop.owner.http.post(`/api/merchants/${shop.merchant.id}/programs`, { name: 'Friends', enrollment: 'automatic' }),
    );
    const send = async (name: string) =>
      shop.owner.http.post('/api/qr/scan', { code: await codeOf(await tight.signUp(name)) }, { 'idempotency-key': `scan-of-${name}` });
    await expectStatus(200, send('asha'));
    const code = await codeOf(await tight.signUp('Ravi'));
    const again = () => shop.owner.http.post('/api/qr/scan', { code }, { 'idempotency-key': 'scan-of-ravi' });
    const refused = await expectStatus(429, again());
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await admin.event('fraud-alert')).toMatchObject({ kind: 'scans-of-business', businessId: shop.merchant.id });
    const { http } = await tight.admin();
    for (const kind of ['scans-of-business', 'scans-of-customer'] as const)
      await expectLiveEqualsFresh<readonly FraudAlert[]>({
        client: admin,
        initial: [],
        reduce: (state, event) => reduceFraudAlerts(state, event, { kind }),
        fetch: () => itemsOf(http, `/api/admin/fraud-alerts?businessId=${shop.merchant.id}&kind=${kind}`),
      });
    expect((await shop.owner.http.get('/api/admin/fraud-alerts')).status).toBe(403);
    await tight.mongo.db.collection('scans').updateMany({}, { $set: { at: new Date(Date.now() - 61_000) } });
    await expectStatus(200, again());
  } finally {
    await tight.stop();
  }
});
