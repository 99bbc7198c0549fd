import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { JobDocument } from '@tidings/platform';
import { createClock, dayMs } from '../../../tests/support/cards.js';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { investmentOf, openPlan, planProblems, runDuePlans, toldOf, type OpenPlan } from '../../../tests/support/plans.js';
import { codesOf } from '../../../tests/support/stalls.js';
import type { InvestmentDocument } from './investments.model.js';

// It stands still between, and ahead of the machine's: what is due at once is due by it, too.
const clock = createClock(new Date(Date.now() + 3_600_000));
let domain: Domain;
beforeAll(async () => {
  domain = await createDomain({ now: clock.now, env: { PLAN_BATCH_SIZE: '3', PLAN_BATCH_PAUSE_MS: '0' } });
});
afterAll(() => domain.stop());
afterEach(async () => {
  expect(await planProblems(domain)).toEqual([]);
});

const balanceOf = async (userId: string): Promise<number> => (await domain.wallet.wallet.balance(userId)).balance;
const statusesOf = (all: readonly InvestmentDocument[]) =>
  Promise.all(all.map(async ({ _id }) => (await investmentOf(domain, _id)).status));
const forward = async (days: number): Promise<void> => {
  clock.forward(days * dayMs);
  await runDuePlans(domain, clock.now());
};
/** So many investments of 100, each of somebody else. */
const many = async (plan: OpenPlan, count: number): Promise<InvestmentDocument[]> => {
  const made: InvestmentDocument[] = [];
  for (let index = 0; index < count; index++) made.push(await plan.invest(await plan.investor(100), 100));
  return made;
};
const jobs = () => domain.mongo.db.collection<JobDocument>('jobs');
const nextJob = (kind: string, planId: string) => jobs().findOne({ kind, state: 'due', 'data.planId': planId });
/** What of its plan's changes each holder was told, in order. */
const reasonsOf = (all: readonly InvestmentDocument[]) =>
  Promise.all(all.map(async ({ _id }) => (await toldOf(domain, _id)).map(({ reason, roi }) => `${reason} ${roi}`)));

describe('investing', () => {
  test('takes the amount from the wallet, and tells its holder what comes of it', async () => {
    const plan = await openPlan(domain);
    const asha = await plan.investor(1_000);
    const { _id } = await plan.invest(asha, 400);
    expect(await balanceOf(asha.userId)).toBe(600);
    expect(await plan.plan()).toMatchObject({ invested: 400, active: 1 });
    const [told] = await toldOf(domain, _id);
    expect(told).toMatchObject({ reason: 'made', status: 'ACTIVE', roi: 10, investment: { amount: 400, returns: 40, currency: 'INR' } });
    expect(told?.maturesAt).toBe(new Date(Date.parse(told!.investment.createdAt) + 30 * dayMs).toISOString());
    const { page } = await domain.wallet.wallet.history(asha.userId, { limit: 1 });
    expect(page[0]).toMatchObject({ type: 'investment', amount: -400, investmentId: _id });
  });

  test('is refused outside of the limits, without the money, in another currency, and where the plan is not on offer', async () => {
    const plan = await openPlan(domain, { maxAmount: 500 });
    const asha = await plan.investor(450);
    const { investments } = domain.investments;
    const inDollars = domain.run((tx) => investments.invest(tx, asha, plan.id, { amount: 200, currency: 'USD' }));
    const refused = [plan.invest(asha, 99), plan.invest(asha, 501), plan.invest(asha, 500), inDollars];
    expect(await codesOf(refused)).toEqual(['bad-request', 'bad-request', 'insufficient-funds', 'currency-mismatch']);
    const draft = await openPlan(domain, { publishAt: new Date(clock.now().getTime() + dayMs).toISOString() });
    await plan.remove({ investments: 'refuse' });
    expect(await codesOf([draft.invest(asha, 100), plan.invest(asha, 100)])).toEqual(['not-found', 'not-found']);
    expect(await balanceOf(asha.userId)).toBe(450);
  });

  test('never goes past the capacity, also when many invest at once, and what has ended makes room', async () => {
    const plan = await openPlan(domain, { capacity: 1_000, duration: 1 });
    const people = await Promise.all(Array.from({ length: 14 }, () => plan.investor(100)));
    const codes = await codesOf(people.map((person) => plan.invest(person, 100)));
    expect(codes.toSorted()).toEqual([...Array<string>(4).fill('capacity-exceeded'), ...Array<string>(10).fill('ok')]);
    expect(await codesOf([plan.change({ capacity: 999 })])).toEqual(['capacity-exceeded']);
    await forward(1);
    expect(await codesOf([plan.invest(people[codes.indexOf('capacity-exceeded')]!, 100)])).toEqual(['ok']);
  });

  test('against a change at the same instant: every investment ends at the plan’s terms', async () => {
    for (let round = 0; round < 4; round++) {
      const plan = await openPlan(domain);
      const people = await Promise.all([1, 2, 3, 4].map(() => plan.investor(100)));
      const [, ...made] = await Promise.all([plan.change({ roi: 20 }), ...people.map((person) => plan.invest(person, 100))]);
      await runDuePlans(domain, clock.now());
      for (const { _id } of made) expect(await investmentOf(domain, _id)).toMatchObject({ roiBp: 2_000 });
    }
  });

  test('against the withdrawal at the same instant: whoever got in is counted, refunded, or was refused', async () => {
    for (const mode of ['refuse', 'refund'] as const) {
      const plan = await openPlan(domain);
      const people = await Promise.all([1, 2, 3, 4].map(() => plan.investor(100)));
      const [removed, ...codes] = await codesOf([plan.remove({ investments: mode }), ...people.map((person) => plan.invest(person, 100))]);
      await runDuePlans(domain, clock.now());
      const inside = codes.filter((code) => code === 'ok').length;
      if (mode === 'refund') expect((await plan.plan()).active).toBe(0);
      else expect(await plan.plan()).toMatchObject({ active: inside, deletedAt: removed === 'ok' ? expect.any(Date) : null });
      if (mode === 'refuse' && removed === 'ok') expect(inside).toBe(0);
    }
  });
});

