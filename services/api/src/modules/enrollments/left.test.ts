import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { listedCustomers, reduceCustomerBook, type AnyEvent, type CustomerBook } from '@tidings/contracts';
import { createClock, openCard, pointsProblems, runDue } from '../../../tests/support/cards.js';
import { dayMs, openClub, outcome } from '../../../tests/support/clubs.js';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { customerId, presentCustomer } from '../loyalty/index.js';

const clock = createClock();
let domain: Domain;
beforeAll(async () => {
  domain = await createDomain({ now: clock.now });
});
afterAll(() => domain.stop());

const settings = { expiry: { days: 60, warnDays: 5 }, approval: { mode: 'deductions', above: 0 } } as const;
const runJobs = (days: number): Promise<void> => {
  clock.forward(days * dayMs);
  return runDue(domain, clock.now());
};

describe('a customer who is gone', () => {
  test.each(['withdraw', 'block'] as const)(
    'by %s is not heard of again: not of points, rewards, decisions, or what the clock does',
    async (how) => {
      const club = await openClub(domain, { ...settings, enrollment: 'automatic' });
      const customer = await domain.person();
      const { _id: id } = await club.join(customer);
      const { member, merchantId, program } = club;
      const card = await openCard(domain, settings, { beside: { merchantId, member }, program, customer, now: clock.now });
      const award = await card.give(100);
      const waiting = await card.give(-30);
      const reward = await card.offer({ cost: 40 });
      const redemption = await card.redeem(reward._id);
      const code = card.codeOf(redemption._id);
      await club.decide(customer, id, how);
      expect(await card.card()).toMatchObject({ status: 'closed', balance: 100, held: 0 });
      const about = async () => (await club.told()).filter(({ data }) => data['userId'] === customer.userId).map(({ type }) => type);
      const told = await about();

      const refusals = [card.give(10), card.give(-10), card.reverse(award._id), card.confirm(code), card.redeem(reward._id)].map(outcome);
      for (const refusal of refusals)
        expect(await refusal).toEqual(expect.stringMatching(/^(not-found|program-closed|invalid-transition)$/));
      expect(await outcome(card.decide(waiting._id, 'accept'))).toBe('invalid-transition');
      await runJobs(61);
      expect(await card.card()).toMatchObject({ balance: 0 });
      expect(await about()).toEqual(told);
      expect(await pointsProblems(domain)).toEqual([]);
    },
  );

  test('from one of two programs takes those points out of the business’s list, and their end does not change it behind its back', async () => {
    const first = await openCard(domain, settings);
    const { merchantId, member, customer } = first;
    const second = await openCard(domain, {}, { beside: { merchantId, member }, customer });
    await first.give(100);
    await second.give(7);
    await first.close();
    await runJobs(61);
    await second.give(1);
    const events = await domain.mongo.db
      .collection('outbox')
      .find({ feeds: `merchant:${merchantId}` })
      .sort({ at: 1, _id: 1 })
      .toArray();
    const live = events.reduce<CustomerBook>((book, event) => reduceCustomerBook(book, event as unknown as AnyEvent), new Map());
    const line = await domain.loyalty.models.customers.findById(customerId(merchantId, customer.userId)).lean();
    expect(presentCustomer(line!)).toMatchObject({ status: 'active', balance: 8, lifetime: 108, programIds: [second.program._id] });
    expect(listedCustomers(live)).toEqual([presentCustomer(line!)]);
    await first.reopen();
    expect(await domain.loyalty.models.customers.findById(line!._id).lean()).toMatchObject({ balance: 8, status: 'active' });

    // Back again, the business reads what its desk has heard of, the customer everything.
    const cardId = (await first.card())._id;
    const heard = events.filter(({ type, data }) => type === 'points-updated' && data.cardId === cardId).map(({ data }) => data.pointsId);
    const read = async (caller: typeof member) =>
      (await domain.loyalty.pointsService.list(caller, { cardId, limit: 10 })).page.map(({ _id, source }) => [_id, source]);
    expect(heard).toHaveLength(1);
    expect(await read(member)).toEqual([[heard[0], 'manual']]);
    expect((await read(customer)).map(([, source]) => source)).toEqual(['expiry', 'manual']);
    const { page } = await domain.customers.customers.interactions(member, merchantId, customer.userId, { limit: 50 });
    expect(page.filter(({ subjectId }) => !events.some(({ data }) => data.pointsId === subjectId))).toEqual([]);
  });
});
