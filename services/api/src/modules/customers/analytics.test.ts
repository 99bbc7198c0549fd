import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Principal } from '@tidings/contracts';
import type { Logger } from '@tidings/platform';
import { answered } from '../../../tests/support/cards.js';
import { openClub, outcome, type Club } from '../../../tests/support/clubs.js';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { programAccount } from '../loyalty/index.js';
import { accountId } from '../wallet/index.js';
import { createFigures } from './figures.js';
import { figuresModels } from './figures.model.js';
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
  const expected = {
    scans: 2,
    newCustomers: 1,
    returning: 1,
    enrollmentsRequested: 2,
    enrolled: 1,
    issued: 120,
    reversed: 0,
    redeemed: 20,
    expired: 0,
  };
  expect(found.total).toEqual(expected);
  expect(found.days).toHaveLength(30);
  expect(found.hours.reduce((sum, scans) => sum + scans, 0)).toBe(2);
  expect([found.conversion, found.customers, found.outstanding]).toEqual([null, 1, 100]);
  const told = (await club.told()).filter(({ type }) => type === 'analytics-updated');
  expect(told.at(-1)?.data).toMatchObject({ businessId: club.merchantId, version: found.version });
});

test('figures show what is owed with what no roll-up has included, and leave the roll-up to others', async () => {
  const club = await busyClub();
  const account = accountId(programAccount(club.program._id));
  const owed = async () => {
    await domain.run((tx) => domain.loyalty.interactions.note(tx, { merchantId: club.merchantId, kind: 'scan', userId: 'u' }));
    await count();
    return (await report(club)).outstanding;
  };
  expect(await owed()).toBe(100);
  expect(await domain.loyalty.ledger.waiting()).toContain(account);
  await domain.loyalty.rollUps.run();
  expect(await domain.loyalty.ledger.waiting()).not.toContain(account);
  expect(await owed()).toBe(100);
});

test('conversion is of the requests that scans made, on their day; wishes, requests by hand and enrollments at once are not in it', async () => {
  const club = await openClub(domain);
  const swift = await club.addProgram({ enrollment: 'automatic' });
  const scan = async (customer: Principal, program = club.program) => {
    const { result } = await domain.run((tx) => {
      const visit = { scanId: `scan_${customer.userId}`, at: tx.now };
      return domain.enrollments.enrollments.request(tx, { program, userId: customer.userId, by: 'merchant', visit });
    }, club.member.userId);
    return result.enrollment;
  };
  const [asha, bela, chandra, dev] = [await domain.person(), await domain.person(), await domain.person(), await domain.person()];
  const byHand = await club.ask(chandra);
  await club.decide(chandra, byHand._id, 'accept');
  const wish = await club.join(dev);
  await club.decide(club.member, wish._id, 'accept');
  await scan(await domain.person(), swift);
  await count();
  expect(await report(club)).toMatchObject({ conversion: null, total: { enrollmentsRequested: 2, enrolled: 3 } });

  const asked = await scan(asha);
  await scan(bela);
  await scan(bela);
  await count();
  expect((await report(club)).conversion).toBe(0);
  // Tomorrow, in no day that is looked at: it is of those who were asked today.
  await club.decide(asha, asked._id, 'accept', { ms: 86_400_000 });
  await count();
  expect(await report(club)).toMatchObject({ conversion: 5_000, total: { enrollmentsRequested: 4, enrolled: 3 } });
});

test('a request that somebody else made is not the scan’s that meets it', async () => {
  const club = await openClub(domain);
  const asha = await domain.person();
  const { _id } = await club.ask(asha);
  await domain.run((tx) => {
    const visit = { scanId: 'scan_late', at: tx.now };
    return domain.enrollments.enrollments.request(tx, { program: club.program, userId: asha.userId, by: 'merchant', visit });
  }, club.member.userId);
  await club.decide(asha, _id, 'accept');
  await count();
  expect((await report(club)).conversion).toBeNull();
});

test('figures show what was issued, and apart from it what was taken back', async () => {
  const club = await openClub(domain);
  const asha = await domain.person();
  await domain.run((tx) => domain.loyalty.cards.open(tx, club.program, { userId: asha.userId, name: 'Asha' }));
  const give = async (delta: number) => {
    const { _id } = (await domain.loyalty.cards.of(asha.userId, club.program._id))!;
    const { result } = await domain.run((tx) => domain.loyalty.pointsService.byHand(tx, club.member, _id, { delta, reason: 'Cake' }));
    return answered(result).entry._id;
  };
  const reverse = (id: string) => domain.run((tx) => domain.loyalty.pointsService.reverse(tx, club.member, id, 'A mistake'));
  const mistake = await give(100);
  await give(30);
  const deduction = await give(-10);
  await reverse(mistake);
  // What a deduction took is no part of these, nor is its return.
  await reverse(deduction);
  await count();
  const { total, outstanding } = await report(club);
  expect(total).toMatchObject({ issued: 130, reversed: 100, redeemed: 0, expired: 0 });
  expect(outstanding).toBe(30);
});

test('a count that fails rests longer each time, and is made up for', async () => {
  const club = await busyClub();
  let [failing, warned, at] = [true, 0, 0];
  const { merchants } = domain.merchants;
  const figures = createFigures({
    models: figuresModels(domain.mongo),
    loyalty: domain.loyalty,
    merchants: {
      ...merchants,
      find: async (id, tx) => {
        if (failing && id === club.merchantId) throw new Error('away');
        return merchants.find(id, tx);
      },
    },
    unitOfWork: domain.unitOfWork,
    logger: Object.create(domain.logger, { warn: { value: () => void warned++ } }) as Logger,
    now: () => at,
  });
  // Ten minutes of rounds.
  for (; at < 600_000; at += 400) await figures.run();
  expect(warned).toBeLessThan(20);
  expect((await report(club)).total.scans).toBe(0);
  failing = false;
  at += 60_000;
  await figures.run();
  expect((await report(club)).total.scans).toBe(2);
});

test('figures of a business that is gone are counted, too', async () => {
  const club = await busyClub();
  await domain.mongo.db.collection<{ _id: string }>('merchants').updateOne({ _id: club.merchantId }, { $set: { deletedAt: new Date() } });
  await count();
  const { interactions, headcounts } = domain.loyalty.models;
  for (const waiting of [
    interactions.countDocuments({ merchantId: club.merchantId, pending: true }),
    headcounts.countDocuments({ merchantId: club.merchantId }),
  ])
    expect(await waiting).toBe(0);
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
