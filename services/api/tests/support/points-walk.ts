import { expect } from '@jest/globals';
import { Problem } from '@tidings/contracts';
import type { JobDocument } from '@tidings/platform';
import fc from 'fast-check';
import { customerId } from '../../src/modules/loyalty/customers.js';
import { pointsWarningJobKind } from '../../src/modules/loyalty/lot-jobs.js';
import type { CustomerDocument } from '../../src/modules/loyalty/book.model.js';
import type { PointsDocument, RewardDocument } from '../../src/modules/loyalty/loyalty.model.js';
import { heldPointsOf, pointsOf, programAccount } from '../../src/modules/loyalty/points-books.js';
import { accountId } from '../../src/modules/wallet/ledger.js';
import { dayMs, openCard, pointsProblems, runDue, runJob, type OpenCard } from './cards.js';
import type { Domain } from './domain.js';
import { ModelCard, type ModelEntry, type ModelRedemption, type Settings } from './points-model.js';

/** A clock that stands still between steps. */
export interface Clock {
  now(): Date;
  forward(ms: number): void;
}

interface Slot {
  card: OpenCard;
  model: ModelCard;
  /** One that is counted, and one that is not. */
  rewards: readonly RewardDocument[];
}

/** What is walked on: two customers with a card in each of three programs of one merchant, on paper and in the database. */
export interface Walk {
  domain: Domain;
  clock: Clock;
  slots: readonly Slot[];
  entries: { model: ModelEntry; id: string; slot: Slot }[];
  redemptions: { model: ModelRedemption; id: string; slot: Slot }[];
  steps: number;
}

const tiers = [
  { name: 'Silver', threshold: 200 },
  { name: 'Gold', threshold: 1_000 },
];
const kinds: readonly (Settings & { stock: number })[] = [
  { days: null, approval: { mode: 'none', above: 0 }, stock: 3 },
  { days: 30, approval: { mode: 'deductions', above: 20 }, stock: 2 },
  { days: 10, approval: { mode: 'all', above: 60 }, stock: 1 },
];
/** Points: of the counted reward, and of the other. */
const costs = [40, 25] as const;

export async function beginWalk(domain: Domain, clock: Clock): Promise<Walk> {
  // The same time of day for each, so that a seed means the same walk.
  clock.forward(dayMs - (clock.now().getTime() % dayMs) + dayMs / 3);
  const slots: Slot[] = [];
  for (const { days, approval, stock } of kinds) {
    const settings = { tiers, approval, expiry: days === null ? null : { days, warnDays: 3 } };
    const [beside] = slots.map(({ card }) => card);
    const options = { now: clock.now, ...(beside ? { beside } : {}) };
    const first = await openCard(domain, settings, { ...options, ...(beside ? { customer: beside.customer } : {}) });
    const rewards = [
      await first.offer({ name: 'Cake', cost: costs[0], stock }),
      await first.offer({ name: 'Chai', cost: costs[1], stock: null }),
    ];
    const second = await first.another(slots[1]?.card.customer ?? (await domain.person()));
    const shelf = { left: stock };
    for (const card of [first, second]) slots.push({ card, model: new ModelCard({ days, approval }, shelf), rewards });
  }
  return { domain, clock, slots, entries: [], redemptions: [], steps: 0 };
}

async function answerOf<T>(pending: Promise<T>): Promise<{ answer: string; made?: T }> {
  try {
    return { answer: 'ok', made: await pending };
  } catch (error) {
    if (error instanceof Problem) return { answer: error.code };
    throw error;
  }
}

type Work = (walk: Walk, now: number) => Promise<Slot | undefined>;

/** One step: does the same on both sides, and compares the answers and the card. */
function step(words: string, work: Work): fc.AsyncCommand<object, Walk> {
  return {
    check: () => true,
    toString: () => words,
    async run(_, walk) {
      walk.clock.forward(1_000);
      const slot = await work(walk, walk.clock.now().getTime());
      if (slot) await expectSame(slot);
      if (++walk.steps % 250 === 0) await expectConserved(walk);
    },
  };
}

const slotOf = ({ slots }: Walk, index: number): Slot => slots[index % slots.length]!;

const change = (index: number, delta: number) =>
  step(`card ${index}: ${delta} points`, async (walk, now) => {
    const slot = slotOf(walk, index);
    const { answer, entry } = slot.model.change(delta, now);
    const real = await answerOf(slot.card.give(delta));
    expect(real.answer).toBe(answer);
    if (entry) walk.entries.push({ model: entry, id: real.made!._id, slot });
    return slot;
  });

