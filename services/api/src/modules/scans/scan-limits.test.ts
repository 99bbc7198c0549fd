import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Problem } from '@tidings/contracts';
import type { OutboxEvent } from '@tidings/feed';
import { dayMs } from '../../../tests/support/clubs.js';
import { openCounter, type Counter } from '../../../tests/support/counters.js';
import { createDomain, type Domain } from '../../../tests/support/domain.js';

let domain: Domain;
beforeAll(async () => {
  domain = await createDomain({
    env: { SCANS_PER_CUSTOMER_PER_HOUR: '3', SCANS_PER_BUSINESS_PER_MINUTE: '5', POINTS_BY_HAND_PER_DAY: '100' },
  });
});
afterAll(() => domain.stop());

const alertsAbout = ({ merchantId }: Counter): Promise<OutboxEvent[]> =>
  domain.mongo.db.collection<OutboxEvent>('outbox').find({ type: 'fraud-alert', 'data.businessId': merchantId }).toArray();
const audited = ({ merchantId }: Counter): Promise<number> =>
  domain.mongo.db.collection('audit_log').countDocuments({ action: 'fraud.alert', target: `merchant:${merchantId}` });
/** From now until the next hour begins, so that a window does not end amid a test. */
const hourMs = 3_600_000;
const nextHour = ({ begins }: Counter): number => hourMs - (begins % hourMs);

describe('scans of one customer', () => {
  test('past the limit are refused with a time, and administrators hear of it once an hour', async () => {
    const counter = await openCounter(domain, { enrollment: 'automatic' });
    const asha = await domain.person();
    const start = nextHour(counter);
    const scan = (seconds: number) => {
      const ms = start + seconds * 1_000;
      return counter.scan(counter.code(asha, ms), { ms });
    };
    for (const seconds of [0, 600, 1_200]) await scan(seconds);
    const before = await counter.traces(asha);
    const refused = await scan(1_800).catch((error: unknown) => error as Problem);
    expect(refused).toMatchObject({ code: 'rate-limited', status: 429 });
    const { retryAfterSeconds } = (refused as Problem).extra;
    expect(retryAfterSeconds).toBe(1_800);
    await expect(scan(1_900)).rejects.toMatchObject({ code: 'rate-limited' });
    expect(await counter.traces(asha)).toBe(before);
    const alerts = await alertsAbout(counter);
    expect(alerts.map(({ feeds, data }) => ({ feeds, data }))).toEqual([
      {
        feeds: ['admin'],
        data: expect.objectContaining({ kind: 'scans-of-customer', userId: asha.userId, limit: 3, windowSeconds: 3_600 }),
      },
    ]);
    expect(await audited(counter)).toBe(1);
    // The first one has left the window.
    await scan(3_700);
    await expect(scan(4_000)).rejects.toMatchObject({ code: 'rate-limited' });
    expect(await alertsAbout(counter)).toHaveLength(2);
  });

  test('that are repeated do not count', async () => {
    const counter = await openCounter(domain, { enrollment: 'automatic' });
    const code = counter.code(await domain.person());
    for (let times = 0; times < 6; times++) await counter.scan(code);
    expect(await alertsAbout(counter)).toEqual([]);
  });
});

describe('scans of a business', () => {
  test('past the limit of a minute are refused, whoever is scanned; another business goes on', async () => {
    const [counter, other] = [await openCounter(domain, { enrollment: 'automatic' }), await openCounter(domain)];
    const people = await Promise.all(Array.from({ length: 7 }, () => domain.person()));
    const ms = nextHour(counter);
    for (const person of people.slice(0, 5)) await counter.scan(counter.code(person, ms), { ms });
    for (const person of people.slice(5)) expect(await counter.refusal(counter.code(person, ms), { ms })).toBe('rate-limited');
    expect(await counter.traces(people[6]!)).toBe(0);
    expect(await other.refusal(other.code(people[6]!, ms), { ms })).toBe('accepted');
    expect((await alertsAbout(counter)).map(({ data }) => data)).toMatchObject([
      { kind: 'scans-of-business', limit: 5, windowSeconds: 60 },
    ]);
    const later = ms + 90_000;
    expect(await counter.refusal(counter.code(people[6]!, later), { ms: later })).toBe('accepted');
  });

  test('at once are as many as the limit lets through, and no more', async () => {
    const counter = await openCounter(domain, { enrollment: 'automatic' });
    const people = await Promise.all(Array.from({ length: 15 }, () => domain.person()));
    const ms = nextHour(counter);
    const answers = await Promise.all(people.map((person) => counter.refusal(counter.code(person, ms), { ms })));
    expect(answers.toSorted()).toEqual([
      ...Array.from({ length: 5 }, () => 'accepted'),
      ...Array.from({ length: 10 }, () => 'rate-limited'),
    ]);
    expect(await alertsAbout(counter)).toHaveLength(1);
  });
});

