import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { createClock, dayMs, fillWaiting, openCard, pointsProblems, runDue } from '../../../tests/support/cards.js';
import { codesOf } from '../../../tests/support/stalls.js';

const clock = createClock();
let domain: Domain;
beforeAll(async () => {
  domain = await createDomain({ now: clock.now });
});
afterAll(() => domain.stop());

const times = <T>(count: number, work: () => T): T[] => Array.from({ length: count }, work);

describe('points by hand', () => {
  test('are given and taken by members, and by administrators, who leave a trace', async () => {
    const { member, customer, card, merchantId } = await openCard(domain);
    const { _id } = await card();
    const admin = await domain.person({ roles: ['admin'] });
    const others = [customer, await domain.person(), (await openCard(domain)).member];
    const by = (who: typeof member, delta = 10) =>
      domain.run((tx) => domain.loyalty.pointsService.byHand(tx, who, _id, { delta, reason: 'Cake' }), who.userId);
    expect(await codesOf([...others, member].map((who) => by(who)))).toEqual(['forbidden', 'not-found', 'not-found', 'ok']);
    await by(admin, -4);
    expect(await card()).toMatchObject({ balance: 6, lifetime: 10 });
    const trace = await domain.mongo.db.collection('audit_log').findOne({ actor: admin.userId });
    expect(trace).toMatchObject({ action: 'points.change', target: `merchant:${merchantId}`, details: { cardId: _id, delta: -4 } });
  });

  test('a program that is not active gives no more, its points can be taken; a suspended business does neither', async () => {
    const { give, member, program, merchantId } = await openCard(domain);
    await give(100);
    await domain.run((tx) => domain.loyalty.programs.update(tx, member, merchantId, program._id, { isActive: false }));
    expect(await codesOf([give(10), give(-10)])).toEqual(['program-closed', 'ok']);
    await domain.mongo.db.collection<{ _id: string }>('merchants').updateOne({ _id: merchantId }, { $set: { isActive: false } });
    expect(await codesOf([give(-10)])).toEqual(['merchant-closed']);
  });

  test('are not given by a business whose subscription is over, but taken and given back', async () => {
    const { give, reverse, card, merchantId } = await openCard(domain);
    await give(100);
    await domain.run((tx) => domain.merchants.merchants.setStopped(tx, merchantId, 'expired'));
    expect(await codesOf([give(10)])).toEqual(['merchant-closed']);
    await reverse((await give(-10))._id);
    expect(await card()).toMatchObject({ balance: 100 });
    await domain.run((tx) => domain.merchants.merchants.setStopped(tx, merchantId, undefined));
    expect(await codesOf([give(10)])).toEqual(['ok']);
  });

  test('of a suspended business are not reversed', async () => {
    const { give, reverse, card, entries, merchantId } = await openCard(domain);
    const { _id } = await give(100);
    await domain.mongo.db.collection<{ _id: string }>('merchants').updateOne({ _id: merchantId }, { $set: { isActive: false } });
    expect(await codesOf([reverse(_id)])).toEqual(['merchant-closed']);
    expect([await card(), await entries()]).toMatchObject([{ balance: 100 }, [{ status: 'posted' }]]);
  });

  test('of a member are another member’s matter', async () => {
    const { member, merchantId, program } = await openCard(domain);
    const own = await openCard(domain, {}, { beside: { merchantId, member }, program, customer: member });
    expect(await codesOf([own.give(100)])).toEqual(['forbidden']);
    const colleague = await domain.person({ merchants: [merchantId] });
    const theirs = await openCard(domain, {}, { beside: { merchantId, member: colleague }, program, customer: member });
    const { _id } = await theirs.give(100);
    expect(await codesOf([own.reverse(_id)])).toEqual(['forbidden']);
    expect(await theirs.card()).toMatchObject({ balance: 100 });
  });

  test('more than the card has is refused, also where it would wait', async () => {
    const { give, entries } = await openCard(domain, { approval: { mode: 'deductions', above: 0 } });
    await give(20);
    expect(await codesOf([give(-21)])).toEqual(['insufficient-points']);
    expect(await entries()).toHaveLength(1);
  });
});

