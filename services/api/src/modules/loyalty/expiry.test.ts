import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { OutboxEvent } from '@tidings/feed';
import type { JobDocument } from '@tidings/platform';
import { createClock, dayMs, openCard, pointsProblems, runDue, runJob } from '../../../tests/support/cards.js';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { codesOf } from '../../../tests/support/stalls.js';
import { endOfPoints, warningOfEnd } from './lots.js';

const clock = createClock();
let domain: Domain;
beforeAll(async () => {
  domain = await createDomain({ now: clock.now });
});
afterAll(() => domain.stop());

const month = { expiry: { days: 30, warnDays: 5 } };
const outbox = (cardId: string, type: string): Promise<OutboxEvent[]> =>
  domain.mongo.db.collection<OutboxEvent>('outbox').find({ type, 'data.cardId': cardId }).sort({ at: 1, _id: 1 }).toArray();
const forward = async (days: number): Promise<void> => {
  clock.forward(days * dayMs);
  await runDue(domain, clock.now());
};

describe('the end of points', () => {
  test('is the end of a day of the merchant’s calendar, whatever the clocks there did meanwhile', () => {
    const now = new Date('2026-03-20T22:30:00.000Z');
    expect(endOfPoints(now, 30, 'UTC')).toEqual(new Date('2026-04-20T00:00:00.000Z'));
    // It is the 21st there, and summer time begins on the 29th.
    expect(endOfPoints(new Date('2026-03-20T23:30:00.000Z'), 30, 'Europe/Berlin')).toEqual(new Date('2026-04-20T22:00:00.000Z'));
    expect(warningOfEnd(new Date('2026-04-02T22:00:00.000Z'), 5, 'Europe/Berlin')).toEqual(new Date('2026-03-28T23:00:00.000Z'));
  });
});

