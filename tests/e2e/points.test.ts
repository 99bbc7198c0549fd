import { afterAll, beforeAll, expect, test } from '@jest/globals';
import {
  reduceCards,
  reducePoints,
  reduceRedemptions,
  reduceRewards,
  type AnyEvent,
  type Card,
  type PointsEntry,
  type Redemption,
  type Reward,
} from '@tidings/contracts';
import {
  caughtUp,
  createStall,
  createWorld,
  expectLiveEqualsFresh,
  expectStatus,
  itemsOf,
  type Account,
  type Stall,
  type TestClient,
  type World,
} from '@tidings/testing';

let world: World;
let stall: Stall;
let asha: Account;
beforeAll(async () => {
  world = await createWorld({ gateways: 2 });
  [stall, asha] = [await createStall(world), await world.signUp('Asha')];
});
afterAll(() => world.stop());

interface Answer {
  id: string;
  status: string;
  card: Card;
}
const post = async <T>({ http }: Account, path: string, body: object, status = 201): Promise<T> =>
  (await expectStatus(status, http.post<T>(path, body))).body;
const codeOf = async (pending: Promise<{ body: Record<string, unknown> }>): Promise<unknown> => (await pending).body['code'];

/** A card of Asha's in a program of its own. */
async function join(fields: object): Promise<{ cardId: string; programId: string }> {
  const { id: programId } = await post<{ id: string }>(stall.owner, `/api/merchants/${stall.merchant.id}/programs`, {
    name: `Friends ${Math.random()}`,
    ...fields,
  });
  const { id } = await post<{ id: string }>(stall.owner, '/api/enrollments', { programId, userId: asha.id });
  const { cardId } = await post<{ cardId: string }>(asha, `/api/enrollments/${id}/decision`, { decision: 'accept' }, 200);
  return { cardId, programId };
}
const change = (cardId: string, delta: number, reason = 'Cake') =>
  post<Answer>(stall.owner, `/api/cards/${cardId}/points`, { delta, reason });

interface Shown<T> {
  path: string;
  reduce: (state: readonly T[], event: AnyEvent) => readonly T[];
}
async function equalsFresh<T>(
  client: TestClient,
  { http }: Account,
  { path, reduce }: Shown<T>,
  initial: readonly T[] = [],
): Promise<void> {
  await expectLiveEqualsFresh<readonly T[]>({ client, initial, reduce, fetch: () => itemsOf<T>(http, path) });
}
const points: Shown<PointsEntry> = { path: '/api/points?limit=100', reduce: reducePoints };
const cards: Shown<Card> = { path: '/api/cards?limit=100', reduce: reduceCards };
const redemptions: Shown<Redemption> = { path: '/api/redemptions?limit=100', reduce: reduceRedemptions };

/** What the business shows of one card. */
const onCard = (cardId: string): Shown<PointsEntry> => ({
  path: `/api/points?limit=100&cardId=${cardId}`,
  reduce: (state, event) => (event.type === 'points-updated' && event.data.cardId === cardId ? reducePoints(state, event) : state),
});

test('points by hand: the customer approves one change by its button and denies another, and both screens are what a new one fetches', async () => {
  const [phone, desk] = [await world.connect(asha), await world.connect(stall.owner, { gateway: 1 })];
  const { cardId } = await join({ approval: { mode: 'deductions', above: 0 }, tiers: [{ name: 'Gold', threshold: 100 }] });

  const award = await change(cardId, 120);
  expect(award).toMatchObject({ status: 'posted', card: { balance: 120, tier: 'Gold' } });
  expect(await phone.event('new-notification', ({ title }) => title === 'Points earned')).toMatchObject({
    message: `You earned 120 points from ${stall.merchant.name}!`,
  });

  const [first, second] = [await change(cardId, -50), await change(cardId, -30)];
  expect([first, second]).toMatchObject([
    { status: 'pending', card: { balance: 120 } },
    { status: 'pending', card: { balance: 120 } },
  ]);
  const buttonOf = async ({ id }: Answer) =>
    phone.event('new-notification', ({ data, actions }) => actions !== undefined && (data as { pointsId?: string }).pointsId === id);
  const press = async (asked: Answer, action: string, status = 200) =>
    post(asha, `/api/notifications/${String((await buttonOf(asked))['notificationId'])}/actions/${action}`, {}, status);
  await press(first, 'accept');
  await post(asha, `/api/points/${second.id}/decision`, { decision: 'decline' }, 200);
  await phone.event('notification-updated', ({ decision }) => decision === 'decline');
  await press(second, 'accept', 409);
  expect(await codeOf(asha.http.post(`/api/points/${first.id}/decision`, { decision: 'decline' }))).toBe('invalid-transition');
  for (const screen of [phone, desk])
    await screen.event('points-updated', ({ pointsId, status }) => pointsId === second.id && status === 'denied');

  const mistake = await change(cardId, 40);
  await post(stall.owner, `/api/points/${mistake.id}/reversal`, { reason: 'It was the wrong card' });
  expect(await codeOf(stall.owner.http.post(`/api/points/${mistake.id}/reversal`, { reason: 'Again' }))).toBe('invalid-transition');
  expect(await phone.event('new-notification', ({ title }) => title === 'Points reversed')).toMatchObject({
    message: `The award of 40 points at ${stall.merchant.name} was taken back: It was the wrong card.`,
  });

  await world.settled();
  for (const screen of [phone, desk]) await caughtUp(screen);
  await equalsFresh(phone, asha, points);
  await equalsFresh(phone, asha, cards);
  await equalsFresh(desk, stall.owner, onCard(cardId));
  expect(await itemsOf(asha.http, '/api/cards')).toMatchObject([{ balance: 70, lifetime: 120 }]);
  const stranger = await world.signUp('Stranger');
  expect((await stranger.http.get(`/api/points?cardId=${cardId}`)).status).toBe(404);
});