describe('what waits for the customer', () => {
  const waiting = { approval: { mode: 'all', above: 0 } } as const;

  test('moves when accepted, and not at all when declined', async () => {
    const { give, decide, card, entries } = await openCard(domain, waiting);
    const [first, second] = [await give(30), await give(50)];
    expect(await card()).toMatchObject({ balance: 0, version: 1 });
    expect(await decide(first._id, 'accept')).toMatchObject({ status: 'posted', balance: 30, version: 2 });
    expect(await decide(second._id, 'decline')).toMatchObject({ status: 'denied', delta: 50, version: 2 });
    expect(await card()).toMatchObject({ balance: 30, lifetime: 30 });
    expect((await entries()).map(({ status }) => status)).toEqual(['posted', 'denied']);
  });

  test('is the customer’s to decide', async () => {
    const { give, decide, member } = await openCard(domain, waiting);
    const { _id } = await give(30);
    const stranger = await domain.person();
    expect(await codesOf([decide(_id, 'accept', member), decide(_id, 'accept', stranger)])).toEqual(['forbidden', 'not-found']);
  });

  test('is not more than a customer who leaves can deny at once', async () => {
    const { give, close, decide, entries, card } = await openCard(domain, waiting);
    const { _id } = await give(5);
    await fillWaiting(domain, (await card())._id);
    expect(await codesOf([give(5)])).toEqual(['already-exists']);
    await decide(_id, 'decline');
    expect((await codesOf([give(5), give(5), give(5)])).toSorted()).toEqual(['already-exists', 'already-exists', 'ok']);
    await close();
    expect((await entries()).every(({ status }) => status === 'denied')).toBe(true);
  });

  test('decided on ten devices at once is decided once', async () => {
    const { give, decide, card } = await openCard(domain, waiting);
    const { _id } = await give(30);
    const answers = await codesOf(times(10, () => decide(_id, 'accept')));
    expect(answers.toSorted()).toEqual([...times(9, () => 'invalid-transition'), 'ok']);
    expect(await card()).toMatchObject({ balance: 30, version: 2 });
    expect(await codesOf([decide(_id, 'decline')])).toEqual(['invalid-transition']);
  });

  test('is refused when the points are gone meanwhile, and can be declined then', async () => {
    const { give, decide, card } = await openCard(domain, { approval: { mode: 'deductions', above: 10 } });
    await give(30);
    const { _id } = await give(-25);
    await give(-10);
    expect(await codesOf([decide(_id, 'accept')])).toEqual(['insufficient-points']);
    expect(await decide(_id, 'decline')).toMatchObject({ status: 'denied' });
    expect(await card()).toMatchObject({ balance: 20 });
  });

  test('is denied when the customer leaves, which is told while the business may still hear of it', async () => {
    const { give, decide, close, merchantId, card } = await openCard(domain, waiting);
    const { _id } = await give(30);
    const events = await close();
    const told = events.filter(({ feeds }) => feeds.includes(`merchant:${merchantId}`)).map(({ type }) => type);
    expect(told).toEqual(['points-updated', 'card-updated', 'loyalty-customer-updated']);
    expect(await codesOf([decide(_id, 'accept'), give(5)])).toEqual(['invalid-transition', 'not-found']);
    expect(await card()).toMatchObject({ status: 'closed', balance: 0 });
  });

  test('proposed while the customer leaves is denied, or not proposed', async () => {
    for (let round = 0; round < 10; round++) {
      const { give, close, entries } = await openCard(domain, waiting);
      await Promise.allSettled([give(30), give(20), close()]);
      expect((await entries()).filter(({ status }) => status === 'pending')).toEqual([]);
    }
  });

  test('is denied by the clock after thirty days, and refused from that instant on', async () => {
    const { give, decide, entries, card } = await openCard(domain, waiting);
    const { _id } = await give(30);
    clock.forward(30 * dayMs - 60_000);
    await runDue(domain, clock.now());
    expect((await entries())[0]).toMatchObject({ status: 'pending' });
    clock.forward(60_000);
    expect(await codesOf([decide(_id, 'accept')])).toEqual(['invalid-transition']);
    await runDue(domain, clock.now());
    expect((await entries())[0]).toMatchObject({ status: 'denied', version: 2 });
    expect(await card()).toMatchObject({ balance: 0 });
  });
});

describe('a reversal', () => {
  test('takes a mistaken award back with its tier, and gives a mistaken deduction back', async () => {
    const { give, reverse, card, entries } = await openCard(domain, { tiers: [{ name: 'Gold', threshold: 100 }] });
    const award = await give(80);
    const mistake = await give(40);
    expect(await card()).toMatchObject({ balance: 120, tier: 'Gold' });
    expect(await reverse(mistake._id)).toMatchObject({ delta: -40, source: 'reversal', reversalOf: mistake._id, status: 'posted' });
    expect(await card()).toMatchObject({ balance: 80, lifetime: 80, tier: null });
    const deduction = await give(-30);
    await reverse(deduction._id);
    expect(await card()).toMatchObject({ balance: 80, lifetime: 80 });
    expect((await entries()).map(({ status }) => status)).toEqual(['posted', 'reversed', 'posted', 'reversed', 'posted']);
    expect(award.status).toBe('posted');
  });

  test('of ten at once one takes it back', async () => {
    const { give, reverse, card } = await openCard(domain);
    await give(500);
    const { _id } = await give(40);
    const answers = await codesOf(times(10, () => reverse(_id)));
    expect(answers.toSorted()).toEqual([...times(9, () => 'invalid-transition'), 'ok']);
    expect(await card()).toMatchObject({ balance: 500, lifetime: 500 });
  });

  test('never takes more than the card has, and then leaves the award as it was', async () => {
    const { give, reverse, entries } = await openCard(domain);
    const { _id } = await give(40);
    await give(-1);
    expect(await codesOf([reverse(_id)])).toEqual(['insufficient-points']);
    expect((await entries())[0]).toMatchObject({ status: 'posted', version: 1 });
  });

  test('is of awards and deductions that have moved, by members', async () => {
    const { give, reverse, decide, customer } = await openCard(domain, { approval: { mode: 'deductions', above: 10 } });
    const award = await give(100);
    const pending = await give(-20);
    const denied = await give(-20);
    await decide(denied._id, 'decline');
    const reversal = await reverse((await give(5))._id);
    expect(await codesOf([pending, denied, reversal].map(({ _id }) => reverse(_id)))).toEqual(times(3, () => 'invalid-transition'));
    const stranger = await domain.person();
    expect(await codesOf([customer, stranger].map((who) => reverse(award._id, who)))).toEqual(['forbidden', 'not-found']);
  });
});

test('the ledger of points is sound', async () => {
  expect(await pointsProblems(domain)).toEqual([]);
});