const decide = (index: number, decision: 'accept' | 'decline') =>
  step(`entry ${index}: ${decision}`, async (walk, now) => {
    const waiting = walk.entries.filter(({ model }) => model.status === 'pending');
    // Now and then one that waits no more.
    const of = waiting.length > 0 && index % 5 > 0 ? waiting : walk.entries;
    const entry = of[index % Math.max(1, of.length)];
    if (!entry) return undefined;
    const answer = entry.slot.model.decide(entry.model, decision, now);
    expect((await answerOf(entry.slot.card.decide(entry.id, decision))).answer).toBe(answer);
    return entry.slot;
  });

const reverse = (index: number) =>
  step(`entry ${index}: reverse`, async (walk, now) => {
    const entry = walk.entries.at(-(1 + (index % Math.max(1, walk.entries.length))));
    if (!entry) return undefined;
    const { slot } = entry;
    const { answer, entry: reversal } = slot.model.reverse(entry.model, now);
    const real = await answerOf(slot.card.reverse(entry.id));
    expect(real.answer).toBe(answer);
    if (reversal) walk.entries.push({ model: reversal, id: real.made!._id, slot });
    return slot;
  });

const redeem = (index: number, which: 0 | 1) =>
  step(`card ${index}: redeem ${which}`, async (walk, now) => {
    const slot = slotOf(walk, index);
    const { answer, redemption } = slot.model.redeem(costs[which], which === 0, now);
    const real = await answerOf(slot.card.redeem(slot.rewards[which]!._id));
    expect(real.answer).toBe(answer);
    if (redemption) walk.redemptions.push({ model: redemption, id: real.made!._id, slot });
    return slot;
  });

const finish = (index: number, how: 'confirm' | 'cancel') =>
  step(`redemption ${index}: ${how}`, async (walk, now) => {
    const redemption = walk.redemptions.at(-(1 + (index % Math.max(1, Math.min(8, walk.redemptions.length)))));
    if (!redemption) return undefined;
    const { slot, model, id } = redemption;
    const answer = how === 'confirm' ? slot.model.confirm(model, now) : slot.model.end(model, 'cancelled');
    const { card } = slot;
    expect((await answerOf(how === 'confirm' ? card.confirm(card.codeOf(id)) : card.cancel(id))).answer).toBe(answer);
    return slot;
  });

const leave = (index: number) =>
  step(`card ${index}: leave or join`, async (walk) => {
    const slot = slotOf(walk, index);
    const isOpen = slot.model.status === 'active';
    if (isOpen) slot.model.close();
    else slot.model.status = 'active';
    await (isOpen ? slot.card.close() : slot.card.reopen());
    return slot;
  });

const look = async ({ domain, clock, slots }: Walk): Promise<void> => {
  for (const { model } of slots) model.look(clock.now().getTime());
  await runDue(domain, clock.now());
};

/** Time goes by; unless it is `away`, the clock does what is due then. */
const pass = (minutes: number, away: boolean) =>
  step(`${minutes} minutes${away ? ', unseen' : ''}`, async (walk) => {
    walk.clock.forward(minutes * 60_000);
    if (!away) await look(walk);
    return undefined;
  });

/** A queue that has forgotten what it did. */
const again = (index: number) =>
  step(`again from job ${index}`, async (walk) => {
    await look(walk);
    // A warning changes nothing: only the job's own record keeps it from coming twice.
    const kind = { $in: Object.keys(walk.domain.loyalty.jobs ?? {}).filter((name) => name !== pointsWarningJobKind) };
    const done = walk.domain.mongo.db.collection<JobDocument>('jobs').find({ state: 'done', kind });
    const jobs = await done.sort({ dueAt: -1, _id: 1 }).skip(index).limit(3).toArray();
    for (const job of jobs) await runJob(walk.domain, job);
    return undefined;
  });

const card = fc.nat(5);
const nth = fc.nat(1_000);
const minutes = fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 60, max: 3_000 }), fc.integer({ min: 3_000, max: 50_000 }));

/** What may happen next. Awards outweigh the rest a little, else every card is empty most of the time. */
export const steps: fc.Arbitrary<fc.AsyncCommand<object, Walk>> = fc.oneof(
  { weight: 8, arbitrary: fc.tuple(card, fc.integer({ min: 1, max: 120 })).map((given) => change(...given)) },
  { weight: 4, arbitrary: fc.tuple(card, fc.integer({ min: -80, max: -1 })).map((given) => change(...given)) },
  { weight: 4, arbitrary: fc.tuple(nth, fc.constantFrom('accept' as const, 'decline' as const)).map((given) => decide(...given)) },
  { weight: 3, arbitrary: nth.map(reverse) },
  { weight: 4, arbitrary: fc.tuple(card, fc.constantFrom(0 as const, 1 as const)).map((given) => redeem(...given)) },
  { weight: 4, arbitrary: fc.tuple(nth, fc.constantFrom('confirm' as const, 'cancel' as const)).map((given) => finish(...given)) },
  { weight: 3, arbitrary: fc.tuple(minutes, fc.boolean()).map((given) => pass(...given)) },
  { weight: 1, arbitrary: card.map(leave) },
  { weight: 1, arbitrary: fc.nat(40).map(again) },
);