test('a reward: asked for, shown as a code, handed out once, and the shelf, the card and both screens agree', async () => {
  const [phone, desk] = [await world.connect(asha), await world.connect(stall.owner, { gateway: 1 })];
  const merchant = `/api/merchants/${stall.merchant.id}`;
  const begun = { points: await itemsOf<PointsEntry>(asha.http, points.path), cards: await itemsOf<Card>(asha.http, cards.path) };
  expect(await phone.call('subscribe', { feed: `merchant:${stall.merchant.id}:menu` })).toMatchObject({ ok: true });
  const { cardId, programId } = await join({});
  await change(cardId, 100);
  const reward = await post<Reward>(stall.owner, `${merchant}/rewards`, { programId, name: 'Cake', cost: 40, stock: 2 });
  const ask = () => post<Redemption & { card: Card }>(asha, `/api/cards/${cardId}/redemptions`, { rewardId: reward.id });
  const [first, second] = [await ask(), await ask()];
  expect(second.card).toMatchObject({ balance: 20, held: 80 });
  expect(await codeOf(asha.http.post(`/api/cards/${cardId}/redemptions`, { rewardId: reward.id }))).toBe('insufficient-points');

  const image = await asha.http.get(`/api/redemptions/${first.id}/qr?format=png`);
  expect([image.headers.get('content-type'), image.headers.get('cache-control')]).toEqual(['image/png', 'no-store']);
  const { body } = await expectStatus(200, asha.http.get<{ code: string }>(`/api/redemptions/${first.id}/qr?format=json`));
  const confirm = { code: body.code };
  expect(await post(stall.owner, `${merchant}/redemptions/confirm`, confirm, 200)).toMatchObject({ id: first.id, status: 'confirmed' });
  expect(await codeOf(stall.owner.http.post(`${merchant}/redemptions/confirm`, confirm))).toBe('code-used');
  expect(await phone.event('new-notification', ({ title }) => title === 'Reward received')).toMatchObject({ category: 'loyalty' });
  expect(await post(stall.owner, `/api/redemptions/${second.id}/cancel`, {}, 200)).toMatchObject({ status: 'cancelled' });
  await phone.event('new-notification', ({ title }) => title === 'Reward not handed out');

  await world.settled();
  for (const screen of [phone, desk]) await caughtUp(screen);
  await equalsFresh(phone, asha, redemptions);
  await equalsFresh(desk, stall.owner, { ...redemptions, path: `${redemptions.path}&businessId=${stall.merchant.id}` });
  await equalsFresh(phone, asha, { path: `${merchant}/rewards`, reduce: reduceRewards });
  await equalsFresh(desk, stall.owner, onCard(cardId));
  await equalsFresh(phone, asha, points, begun.points);
  await equalsFresh(phone, asha, cards, begun.cards);
  expect(await itemsOf(asha.http, `${merchant}/rewards`)).toMatchObject([{ id: reward.id, stock: 1 }]);
  expect(await itemsOf(asha.http, cards.path)).toMatchObject([{ balance: 60, held: 0, lifetime: 100 }, {}]);
  // The points of a reward are told of with it: one notification for one thing.
  expect(phone.of('new-notification').filter(({ title }) => title === 'Points used')).toEqual([]);
});