describe('points by hand', () => {
  test('past the limit of the merchant’s day are refused, over all members; deductions are not', async () => {
    const counter = await openCounter(domain, { enrollment: 'automatic' });
    const { merchantId, member, program } = counter;
    const second = await domain.person({ merchants: [merchantId] });
    const friend = await counter.friend();
    const { _id } = (await domain.loyalty.cards.of(friend.userId, program._id))!;
    const give = async (by: typeof member, delta: number, ms = 0) => {
      const work = domain.run((tx) => {
        const at = { ...tx, now: new Date(counter.begins + ms) };
        return domain.loyalty.pointsService.byHand(at, by, _id, { delta, reason: 'Cake' });
      }, by.userId);
      const { result } = await work;
      return result instanceof Problem ? result : result.card.balance;
    };
    const start = dayMs - (counter.begins % dayMs);
    expect(await give(member, 60, start)).toBe(60);
    expect(await give(second, 40, start)).toBe(100);
    const refused = await give(second, 1, start + hourMs);
    expect(refused).toMatchObject({ code: 'rate-limited' });
    const { retryAfterSeconds } = (refused as Problem).extra;
    expect(retryAfterSeconds).toBe(23 * 3_600);
    expect(await give(member, 1, start + hourMs)).toMatchObject({ code: 'rate-limited' });
    expect(await give(member, -50, start + hourMs)).toBe(50);
    expect(await give(member, 10, start + dayMs)).toBe(60);
    expect((await alertsAbout(counter)).map(({ data }) => data)).toMatchObject([{ kind: 'points-of-business', limit: 100 }]);
    expect(await audited(counter)).toBe(1);
  });

  test('past the limit leave no trace of an award by an administrator', async () => {
    const counter = await openCounter(domain, { enrollment: 'automatic' });
    const admin = await domain.person({ roles: ['admin'] });
    const { _id } = (await domain.loyalty.cards.of((await counter.friend()).userId, counter.program._id))!;
    const give = async (delta: number) =>
      (await domain.run((tx) => domain.loyalty.pointsService.byHand(tx, admin, _id, { delta, reason: 'Cake' }), admin.userId)).result;
    expect(await give(101)).toMatchObject({ code: 'rate-limited' });
    const traces = () => domain.mongo.db.collection('audit_log').find({ actor: admin.userId, action: 'points.change' }).toArray();
    expect(await traces()).toEqual([]);
    await give(1);
    expect((await traces()).map(({ details }) => details)).toEqual([{ cardId: _id, delta: 1 }]);
  });

  test('at once by many members come to no more than the limit', async () => {
    const counter = await openCounter(domain, { enrollment: 'automatic' });
    const members = await Promise.all(Array.from({ length: 8 }, () => domain.person({ merchants: [counter.merchantId] })));
    const start = dayMs - (Date.now() % dayMs);
    const cards = await Promise.all(
      members.map(async () => (await domain.loyalty.cards.of((await counter.friend()).userId, counter.program._id))!._id),
    );
    const answers = await Promise.all(
      members.map((member, index) =>
        domain.run((tx) => {
          const at = { ...tx, now: new Date(tx.now.getTime() + start) };
          return domain.loyalty.pointsService.byHand(at, member, cards[index]!, { delta: 30, reason: 'Cake' });
        }, member.userId),
      ),
    );
    expect(answers.filter(({ result }) => !(result instanceof Problem))).toHaveLength(3);
  });
});
