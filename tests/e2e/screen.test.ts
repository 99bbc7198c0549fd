import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { emptyScreen, reduceScreen, screenSchema, type AnyEvent, type PastScreen, type Screen } from '@tidings/contracts';
import { collections, verifyScreenExport, type FeedEntry } from '@tidings/feed';
import {
  createStall,
  createWorld,
  expectStatus,
  topUp,
  waitFor,
  type Account,
  type Stall,
  type TestClient,
  type World,
} from '@tidings/testing';

let world: World;
let admin: Account;
let customer: Account;
let client: TestClient;
/** What the client's screen showed after each entry of its own feed; the place is the `seq`. */
let shown: Screen[];

const screenOf = (account: Account, query = '') => admin.http.get<PastScreen>(`/api/admin/users/${account.id}/screen${query}`);
const exported = async (query = ''): Promise<string> => {
  const { body } = await expectStatus(200, admin.http.get<{ text: string }>(`/api/admin/users/${customer.id}/screen/export${query}`));
  return body.text;
};
const linesOf = async function* (text: string): AsyncGenerator<string> {
  yield* text.split('\n');
};
const entries = () => world.mongo.db.collection<FeedEntry>(collections.entries);
const entry = (seq: number) => entries().findOne({ _id: { feed: `user:${customer.id}`, seq } });
const balanceIs = (balance: number) =>
  waitFor('the money', async () => (await customer.http.get<{ balance: number }>('/api/wallet')).body.balance === balance);

beforeAll(async () => {
  world = await createWorld();
  const stall = await createStall(world, { price: 4_000, stock: 10 });
  [admin, customer] = [await world.admin(), await world.signUp('Asha')];
  const feed = `user:${customer.id}`;
  client = await world.connect(customer, { cursors: { [feed]: 0 } });
  await topUp(world, customer, 20_000);
  await balanceIs(20_000);
  const order = { vendorId: stall.merchant.id, items: [{ itemId: stall.item.id, quantity: 1 }] };
  const { body: first } = await expectStatus(201, customer.http.post<{ id: string }>('/api/orders', order));
  const { body: second } = await expectStatus(201, customer.http.post<{ id: string }>('/api/orders', order));
  await expectStatus(200, stall.owner.http.patch(`/api/orders/${first.id}/status`, { status: 'preparing', estimatedTime: 5 }));
  await expectStatus(200, stall.owner.http.patch(`/api/orders/${first.id}/status`, { status: 'ready' }));
  await expectStatus(200, customer.http.post(`/api/orders/${second.id}/cancel`, { reason: 'Changed my mind' }));
  const { body: own } = await expectStatus(200, customer.http.get<{ code: string }>('/api/me/qr?format=json'));
  const ask = { code: own.code, amount: 500, capture: 'manual' };
  const { body: asked } = await expectStatus(
    201,
    stall.owner.http.post<{ id: string }>(`/api/merchants/${stall.merchant.id}/payment-requests`, ask),
  );
  await expectStatus(200, customer.http.post(`/api/payment-requests/${asked.id}/decision`, { decision: 'accept' }));
  await expectStatus(200, stall.owner.http.post(`/api/payment-requests/${asked.id}/capture`, { amount: 500 }));
  await joinAndRedeem(stall);
  await world.settled();
  await expectStatus(200, customer.http.post('/api/notifications/read-all'));
  await world.settled();
  await waitFor('the client to have all', async () => client.cursors[feed] === (await screenOf(customer)).body.seq);
  shown = [emptyScreen];
  for (const { type, payload } of client.received) {
    if (payload.meta?.feed !== feed) continue;
    const { meta, ...data } = payload;
    shown[meta.seq] = reduceScreen(shown[meta.seq - 1]!, { type, data } as unknown as AnyEvent);
  }
});
afterAll(() => world.stop());