describe('expiry', () => {
  test('takes the oldest points first, and what was spent meanwhile expires no more', async () => {
    const { give, card, entries } = await openCard(domain, month);
    await give(100);
    clock.forward(10 * dayMs);
    await give(50);
    await give(-70);
    expect((await card()).lots.map(({ points }) => points)).toEqual([30, 50]);
    await forward(22);
    expect(await card()).toMatchObject({ balance: 50, lifetime: 150, lots: [{ points: 50 }] });
    await forward(10);
    expect(await card()).toMatchObject({ balance: 0, lifetime: 150, lots: [] });
    expect((await entries()).map(({ delta, source }) => [delta, source])).toEqual([
      [100, 'manual'],
      [50, 'manual'],
      [-70, 'manual'],
      [-30, 'expiry'],
      [-50, 'expiry'],
    ]);
  });

  test('happens once, however often the clock looks', async () => {
    const { give, card } = await openCard(domain, month);
    await give(100);
    clock.forward(31 * dayMs);
    const { _id } = await card();
    const jobs = await domain.mongo.db.collection<JobDocument>('jobs').find({ 'data.cardId': _id, kind: 'points-expiry' }).toArray();
    expect(jobs).toHaveLength(1);
    await Promise.all([1, 2, 3].map(() => runJob(domain, jobs[0]!)));
    await give(10);
    await runJob(domain, jobs[0]!);
    expect(await card()).toMatchObject({ balance: 10 });
    expect(await outbox(_id, 'points-updated')).toHaveLength(3);
  });

  test('does not come early by a clock that is behind', async () => {
    const { give, card } = await openCard(domain, month);
    await give(100);
    const job = await domain.mongo.db.collection<JobDocument>('jobs').findOne({ 'data.cardId': (await card())._id, kind: 'points-expiry' });
    await expect(runJob(domain, job!)).rejects.toThrow('ahead of this one');
    expect(await card()).toMatchObject({ balance: 100 });
  });

  test('what has reached its end cannot be spent, though nobody has looked yet', async () => {
    const { give, card, offer, redeem } = await openCard(domain, month);
    await give(100);
    clock.forward(20 * dayMs);
    await give(60);
    clock.forward(12 * dayMs);
    const { _id } = await offer({ cost: 70 });
    expect(await codesOf([give(-61)])).toEqual(['insufficient-points']);
    expect(await codesOf([redeem(_id)])).toEqual(['insufficient-points']);
    await give(-60);
    expect(await card()).toMatchObject({ balance: 0, lots: [] });
    await runDue(domain, clock.now());
    expect(await card()).toMatchObject({ balance: 0 });
  });

  test('against spending at the same instant: one of them takes the points, never both', async () => {
    for (let round = 0; round < 8; round++) {
      const { give, card, entries } = await openCard(domain, month);
      await give(100);
      await give(-40);
      clock.forward(31 * dayMs);
      const [spent] = await Promise.all([codesOf([give(-50), give(-50)]), runDue(domain, clock.now())]);
      expect(spent).toEqual(['insufficient-points', 'insufficient-points']);
      expect(await card()).toMatchObject({ balance: 0, lots: [] });
      expect((await entries()).filter(({ source }) => source === 'expiry').map(({ delta }) => delta)).toEqual([-60]);
    }
  });

  test('is warned of once, so many days before, of what is left by then', async () => {
    const { give, card } = await openCard(domain, month);
    await give(100);
    await give(20);
    await give(-50);
    const { _id, lots } = await card();
    await forward(25);
    expect(await outbox(_id, 'points-expiring')).toEqual([]);
    await forward(2);
    await runDue(domain, clock.now());
    const warnings = await outbox(_id, 'points-expiring');
    expect(warnings.map(({ data, feeds }) => [data, feeds])).toEqual([
      [expect.objectContaining({ points: 70, expiresAt: lots[0]!.expiresAt.toISOString() }), [`user:${(await card()).userId}`]],
    ]);
  });

  test('warns of nothing that is spent, and not after the end', async () => {
    const [spent, late] = [await openCard(domain, month), await openCard(domain, month)];
    await spent.give(100);
    await late.give(100);
    await spent.give(-100);
    await forward(40);
    for (const { card } of [spent, late]) expect(await outbox((await card())._id, 'points-expiring')).toEqual([]);
    expect(await late.card()).toMatchObject({ balance: 0 });
  });

  test('goes on when the customer has left, and the business hears nothing of it', async () => {
    const { give, card, close, merchantId } = await openCard(domain, month);
    await give(100);
    await close();
    await forward(31);
    const { _id, userId, balance } = await card();
    expect(balance).toBe(0);
    const expired = (await outbox(_id, 'card-updated')).at(-1);
    expect(expired!.feeds).toEqual([`user:${userId}`]);
    const last = (await outbox(_id, 'points-updated')).at(-1)!;
    expect([last.data['points'], last.feeds]).toEqual([expect.objectContaining({ source: 'expiry', delta: -100 }), [`user:${userId}`]]);
    const lines = domain.mongo.db.collection<OutboxEvent>('outbox').find({ type: 'loyalty-customer-updated', 'data.userId': userId });
    // Opened, given, closed.
    expect((await lines.toArray()).map(({ feeds }) => feeds)).toEqual([1, 2, 3].map(() => [`merchant:${merchantId}`]));
  });

  test('what comes back has the end that it had, also when that is past', async () => {
    const { give, reverse, card } = await openCard(domain, month);
    await give(100);
    const deduction = await give(-40);
    const { lots } = await card();
    await reverse(deduction._id);
    expect((await card()).lots).toEqual([{ ...lots[0], points: 100 }]);
    const second = await give(-40);
    await forward(31);
    expect(await card()).toMatchObject({ balance: 0 });
    await reverse(second._id);
    expect(await card()).toMatchObject({ balance: 40 });
    await runDue(domain, clock.now());
    expect(await card()).toMatchObject({ balance: 0, lots: [] });
  });

  test('an award that is taken back takes its own points, not older ones', async () => {
    const { give, reverse, card } = await openCard(domain, month);
    await give(100);
    clock.forward(10 * dayMs);
    const { _id } = await give(50);
    await reverse(_id);
    await forward(21);
    expect(await card()).toMatchObject({ balance: 0 });
  });

  test('points that were given before the program let them expire stay', async () => {
    const { give, card, member, merchantId, program } = await openCard(domain);
    await give(100);
    await domain.run((tx) => domain.loyalty.programs.update(tx, member, merchantId, program._id, month));
    await give(10);
    await give(-4);
    await forward(31);
    expect(await card()).toMatchObject({ balance: 100, lots: [] });
  });
});

test('the ledger of points is sound', async () => {
  expect(await pointsProblems(domain)).toEqual([]);
});