describe('maturity', () => {
  test('pays principal and return from plan-returns, once, however often the clock looks', async () => {
    const plan = await openPlan(domain, { roi: 2.5 });
    const asha = await plan.investor(1_039);
    const { _id } = await plan.invest(asha, 1_039);
    const job = (await jobs().findOne({ kind: 'maturity', 'data.investmentId': _id }))!;
    clock.forward(30 * dayMs);
    await Promise.all([1, 2, 3].map(() => runDuePlans(domain, clock.now(), job)));
    await runDuePlans(domain, clock.now(), job);
    // 25.975 is rounded down.
    expect(await balanceOf(asha.userId)).toBe(1_039 + 25);
    expect((await toldOf(domain, _id)).map(({ reason }) => reason)).toEqual(['made', 'matured']);
    expect(await plan.plan()).toMatchObject({ invested: 0, active: 0 });
    await domain.wallet.rollUps.run();
    const returns = await domain.mongo.db
      .collection<{ _id: string; balance: number }>('accounts')
      .findOne({ _id: 'system:plan-returns:INR' });
    expect(returns!.balance).toBeLessThan(0);
  });

  test('does not come early by a clock that is behind, and comes late where nobody was there', async () => {
    const plan = await openPlan(domain, { duration: 2 });
    const [investment] = await many(plan, 1);
    const job = (await jobs().findOne({ kind: 'maturity', 'data.investmentId': investment!._id }))!;
    await expect(runDuePlans(domain, clock.now(), job)).rejects.toThrow('ahead of this one');
    await forward(40);
    expect(await statusesOf([investment!])).toEqual(['MATURED']);
    expect(await investmentOf(domain, investment!._id)).toMatchObject({ endedAt: clock.now() });
  });

  test('pays first what its holder owes', async () => {
    const plan = await openPlan(domain, { duration: 1 });
    const asha = await plan.investor(100);
    await plan.invest(asha, 100);
    const owner = { kind: 'user', ownerId: asha.userId, currency: 'INR' } as const;
    await domain.run((tx) => domain.wallet.debts.lend(tx, owner, { key: asha.userId, amount: 30, description: 'Lent' }));
    await forward(1);
    expect(await balanceOf(asha.userId)).toBe(30 + 110 - 30);
  });

  test('brings nothing where the plan promises nothing', async () => {
    const plan = await openPlan(domain, { duration: 1, roi: 0 });
    const asha = await plan.investor(100);
    await plan.invest(asha, 100);
    await forward(1);
    expect(await balanceOf(asha.userId)).toBe(100);
  });
});