const tierOf = (lifetime: number): string | null => tiers.findLast(({ threshold }) => threshold <= lifetime)?.name ?? null;

async function expectSame({ card: real, model }: Slot): Promise<void> {
  const { status, balance, held, lifetime, tier, lots } = await real.card();
  expect({ status, balance, held, lifetime, tier, lots: lots.map(({ expiresAt, points }) => [expiresAt.getTime(), points]) }).toEqual({
    status: model.status,
    balance: model.balance,
    held: model.held,
    lifetime: model.lifetime,
    tier: tierOf(model.lifetime),
    lots: model.lots,
  });
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Paper, cards, entries, the business's lines, the ledger and the shelves: all say the same. */
export async function expectConserved({ domain, slots, entries, redemptions }: Walk): Promise<void> {
  expect(await pointsProblems(domain)).toEqual([]);
  const { models } = domain.loyalty;
  const accounts = domain.mongo.db.collection<{ _id: string; balance: number }>('points_accounts');
  const balanceOf = async (ref: Parameters<typeof accountId>[0]) => (await accounts.findOne({ _id: accountId(ref) }))?.balance ?? 0;

  for (const slot of slots) {
    await expectSame(slot);
    const { customer, program } = slot.card;
    const { balance, held } = await slot.card.card();
    expect(await balanceOf(pointsOf(customer.userId, program._id))).toBe(balance);
    expect(await balanceOf(heldPointsOf(customer.userId, program._id))).toBe(held);
    const all: PointsDocument[] = await slot.card.entries();
    const moved = all.filter(({ status }) => status === 'posted' || status === 'reversed');
    expect(sum(moved.map(({ delta }) => delta))).toBe(balance + held);
    expect(sum(moved.filter(({ source }) => source === 'expiry').map(({ delta }) => delta)) + slot.model.expired).toBe(0);
    const statuses = new Map(all.map(({ _id, status }) => [_id, status]));
    const ours = entries.filter((entry) => entry.slot === slot);
    expect(ours.map(({ id }) => statuses.get(id))).toEqual(ours.map(({ model }) => model.status));
    const stock = (await models.rewards.findById(slot.rewards[0]!._id).lean<RewardDocument>())?.stock;
    expect(stock).toBe(slot.model.shelf.left);
  }
  const stored = await models.redemptions.find({ _id: { $in: redemptions.map(({ id }) => id) } }, { status: 1 }).lean();
  const statuses = new Map(stored.map(({ _id, status }) => [_id, status]));
  expect(redemptions.map(({ id }) => statuses.get(id))).toEqual(redemptions.map(({ model }) => model.status));

  for (const programId of new Set(slots.map(({ card: { program } }) => program._id))) {
    const cards = await Promise.all(slots.filter((slot) => slot.card.program._id === programId).map((slot) => slot.card.card()));
    expect(await balanceOf(programAccount(programId))).toBe(-sum(cards.map(({ balance, held }) => balance + held)) || 0);
  }
  for (const userId of new Set(slots.map(({ card: { customer } }) => customer.userId))) {
    const own = slots.filter((slot) => slot.card.customer.userId === userId);
    const cards = await Promise.all(own.map((slot) => slot.card.card()));
    const line = await models.customers.findById(customerId(own[0]!.card.merchantId, userId)).lean<CustomerDocument>();
    expect(line).toMatchObject({
      balance: sum(cards.map(({ status, balance }) => (status === 'active' ? balance : 0))),
      lifetime: sum(cards.map(({ lifetime }) => lifetime)),
      status: cards.some(({ status }) => status === 'active') ? 'active' : 'left',
      programIds: cards
        .filter(({ status }) => status === 'active')
        .map(({ programId }) => programId)
        .toSorted(),
    });
  }
  const warnings = { $group: { _id: { card: '$data.cardId', end: '$data.expiresAt' }, times: { $sum: 1 } } };
  const repeated = [{ $match: { type: 'points-expiring' } }, warnings, { $match: { times: { $gt: 1 } } }];
  expect(await domain.mongo.db.collection('outbox').aggregate(repeated).toArray()).toEqual([]);
}
