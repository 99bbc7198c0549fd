import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Analytics, Card, Enrollment, LoyaltyCustomer, PointsEntry } from '@tidings/contracts';
import {
  caughtUp,
  createCustomer,
  createStall,
  createWorld,
  expectStatus,
  itemsOf,
  waitFor,
  type Account,
  type Stall,
  type TestClient,
  type World,
} from '@tidings/testing';
import { programAt, rewardOf } from './support/loyalty.js';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.stop());

const dayMs = 86_400_000;
const past = () => new Date(Date.now() - 60_000);
const post = async <T = { id: string }>({ http }: Account, path: string, body: object = {}, status = 201): Promise<T> =>
  (await expectStatus(status, http.post<T>(path, body))).body;
const refusal = async (pending: Promise<{ body: unknown }>): Promise<unknown> => ((await pending).body as { code?: string }).code;
const decide = (by: Account, id: string, decision: string) => post<Enrollment>(by, `/api/enrollments/${id}/decision`, { decision }, 200);
const codeOf = async ({ http }: Account, path: string): Promise<string> =>
  (await expectStatus(200, http.get<{ code: string }>(`${path}?format=json`))).body.code;
const documents = (name: string) => world.mongo.db.collection<{ _id: string }>(name);

/** Seven days pass for a request, as far as the clock knows. */
async function lapse(id: string): Promise<void> {
  await documents('enrollments').updateOne({ _id: id }, { $set: { expiresAt: past() } });
  await documents('jobs').updateOne({ _id: `enrollment-expiry:${id}` }, { $set: { dueAt: past() } });
}

/** What is to be void some day is so now, or is to be warned of. */
async function endPoints(cardId: string, kind: 'points-expiry' | 'points-warning'): Promise<void> {
  const end = kind === 'points-expiry' ? past() : new Date(Date.now() + dayMs);
  await documents('cards').updateOne({ _id: cardId }, { $set: { 'lots.$[].expiresAt': end } });
  const jobs = { _id: { $regex: `^${kind}:${cardId}:` } };
  await documents('jobs').updateMany(jobs, { $set: { dueAt: past(), 'data.endsAt': end.getTime() } });
}

/** A customer with everything that could make news later: points with an end, an order that earned, what waits, a reward that is on its way. */
async function enrolled(stall: Stall) {
  const [asha, { owner, merchant, item }] = [await createCustomer(world, 100_000), stall];
  const rules = [
    { kind: 'visit', points: 10 },
    { kind: 'amount', points: 1, per: 100 },
  ];
  const fields = { rules, bonus: [], capPerDay: null, expiry: { days: 30, warnDays: 5 }, approval: { mode: 'deductions', above: 20 } };
  const programId = (await programAt(stall, fields)).id;
  const other = (await programAt(stall, { ...fields, enrollment: 'automatic' })).id;
  const ask = () => post<Enrollment>(owner, '/api/enrollments', { programId, userId: asha.id });
  const enrollment = await decide(asha, (await ask()).id, 'accept');
  const cardId = enrollment.cardId!;
  const change = (delta: number) => post(owner, `/api/cards/${cardId}/points`, { delta, reason: 'Cake' });
  const order = () => post(asha, '/api/orders', { vendorId: merchant.id, items: [{ itemId: item.id, quantity: 1 }] });
  const [award, waiting, paid] = [await change(300), await change(-50), await order()];
  const rewardId = await rewardOf({ stall } as Parameters<typeof rewardOf>[0], programId);
  const redemption = await post(asha, `/api/cards/${cardId}/redemptions`, { rewardId });
  const customerPath = `/api/merchants/${merchant.id}/customers/${asha.id}`;
  await expectStatus(200, owner.http.patch(customerPath, { tags: ['regular'] }));
  await world.settled();
  const sources = (await itemsOf<PointsEntry>(asha.http, `/api/points?cardId=${cardId}`)).map(
    ({ source, status }) => `${source} ${status}`,
  );
  expect(sources.toSorted()).toEqual(['manual pending', 'manual posted', 'order posted']);
  const reward = await codeOf(asha, `/api/redemptions/${redemption.id}/qr`);
  return { asha, stall, programId, other, enrollment, cardId, award, waiting, paid, order, change, ask, reward, rewardId, customerPath };
}
type Enrolled = Awaited<ReturnType<typeof enrolled>>;

/** The three ways of saying no; who is with the business leaves first, and is asked again. */
const noes = {
  decline: async ({ asha, enrollment, ask }: Enrolled) => {
    await decide(asha, enrollment.id, 'withdraw');
    return decide(asha, (await ask()).id, 'decline');
  },
  block: ({ asha, enrollment }: Enrolled) => decide(asha, enrollment.id, 'block'),
  expiry: async ({ asha, enrollment, ask }: Enrolled) => {
    await decide(asha, enrollment.id, 'withdraw');
    const asked = await ask();
    await lapse(asked.id);
    return waitFor('the end of the request', async () => {
      const { body } = await asha.http.get<Enrollment>(`/api/enrollments/${asked.id}`);
      return body.status === 'expired' ? body : undefined;
    });
  },
};

/** What the business's screen got about the customer: orders are business of another kind. */
const heard = (desk: TestClient, { id }: Account): string[] =>
  desk.received
    .filter(({ type, payload }) => !/^(order|new-order)/.test(type) && JSON.stringify(payload).includes(id))
    .map(({ type }) => type);