/** Something of everything that a customer has of a loyalty program. */
async function joinAndRedeem({ merchant, owner }: Stall): Promise<void> {
  type Made = { id: string; cardId: string };
  const post = async (by: Account, path: string, body: object, status = 201): Promise<Made> =>
    (await expectStatus(status, by.http.post<Made>(path, body))).body;
  const approval = { mode: 'deductions', above: 0 };
  const { id: programId } = await post(owner, `/api/merchants/${merchant.id}/programs`, { name: 'Friends', approval });
  const { id: rewardId } = await post(owner, `/api/merchants/${merchant.id}/rewards`, { programId, name: 'A tea', cost: 40 });
  const { id } = await post(owner, '/api/enrollments', { programId, userId: customer.id });
  const { cardId } = await post(customer, `/api/enrollments/${id}/decision`, { decision: 'accept' }, 200);
  const points = `/api/cards/${cardId}/points`;
  await post(owner, points, { delta: 100, reason: 'Welcome' });
  const taken = await post(owner, points, { delta: -20, reason: 'Counted twice' });
  await post(customer, `/api/points/${taken.id}/decision`, { decision: 'decline' }, 200);
  await post(customer, `/api/cards/${cardId}/redemptions`, { rewardId });
}

/** As text, fields in the order of the schema. */
const text = (screen: unknown): string => JSON.stringify(screenSchema.parse(screen));

describe('the screen of the past', () => {
  test('is at each seq what the connected client showed, byte for byte', async () => {
    expect(shown.length).toBeGreaterThan(12);
    for (const [seq, screen] of shown.entries()) {
      const { body } = await expectStatus(200, screenOf(customer, `?seq=${seq}`));
      expect(body).toMatchObject({ userId: customer.id, feed: `user:${customer.id}`, seq, from: 1, complete: true });
      expect(JSON.stringify(body.screen)).toBe(text(screen));
    }
  });

  test('is in the end what a new client fetches', async () => {
    const { body } = await expectStatus(200, screenOf(customer));
    const list = async (path: string) => (await customer.http.get<{ items: unknown[] }>(`${path}?limit=100`)).body.items;
    expect(body.screen).toEqual({
      ...body.screen,
      wallet: (await customer.http.get('/api/wallet')).body,
      transactions: await list('/api/wallet/transactions'),
      orders: await list('/api/orders'),
      paymentRequests: await list('/api/payment-requests'),
      enrollments: await list('/api/enrollments'),
      cards: await list('/api/cards'),
      points: await list('/api/points'),
      redemptions: await list('/api/redemptions'),
      notifications: await list('/api/notifications'),
    });
    expect(body.screen.paymentRequests).toMatchObject([{ status: 'captured', captured: 500, version: 3 }]);
    expect(body.screen.cards).toMatchObject([{ balance: 60, held: 40, lifetime: 100 }]);
    expect(body.screen.redemptions).toMatchObject([{ status: 'requested', cost: 40 }]);
    expect(body.screen.points.map(({ status }) => status)).toEqual(expect.arrayContaining(['denied', 'posted']));
    expect(body.screen.notifications.every(({ readAt }) => readAt !== null)).toBe(true);
  });

  test('at a time is that of the last entry appended by then', async () => {
    const { at } = (await entry(5))!;
    const { body } = await expectStatus(200, screenOf(customer, `?at=${at.toISOString()}`));
    const { seq } = body;
    expect(seq).toBeGreaterThanOrEqual(5);
    expect((await entry(seq))!.at).toEqual(at);
    expect((await entry(seq + 1))!.at.getTime()).toBeGreaterThan(at.getTime());
    expect(body.at).toBe(at.toISOString());
    const before = await expectStatus(200, screenOf(customer, '?at=2020-01-01T00:00:00Z'));
    expect(before.body).toMatchObject({ seq: 0, at: null, complete: true, screen: { wallet: null, orders: [] } });
    expect((await screenOf(customer, `?seq=3&at=${at.toISOString()}`)).body.seq).toBe(3);
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString();
    expect((await screenOf(customer, `?at=${tomorrow}`)).body.seq).toBe(shown.length - 1);
  });

  test('says when entries that it would need have expired', async () => {
    const guest = await world.signUp('Forgotten');
    for (const amount of [1_000, 2_000]) await topUp(world, guest, amount);
    await waitFor('the money', async () => (await guest.http.get<{ balance: number }>('/api/wallet')).body.balance === 3_000);
    await world.settled();
    const feed = `user:${guest.id}`;
    const { body: whole } = await screenOf(guest);
    await entries().deleteMany({ _id: { $gte: { feed, seq: 1 }, $lte: { feed, seq: 2 } } });
    const { body } = await expectStatus(200, screenOf(guest));
    expect(body).toMatchObject({ seq: whole.seq, from: 3, complete: false, screen: { wallet: whole.screen.wallet } });
    expect((await expectStatus(200, screenOf(guest, '?seq=1'))).body).toMatchObject({ seq: 1, at: null, complete: false });
  });

  test('is for administrators, of users that exist and entries that were given, and each look is in the audit log', async () => {
    expect((await customer.http.get(`/api/admin/users/${customer.id}/screen`)).status).toBe(403);
    expect((await screenOf({ ...customer, id: 'nobody' })).status).toBe(404);
    for (const query of [`?seq=${shown.length}`, '?seq=-1', '?seq=', '?at=yesterday', '?other=1']) {
      expect((await screenOf(customer, query)).status).toBe(400);
    }
    await expectStatus(200, screenOf(customer, '?seq=3'));
    const { body } = await admin.http.get<{ items: object[] }>(`/api/admin/audit?target=user:${customer.id}&limit=1`);
    expect(body.items[0]).toMatchObject({ actor: admin.id, action: 'user.screen.look', details: { seq: 3 } });
  });
});