describe('a changed plan', () => {
  test('is followed by each active investment, in batches, each holder told once', async () => {
    const plan = await openPlan(domain);
    const all = await many(plan, 8);
    await plan.change({ roi: 12.5 });
    await runDuePlans(domain, clock.now());
    expect(await reasonsOf(all)).toEqual(all.map(() => ['made 10', 'terms-changed 12.5']));
    expect(await jobs().countDocuments({ kind: 'plan-terms', 'data.planId': plan.id })).toBe(3);
    await forward(30);
    expect(await balanceOf(all[0]!.userId)).toBe(112);
  });

  test('goes on where it was when the process died between two batches, and tells nobody twice', async () => {
    const plan = await openPlan(domain);
    const all = await many(plan, 8);
    await plan.change({ roi: 15 });
    const first = (await nextJob('plan-terms', plan.id))!;
    await runDuePlans(domain, clock.now(), first);
    const reached = async () => (await reasonsOf(all)).filter((reasons) => reasons.length > 1).length;
    expect(await reached()).toBe(3);
    // The queue hands out the same job again, to two at once.
    await Promise.all([1, 2].map(() => runDuePlans(domain, clock.now(), first).catch(() => undefined)));
    await runDuePlans(domain, clock.now());
    expect(await reasonsOf(all)).toEqual(all.map(() => ['made 10', 'terms-changed 15']));
  });

  test('again while the first change is under way: each ends at the last one', async () => {
    const plan = await openPlan(domain);
    const all = await many(plan, 8);
    await plan.change({ roi: 15 });
    await runDuePlans(domain, clock.now(), (await nextJob('plan-terms', plan.id))!);
    await plan.change({ roi: 20 });
    await runDuePlans(domain, clock.now());
    for (const { _id } of all) expect(await investmentOf(domain, _id)).toMatchObject({ roiBp: 2_000 });
    const reasons = await reasonsOf(all);
    expect(reasons.filter((told) => told.includes('terms-changed 15'))).toHaveLength(3);
    for (const told of reasons) expect(told.filter((reason) => reason === 'terms-changed 20')).toHaveLength(1);
  });

  test('counts for the whole term: a shorter one that is over matures now, a longer one later', async () => {
    const plan = await openPlan(domain, { duration: 30 });
    const [old] = await many(plan, 1);
    clock.forward(20 * dayMs);
    const [young] = await many(plan, 1);
    await plan.change({ duration: 10, roi: 5 });
    await runDuePlans(domain, clock.now());
    expect(await statusesOf([old!, young!])).toEqual(['MATURED', 'ACTIVE']);
    expect(await balanceOf(old!.userId)).toBe(105);
    await plan.change({ duration: 40 });
    await forward(15);
    expect(await statusesOf([young!])).toEqual(['ACTIVE']);
    await forward(25);
    expect(await statusesOf([young!])).toEqual(['MATURED']);
  });

  test('counts also for what matures before its batch has come', async () => {
    const plan = await openPlan(domain);
    const [investment] = await many(plan, 1);
    const job = (await jobs().findOne({ kind: 'maturity', 'data.investmentId': investment!._id }))!;
    clock.forward(30 * dayMs);
    await plan.change({ duration: 60, roi: 20 });
    await runDuePlans(domain, clock.now(), job);
    expect(await statusesOf([investment!])).toEqual(['ACTIVE']);
    await forward(30);
    expect(await statusesOf([investment!])).toEqual(['MATURED']);
    expect(await reasonsOf([investment!])).toEqual([['made 10', 'terms-changed 20', 'matured 20']]);
  });

  test('of its name alone changes no investment', async () => {
    const plan = await openPlan(domain);
    await many(plan, 1);
    await plan.change({ name: 'Silver' });
    expect(await nextJob('plan-terms', plan.id)).toBeNull();
    expect(await codesOf([plan.change({ currency: 'USD' })])).toEqual(['plan-in-use']);
  });
});

