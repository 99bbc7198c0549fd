import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Principal } from '@tidings/contracts';
import { openClub, outcome, type Club } from '../../../tests/support/clubs.js';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { expectFrugal } from '../../../tests/support/frugal.js';

let domain: Domain;
beforeAll(async () => {
  domain = await createDomain();
});
afterAll(() => domain.stop());

const report = (club: Club, query: { from?: string; to?: string } = {}, caller: Principal = club.member) =>
  domain.customers.analytics.report(caller, club.merchantId, query);
const count = () => domain.customers.figures.run();

/** Asked, accepted, scanned twice, and given points. */
async function busyClub(): Promise<Club> {
  const club = await openClub(domain);
  const [asha, bela] = [await domain.person(), await domain.person()];
  const asked = await club.ask(asha);
  await club.ask(bela);
  await club.decide(asha, asked._id, 'accept');
  const { merchantId, program } = club;
  const { userId } = asha;
  await domain.run(async (tx) => {
    const card = (await domain.loyalty.cards.of(userId, program._id, tx))!;
    await domain.loyalty.points.post(tx, { program, card, timeZone: 'UTC' }, { delta: 120, reason: 'Visit', source: 'visit' });
    await domain.loyalty.interactions.note(tx, { merchantId, userId, programId: program._id, kind: 'scan', isFirst: true });
  });
  await domain.run(async (tx) => {
    const card = (await domain.loyalty.cards.of(userId, program._id, tx))!;
    await domain.loyalty.points.post(tx, { program, card, timeZone: 'UTC' }, { delta: -20, reason: 'Cake', source: 'redemption' });
    await domain.loyalty.interactions.note(tx, { merchantId, userId, programId: program._id, kind: 'scan' });
  });
  return club;
}

test('figures count each happening once, however many rounds meet on it, and tell the business', async () => {
  const club = await busyClub();
  await Promise.all([count(), count(), count()]);
  await count();
  const found = await report(club);
  const expected = { scans: 2, newCustomers: 1, returning: 1, enrollmentsRequested: 2, enrolled: 1, issued: 120, redeemed: 20, expired: 0 };
  expect(found.total).toEqual(expected);
  expect(found.days).toHaveLength(30);
  expect(found.hours.reduce((sum, scans) => sum + scans, 0)).toBe(2);
  expect([found.conversion, found.customers, found.outstanding]).toEqual([5_000, 1, 100]);
  const told = (await club.told()).filter(({ type }) => type === 'analytics-updated');
  expect(told.at(-1)?.data).toMatchObject({ businessId: club.merchantId, version: found.version });
});

test('figures are of members, over at most 92 days', async () => {
  const club = await openClub(domain);
  expect(await outcome(report(club, {}, await domain.person()))).toBe('forbidden');
  expect(await outcome(report(club, { from: '2026-01-01', to: '2026-06-01' }))).toBe('bad-request');
  expect((await report(club, { from: '2026-01-01', to: '2026-04-02' })).days).toHaveLength(92);
  expect(await report(club)).toMatchObject({ customers: 0, outstanding: 0, conversion: null });
});

test('figures are what was counted last, with what Redis remembers and without Redis', async () => {
  const club = await busyClub();
  await count();
  const first = await report(club);
  expect(await report(club)).toEqual(first);
  const bela = await domain.person();
  await domain.run((tx) => domain.loyalty.cards.open(tx, club.program, { userId: bela.userId, name: 'Bela' }));
  await count();
  const second = await report(club);
  expect([second.customers, second.version]).toEqual([2, first.version + 1]);
  domain.redis.disconnect();
  expect(await report(club)).toEqual(second);
});

test('figures of 90 days are read as a range of days, whatever others have, and no scan is looked at', async () => {
  const [club, other] = [await openClub(domain), await openClub(domain)];
  const dates = Array.from({ length: 120 }, (_, at) => new Date(Date.UTC(2026, 0, 1 + at)).toISOString().slice(0, 10));
  const days = [club, other].flatMap(({ merchantId }) =>
    dates.map((date) => ({ _id: `${merchantId}:${date}`, merchantId, date, scans: 2 })),
  );
  await domain.mongo.db.collection<{ _id: string }>('loyalty_figure_days').insertMany(days);
  const read = ['loyalty_figure_days', 'loyalty_figures', 'scans', 'interactions', 'loyalty_customers', 'cards', 'points_postings'];
  await expectFrugal(domain.mongo, read, async () => {
    for (const length of [7, 30, 90]) {
      const found = await report(club, { from: dates[10]!, to: dates[9 + length]! });
      expect([found.days.length, found.total.scans]).toEqual([length, 2 * length]);
    }
  });
});