describe('its export', () => {
  test('proves itself, and its digest is in the audit log', async () => {
    const answer = await admin.http.get<{ text: string }>(`/api/admin/users/${customer.id}/screen/export`);
    expect(answer.headers.get('content-type')).toContain('application/x-ndjson');
    expect(answer.headers.get('content-disposition')).toBe(`attachment; filename="screen-${customer.id}-${shown.length - 1}.ndjson"`);
    const { problems, digest, entries: count, screen } = await verifyScreenExport(linesOf(answer.body.text));
    expect(problems).toEqual([]);
    expect(count).toBe(shown.length - 1);
    expect(text(screen)).toBe(text(shown.at(-1)));
    const packets = answer.body.text
      .split('\n')
      .flatMap((line) => (line.includes('"packet"') ? [JSON.parse(line) as { packet: string }] : []));
    for (const [index, { packet }] of packets.entries()) expect(packet).toBe((await entry(index + 1))!.packet);
    await waitFor('its end in the audit log', async () => {
      const { body } = await admin.http.get<{ items: { details?: { digest?: string } }[] }>('/api/admin/audit?action=user.screen.exported');
      return body.items.some(({ details }) => details?.digest === digest);
    });
  });

  test('of a moment without entries is consistent too', async () => {
    expect((await verifyScreenExport(linesOf(await exported('?seq=0')))).problems).toEqual([]);
  });

  test('is found out when an entry was changed, left out, moved or put in, or the screen was', async () => {
    const lines = (await exported()).trimEnd().split('\n');
    const change = (index: number, edit: (value: Record<string, unknown>) => object) =>
      lines.with(index, JSON.stringify(edit(JSON.parse(lines.at(index)!) as Record<string, unknown>)));
    const credit = lines.findIndex((line) => line.includes('20000'));
    const forged = [
      change(credit, (value) => ({ ...value, packet: String(value['packet']).replace('20000', '90000') })),
      change(3, (value) => ({ ...value, appendedAt: '2020-01-01T00:00:00.000Z' })),
      lines.toSpliced(4, 1),
      lines.toSpliced(4, 0, lines[4]!),
      lines.toSpliced(4, 2, lines[5]!, lines[4]!),
      lines.toSpliced(-2, 1),
      change(0, (value) => ({ ...value, userId: 'another' })),
      lines.with(-1, lines.at(-1)!.replace('"balance":15500', '"balance":99000')),
    ];
    const found = [];
    for (const file of forged) found.push((await verifyScreenExport(linesOf(file.join('\n')))).problems.length > 0);
    expect(found).toEqual(forged.map(() => true));
    await expect(verifyScreenExport(linesOf(lines.slice(0, -1).join('\n')))).rejects.toThrow('no end');
    const brokenOff = [...lines.slice(0, 3), lines[3]!.slice(0, 40)].join('\n');
    await expect(verifyScreenExport(linesOf(brokenOff))).rejects.toThrow('Line 4 is neither');
    await expect(verifyScreenExport(linesOf('# Tidings'))).rejects.toThrow('no exported screen');
  });
});