describe('a withdrawn plan', () => {
  test('is refused while there are active investments, with their number', async () => {
    const plan = await openPlan(domain);
    await many(plan, 2);
    await expect(plan.remove({ investments: 'refuse' })).rejects.toMatchObject({ code: 'plan-in-use', extra: { count: 2 } });
    await forward(30);
    expect(await codesOf([plan.remove({ investments: 'refuse' })])).toEqual(['ok']);
  });

  test('keeps them to their maturity', async () => {
    const plan = await openPlan(domain);
    const all = await many(plan, 4);
    await plan.remove({ investments: 'keep' });
    await forward(30);
    expect(await statusesOf(all)).toEqual(all.map(() => 'MATURED'));
    expect(await balanceOf(all[0]!.userId)).toBe(110);
  });

  test('refunds them in batches, once, also where a term ends meanwhile', async () => {
    const plan = await openPlan(domain, { duration: 1 });
    const all = await many(plan, 7);
    await plan.remove({ investments: 'refund' });
    clock.forward(dayMs);
    const first = (await nextJob('plan-withdrawal', plan.id))!;
    await runDuePlans(domain, clock.now(), first);
    await runDuePlans(domain, clock.now(), first).catch(() => undefined);
    await runDuePlans(domain, clock.now());
    expect(await statusesOf(all)).toEqual(all.map(() => 'REFUNDED'));
    for (const { userId, _id } of all) {
      expect(await balanceOf(userId)).toBe(100);
      expect((await toldOf(domain, _id)).map(({ reason }) => reason)).toEqual(['made', 'refunded']);
    }
  });

  test('takes from nobody what was earned before it, where nobody was there to pay', async () => {
    for (const investments of ['refund', 'migrate'] as const) {
      const heir = await openPlan(domain, { roi: 1, duration: 90, capacity: 1_000 });
      const plan = await openPlan(domain, { duration: 3 });
      const over = await many(plan, 4);
      clock.forward(2 * dayMs);
      const running = await many(plan, 4);
      // Nobody has followed this when the plan is withdrawn; by it the first ones are over.
      await plan.change({ duration: 2, roi: 20 });
      await plan.remove({ investments, ...(investments === 'migrate' ? { to: heir.id } : {}) });
      await runDuePlans(domain, clock.now());
      expect(await statusesOf(over)).toEqual(over.map(() => 'MATURED'));
      for (const { userId } of over) expect(await balanceOf(userId)).toBe(120);
      expect(await statusesOf(running)).toEqual(running.map(() => (investments === 'refund' ? 'REFUNDED' : 'ACTIVE')));
      expect(await plan.plan()).toMatchObject({ invested: 0, active: 0 });
      const invested = investments === 'refund' ? 0 : 400;
      expect(await heir.plan()).toMatchObject({ reserved: 0, invested });
      expect(await codesOf([heir.invest(await heir.investor(1_000 - invested), 1_000 - invested)])).toEqual(['ok']);
    }
  });

  test('moves them to another plan, whose terms they follow then and later', async () => {
    const heir = await openPlan(domain, { name: 'Silver', roi: 5, duration: 20, capacity: 1_000 });
    const plan = await openPlan(domain, { duration: 30 });
    const all = await many(plan, 7);
    clock.forward(10 * dayMs);
    await plan.remove({ investments: 'migrate', to: heir.id });
    // Room is set aside for all, before the first one has moved; and the plan that they move to stays until they have.
    expect(await heir.plan()).toMatchObject({ reserved: 700, invested: 0 });
    expect(await codesOf([heir.invest(await heir.investor(400), 400), heir.remove({ investments: 'keep' })])).toEqual([
      'capacity-exceeded',
      'plan-in-use',
    ]);
    await runDuePlans(domain, clock.now(), (await nextJob('plan-withdrawal', plan.id))!);
    await heir.change({ roi: 6 });
    await runDuePlans(domain, clock.now());
    expect(await heir.plan()).toMatchObject({ reserved: 0, invested: 700, active: 7 });
    expect(await plan.plan()).toMatchObject({ invested: 0, active: 0 });
    for (const { _id } of all) expect(await investmentOf(domain, _id)).toMatchObject({ planId: heir.id, planName: 'Silver', roiBp: 600 });
    await forward(10);
    expect(await statusesOf(all)).toEqual(all.map(() => 'MATURED'));
    expect(await balanceOf(all[0]!.userId)).toBe(106);
  });

  test('moves nothing to a plan that cannot take it', async () => {
    const [small, dollars, gone] = [
      await openPlan(domain, { capacity: 150 }),
      await openPlan(domain, { currency: 'USD' }),
      await openPlan(domain),
    ];
    await gone.remove({ investments: 'refuse' });
    const plan = await openPlan(domain);
    await many(plan, 2);
    const to = (id: string) => plan.remove({ investments: 'migrate', to: id });
    expect(await codesOf([to(small.id), to(dollars.id), to(gone.id), to(plan.id)])).toEqual([
      'capacity-exceeded',
      'currency-mismatch',
      'not-found',
      'bad-request',
    ]);
    expect(await plan.plan()).toMatchObject({ deletedAt: null, active: 2 });
  });
});