/** Everything that either side, the clock or an order can still do; what comes of it. */
async function tryEverything({ asha, stall, ...about }: Enrolled, ended: Enrollment): Promise<void> {
  const { owner, merchant } = stall;
  const { programId, other, cardId } = about;
  const scan = (code: string, program: string) => owner.http.post('/api/qr/scan', { code, programId: program });
  for (const program of [programId, other]) {
    expect(await refusal(scan(await codeOf(asha, '/api/me/qr'), program))).toBe('enrollment-refused');
    expect(await refusal(scan(await codeOf(asha, '/api/me/card'), program))).toBe('enrollment-refused');
    expect(await refusal(owner.http.post('/api/enrollments', { programId: program, userId: asha.id }))).toBe('enrollment-refused');
  }
  const path = `/api/cards/${cardId}/points`;
  for (const delta of [10, -10]) expect(await refusal(owner.http.post(path, { delta, reason: 'Cake' }))).toBe('not-found');
  expect(await refusal(owner.http.post(`/api/points/${about.award.id}/reversal`, { reason: 'A mistake' }))).toBe('not-found');
  expect(await refusal(asha.http.post(`/api/points/${about.waiting.id}/decision`, { decision: 'accept' }))).toBe('invalid-transition');
  const confirm = owner.http.post(`/api/merchants/${merchant.id}/redemptions/confirm`, { code: about.reward });
  expect(await refusal(confirm)).toBe('invalid-transition');
  expect(await refusal(asha.http.post(`/api/cards/${cardId}/redemptions`, { rewardId: about.rewardId }))).toBe('program-closed');
  expect(await refusal(owner.http.patch(about.customerPath, { tags: ['gone'] }))).toBe('not-found');
  for (const what of [`${about.customerPath}/interactions`, `/api/cards/${cardId}`, `/api/points?cardId=${cardId}`])
    expect([what, await refusal(owner.http.get(what))]).toEqual([what, 'not-found']);

  // An order earns nothing, one that earned before takes its points back, and points are warned of and end.
  await about.order();
  await expectStatus(200, owner.http.patch(`/api/orders/${about.paid.id}/status`, { status: 'rejected' }));
  await world.settled();
  await endPoints(cardId, 'points-warning');
  await world.settled();
  await endPoints(cardId, 'points-expiry');
  await world.settled();
  if (ended.status !== 'blocked') await decide(asha, ended.id, 'block');
  await decide(asha, ended.id, 'unblock');
  await world.settled();
}

describe.each(Object.keys(noes) as (keyof typeof noes)[])('after a no by %s', (how) => {
  test('the business hears of the customer no more: not by scans, orders, points, rewards, tags, the clock, or a block', async () => {
    const stall = await createStall(world);
    const { owner, merchant } = stall;
    const customer = await enrolled(stall);
    const { asha, cardId } = customer;
    const [phone, desk] = [await world.connect(asha), await world.connect(owner)];
    const ended = await noes[how](customer);
    await world.settled();
    await caughtUp(desk);
    const figures = async () => {
      await waitFor('the figures', async () => {
        const open = await Promise.all([
          documents('interactions').countDocuments({ pending: true }),
          documents('loyalty_headcounts').countDocuments(),
        ]);
        return open.every((count) => count === 0);
      });
      const { total, customers, conversion } = (
        await expectStatus(200, owner.http.get<Analytics>(`/api/merchants/${merchant.id}/analytics`))
      ).body;
      // What a program owes ends with the points: of whom they were is not said.
      return { ...total, expired: 0, reversed: 0, customers, conversion };
    };
    const lists = async () => ({
      notifications: await itemsOf(owner.http, '/api/notifications?limit=100'),
      enrollments: await itemsOf(owner.http, `/api/enrollments?businessId=${merchant.id}`),
      customers: await itemsOf<LoyaltyCustomer>(owner.http, `/api/merchants/${merchant.id}/customers`),
      search: await itemsOf<LoyaltyCustomer>(owner.http, `/api/merchants/${merchant.id}/customers?search=asha`),
      scans: await itemsOf(owner.http, `/api/merchants/${merchant.id}/scans`),
      customer: (await expectStatus(200, owner.http.get(customer.customerPath))).body,
      redemptions: await itemsOf(owner.http, `/api/redemptions?businessId=${merchant.id}`),
      figures: await figures(),
    });
    const about = (all: Awaited<ReturnType<typeof lists>>) => ({
      ...all,
      notifications: all.notifications.filter((one) => !JSON.stringify(one).includes('"order')),
    });
    const [before, known] = [heard(desk, asha), about(await lists())];
    expect(before.length).toBeGreaterThan(0);
    expect(known).toMatchObject({
      customers: [],
      search: [],
      customer: { customer: null, cards: [], interactions: [] },
      figures: { customers: 0 },
    });

    await tryEverything(customer, ended);
    await caughtUp(desk);
    expect(heard(desk, asha)).toEqual(before);
    expect(about(await lists())).toEqual(known);

    // The customer has seen it: the points have ended, by the clock alone.
    await phone.event('card-updated', (data) => data['cardId'] === cardId && data['balance'] === 0);
    const entries = await itemsOf<PointsEntry>(asha.http, `/api/points?cardId=${cardId}&limit=100`);
    expect(entries[0]).toMatchObject({ source: 'expiry', status: 'posted', balance: 0 });
    expect((await expectStatus(200, asha.http.get<Card>(`/api/cards/${cardId}`))).body).toMatchObject({
      status: 'closed',
      balance: 0,
      held: 0,
    });
  });
});
