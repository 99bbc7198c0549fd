import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { programBody, type ProgramInput } from '@tidings/contracts';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { ledgerSums } from '../wallet/index.js';
import { underCap } from './earning.js';
import type { CardDocument } from './loyalty.model.js';
import type { PointsChange } from './points.js';
import { pointsBooks } from './points-books.js';

let domain: Domain;
beforeAll(async () => {
  domain = await createDomain();
});
afterAll(() => domain.stop());

async function cardIn(settings: Partial<ProgramInput> = {}) {
  const input = { name: `Chai House ${Math.random()}`, ownerName: 'Ravi', email: `${Math.random()}@example.com` };
  const { result: merchant } = await domain.run((tx) => domain.merchants.merchants.create(tx, input));
  const member = await domain.person({ merchants: [merchant._id] });
  const { result: program } = await domain.run((tx) =>
    domain.loyalty.programs.create(tx, member, merchant._id, programBody.parse({ name: 'Friends', ...settings })),
  );
  const { userId } = await domain.person();
  const { result: opened } = await domain.run((tx) => domain.loyalty.cards.open(tx, program, { userId, name: 'Asha' }));
  const card = async (): Promise<CardDocument> => (await domain.loyalty.cards.of(userId, program._id)) ?? opened;
  const change = (delta: number, more: Partial<PointsChange> = {}) =>
    domain.run(async (tx) => {
      const place = { program, card: (await domain.loyalty.cards.of(userId, program._id, tx))!, timeZone: merchant.timeZone };
      return domain.loyalty.points.byBusiness(tx, place, { delta, reason: 'By hand', source: 'manual', ...more });
    });
  return { merchant, member, program, userId, card, change };
}

describe('points', () => {
  test('move on the card and in the ledger alike, and both sides are told', async () => {
    const { card, change, merchant, userId } = await cardIn({ tiers: [{ name: 'Gold', threshold: 100 }] });
    const { events } = await change(150);
    expect(events.map(({ type }) => type)).toEqual(['card-updated', 'loyalty-customer-updated', 'points-updated']);
    expect(events[0]!.feeds).toEqual([`user:${userId}`, `merchant:${merchant._id}`]);
    await change(-30);
    expect(await card()).toMatchObject({ balance: 120, lifetime: 150, tier: 'Gold' });
  });

  test('are told with the balance of the card and its version, which rises from change to change', async () => {
    const { card, change } = await cardIn({ approval: { mode: 'deductions', above: 50 } });
    const seen: object[] = [];
    for (const delta of [150, -30, 20, -60]) {
      const { events } = await change(delta);
      const { balance, version } = await card();
      const told = events.find(({ type }) => type === 'points-updated')!.data;
      expect(told).toMatchObject({ balance, version, points: { delta, version: 1 } });
      seen.push({ balance, version });
    }
    // The last one waits: the card is as it was.
    expect(seen).toEqual([150, 120, 140, 140].map((balance, at) => ({ balance, version: Math.min(at, 2) + 2 })));
  });

  test('never go below zero, also when many deduct at once', async () => {
    const { card, change } = await cardIn();
    await change(100);
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, () => change(-30)));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'insufficient-points' });
    expect(await card()).toMatchObject({ balance: 10 });
  });

  test('rules give no more on a day than the cap lets through', () => {
    const none = { date: '0000-00-00', points: 0 };
    const first = underCap({ capPerDay: 50 }, { earned: none }, 30, '2026-11-21');
    expect(first).toEqual({ points: 30, earned: { date: '2026-11-21', points: 30 } });
    const second = underCap({ capPerDay: 50 }, first, 30, '2026-11-21');
    expect(second).toEqual({ points: 20, earned: { date: '2026-11-21', points: 50 } });
    expect(underCap({ capPerDay: 50 }, second, 30, '2026-11-21').points).toBe(0);
    expect(underCap({ capPerDay: 50 }, second, 30, '2026-11-22')).toEqual({ points: 30, earned: { date: '2026-11-22', points: 30 } });
    expect(underCap({ capPerDay: null }, second, 30, '2026-11-21').points).toBe(30);
  });

  test.each([
    ['none', 0, 'posted', 'posted'],
    ['deductions', 0, 'posted', 'pending'],
    ['all', 0, 'pending', 'pending'],
    ['all', 50, 'posted', 'posted'],
  ] as const)('approval %s above %i: an award is %s, a deduction %s', async (mode, above, award, deduction) => {
    const { change } = await cardIn({ approval: { mode, above } });
    const { result } = await change(50);
    expect(result.entry.status).toBe(award);
    if (award === 'pending') expect(result.card.balance).toBe(0);
    else expect((await change(-50)).result.entry.status).toBe(deduction);
  });
});

test('the ledger of points is sound', async () => {
  await domain.loyalty.rollUps.run();
  const sums = await ledgerSums(domain.mongo, pointsBooks);
  expect({ ...sums, byCurrency: Object.values(sums.byCurrency).filter((sum) => sum !== 0) }).toEqual({
    byCurrency: [],
    unbalancedTransfers: [],
    differing: [],
    negative: [],
    heldDiffers: [],
  });
});
