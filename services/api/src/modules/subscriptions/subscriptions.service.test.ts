import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import {
  reduceInvoices,
  reduceSubscription,
  reduceSubscriptions,
  type AnyEvent,
  type Invoice,
  type Subscription,
} from '@tidings/contracts';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { codesOf, openStall } from '../../../tests/support/stalls.js';
import { books, createStillClock, openSubscriber, passTime, runTurn, wakeUp } from '../../../tests/support/subscribers.js';
import { presentSubscription } from '../entitlements/index.js';
import { presentInvoice } from './invoices.js';

const clock = createStillClock('2026-01-31T10:00:00.000Z');
let domain: Domain;
beforeAll(async () => {
  domain = await createDomain({
    now: clock.now,
    env: {
      SUBSCRIPTION_PLANS: JSON.stringify({
        freeTrial: { items: 3, programs: 2, staff: 2 },
        basic: { price: 3_100, items: 2 },
        premium: { price: 9_400 },
        enterprise: { price: 60_000 },
      }),
    },
  });
});
beforeEach(() => clock.set('2026-01-31T10:00:00.000Z'));
afterAll(async () => {
  expect((await books(domain)).problems).toEqual([]);
  await domain.stop();
});

const day = (time: Date): string => time.toISOString().slice(0, 10);

describe('a trial', () => {
  test('begins with the merchant, reminds of its end, and ends', async () => {
    const { now, told } = await openSubscriber(domain);
    expect(await now()).toMatchObject({ plan: 'freeTrial', status: 'active', amount: 0, currency: 'INR', version: 1 });
    await passTime(domain, clock, '2026-02-28T09:59:00.000Z');
    expect(await told()).toEqual(['trial', 'reminder-7', 'reminder-3', 'reminder-1']);
    expect((await now()).status).toBe('active');
    await passTime(domain, clock, '2026-02-28T10:00:00.000Z');
    expect(await now()).toMatchObject({ status: 'expired', autoRenew: false });
    expect(await told()).toEqual(['trial', 'reminder-7', 'reminder-3', 'reminder-1', 'ended']);
  });

  test('ends when nobody was there, and owners are reminded of nothing that is over', async () => {
    const { now, told } = await openSubscriber(domain);
    await wakeUp(domain, clock, '2026-04-15T00:00:00.000Z');
    expect((await now()).status).toBe('expired');
    expect(await told()).toEqual(['trial', 'ended']);
  });

  test('ends also when the merchant has moved to another time zone meanwhile', async () => {
    const { merchantId, set, now, told } = await openSubscriber(domain);
    await set({ endDate: '2026-04-01T10:00:00.000Z' });
    // The clocks change there on 29 March: seven days before the end are an hour later than they were.
    const boss = await domain.person({ roles: ['admin'] });
    await domain.run((tx) => domain.merchants.administration.update(tx, boss, merchantId, { timeZone: 'Europe/Berlin' }), boss.userId);
    await passTime(domain, clock, '2026-04-01T10:00:00.000Z');
    expect((await now()).status).toBe('expired');
    expect(await told()).toEqual(['trial', 'administrator', 'reminder-7', 'reminder-3', 'reminder-1', 'ended']);
  });

  test('begins for a merchant that is older than subscriptions: by the job, or with the first look', async () => {
    const [first, second] = [await openSubscriber(domain), await openSubscriber(domain)];
    const { models } = domain.merchants.entitlements;
    await models.subscriptions.deleteMany({ _id: { $in: [first.merchantId, second.merchantId] } });
    clock.set('2026-06-01T00:00:00.000Z');
    expect(await first.now()).toMatchObject({ plan: 'freeTrial', status: 'active', startDate: clock.now() });
    const job = { kind: 'subscription-begin', data: { after: '' } };
    const found = await domain.mongo.db.collection('jobs').findOne({ _id: 'subscription-begin:first' as never });
    expect(found).toMatchObject(job);
    await runTurn(domain, found as never);
    await runTurn(domain, found as never);
    expect(await models.subscriptions.findById(second.merchantId).lean()).toMatchObject({ plan: 'freeTrial', version: 1 });
    expect(await second.told()).toEqual(['trial', 'trial']);
  });

  test('is followed by the plan that was chosen, paid at its end', async () => {
    const { now, changePlan, balance, told } = await openSubscriber(domain, { balance: 5_000 });
    await changePlan('basic');
    expect(await now()).toMatchObject({ plan: 'freeTrial', nextPlan: 'basic', autoRenew: true });
    expect(await balance()).toBe(5_000);
    await passTime(domain, clock, '2026-02-28T10:00:00.000Z');
    expect(await now()).toMatchObject({ plan: 'basic', nextPlan: null, status: 'active', amount: 3_100, paymentMethod: 'wallet' });
    expect(await balance()).toBe(1_900);
    expect(day((await now()).endDate)).toBe('2026-03-31');
    expect((await told()).at(-1)).toBe('renewed');
  });
});

describe('renewal', () => {
  test('pays the period that follows, with an invoice, and keeps the day of the month', async () => {
    const { now, renew, balance, invoices } = await openSubscriber(domain, { balance: 20_000 });
    const before = (await books(domain)).revenue;
    await renew({ plan: 'basic' });
    expect(await now()).toMatchObject({ plan: 'basic', status: 'active' });
    expect([day((await now()).startDate), day((await now()).endDate)]).toEqual(['2026-02-28', '2026-03-31']);
    await passTime(domain, clock, '2026-05-31T10:00:00.000Z');
    expect(day((await now()).endDate)).toBe('2026-06-30');
    expect(await balance()).toBe(20_000 - 4 * 3_100);
    expect((await books(domain)).revenue - before).toBe(4 * 3_100);
    const issued = await invoices();
    expect(issued.map(({ total, plan }) => [total, plan])).toEqual(Array.from({ length: 4 }, () => [3_100, 'basic']));
    expect(issued[0]).toMatchObject({ lines: [{ description: 'Basic, 1 month', amount: 3_100 }], paymentMethod: 'wallet' });
  });

  test('of two at once one pays', async () => {
    const { renew, balance, now, invoices } = await openSubscriber(domain, { balance: 20_000 });
    const codes = await codesOf([1, 2, 3].map(() => renew({ plan: 'basic' })));
    expect(codes.toSorted()).toEqual(['ok', 'renewal-too-early', 'renewal-too-early']);
    expect(await balance()).toBe(16_900);
    expect(await invoices()).toHaveLength(1);
    expect(day((await now()).endDate)).toBe('2026-03-31');
  });

  test('meets the expiry: one of them happens first, and what was paid holds', async () => {
    const { renew, balance, now, turns } = await openSubscriber(domain, { balance: 5_000 });
    await passTime(domain, clock, '2026-02-28T09:59:59.000Z');
    clock.set('2026-02-28T10:00:00.000Z');
    const [last] = (await turns()).slice(-1);
    const [, code] = await Promise.all([runTurn(domain, last!), codesOf([renew({ plan: 'basic' })])]);
    expect(code).toEqual(['ok']);
    await runTurn(domain, last!);
    expect(await now()).toMatchObject({ status: 'active', plan: 'basic' });
    expect(await balance()).toBe(1_900);
  });

  test('is not for who has nothing, who is no owner, nor for administrators', async () => {
    const { renew, now } = await openSubscriber(domain);
    const boss = await domain.person({ roles: ['admin'] });
    const codes = await codesOf([
      renew({ plan: 'basic' }),
      renew({ plan: 'basic' }, await domain.person()),
      renew({ plan: 'basic' }, boss),
    ]);
    expect(codes).toEqual(['insufficient-funds', 'forbidden', 'forbidden']);
    expect(await codesOf([renew()])).toEqual(['bad-request']);
    expect(await now()).toMatchObject({ plan: 'freeTrial', version: 1 });
  });

  test('after it has expired begins anew, and opens the merchant', async () => {
    const { renew, now } = await openSubscriber(domain, { balance: 5_000 });
    await passTime(domain, clock, '2026-03-15T12:00:00.000Z');
    expect((await now()).status).toBe('expired');
    await renew({ plan: 'basic' });
    expect(await now()).toMatchObject({ status: 'active', startDate: clock.now() });
    expect(day((await now()).endDate)).toBe('2026-04-15');
  });
});

describe('a payment that fails', () => {
  test('is tried on days 0, 1, 3, 5 and 7, then the subscription expires', async () => {
    const { renew, told, now, turns } = await openSubscriber(domain, { balance: 3_100 });
    await renew({ plan: 'basic' });
    await passTime(domain, clock, '2026-03-31T10:00:00.000Z');
    expect(await now()).toMatchObject({ status: 'pending', grace: { since: clock.now(), attempts: 1 } });
    await passTime(domain, clock, '2026-04-07T09:59:00.000Z');
    expect(await now()).toMatchObject({ status: 'pending', grace: { attempts: 4 } });
    await passTime(domain, clock, '2026-04-30T00:00:00.000Z');
    expect(await now()).toMatchObject({ status: 'expired', grace: null });
    expect((await told()).slice(5)).toEqual([...Array.from({ length: 4 }, () => 'payment-failed'), 'ended']);
    const tried = (await turns()).slice(-5).map(({ dueAt }) => day(dueAt));
    expect(tried).toEqual(['2026-03-31', '2026-04-01', '2026-04-03', '2026-04-05', '2026-04-07']);
  });

  test('goes on when the money has come, and the days of grace are paid for', async () => {
    const { renew, owner, now, balance } = await openSubscriber(domain, { balance: 3_100 });
    await renew({ plan: 'basic' });
    await passTime(domain, clock, '2026-04-02T00:00:00.000Z');
    await domain.fund(owner.userId, 4_000);
    await passTime(domain, clock, '2026-04-03T10:00:00.000Z');
    expect(await now()).toMatchObject({ status: 'active', grace: null });
    expect([day((await now()).startDate), day((await now()).endDate)]).toEqual(['2026-03-31', '2026-04-30']);
    expect(await balance()).toBe(900);
  });

  test('is not tried where the payer is no owner any more', async () => {
    const { renew, owner, now, balance } = await openSubscriber(domain, { balance: 20_000 });
    await renew({ plan: 'basic' });
    await domain.mongo.db.collection<{ _id: string }>('users').updateOne({ _id: owner.userId }, { $set: { memberships: [] } });
    await passTime(domain, clock, '2026-03-31T10:00:00.000Z');
    expect((await now()).status).toBe('pending');
    expect(await balance()).toBe(16_900);
  });

  test('has its days from when it was tried, where nobody was there before', async () => {
    const { renew, now } = await openSubscriber(domain, { balance: 3_100 });
    await renew({ plan: 'basic' });
    await wakeUp(domain, clock, '2026-04-20T00:00:00.000Z');
    expect(await now()).toMatchObject({ status: 'pending', grace: { since: clock.now(), attempts: 1 } });
  });
});

describe('the clock', () => {
  test('acts once, however often its turn is run', async () => {
    const { renew, now, balance, told, turns, invoices } = await openSubscriber(domain, { balance: 20_000 });
    await renew({ plan: 'basic' });
    await passTime(domain, clock, '2026-03-31T10:00:00.000Z');
    const before = [await now(), await balance(), await told(), (await invoices()).length];
    const past = (await turns()).filter(({ dueAt }) => dueAt <= clock.now());
    for (const job of past) await Promise.all([runTurn(domain, job), runTurn(domain, job)]);
    for (const job of past) await runTurn(domain, job);
    expect([await now(), await balance(), await told(), (await invoices()).length]).toEqual(before);
  });

  test('does not act early by a clock that is behind', async () => {
    const { turns, told } = await openSubscriber(domain);
    await expect(runTurn(domain, (await turns())[0]!)).rejects.toThrow('ahead of this one');
    expect(await told()).toEqual(['trial']);
  });

  test('renews once when it was away for months: what is over is not charged', async () => {
    const { renew, now, balance } = await openSubscriber(domain, { balance: 50_000 });
    await renew({ plan: 'basic' });
    await wakeUp(domain, clock, '2026-08-10T12:00:00.000Z');
    expect(await now()).toMatchObject({ status: 'active', startDate: clock.now() });
    expect(await balance()).toBe(50_000 - 2 * 3_100);
  });

  test('goes by the calendar of the merchant, also where its clocks change', async () => {
    clock.set('2026-03-20T09:00:00.000Z');
    const { renew, now } = await openSubscriber(domain, { balance: 50_000, timeZone: 'Europe/Berlin' });
    await renew({ plan: 'basic' });
    expect((await now()).startDate).toEqual(new Date('2026-04-20T08:00:00.000Z'));
    await passTime(domain, clock, '2026-10-31T00:00:00.000Z');
    expect((await now()).endDate).toEqual(new Date('2026-11-20T09:00:00.000Z'));
  });
});

describe('a change of plan', () => {
  test('to a larger one pays the difference for the days that are left, rounded down', async () => {
    const { renew, changePlan, now, balance, invoices } = await openSubscriber(domain, { balance: 50_000 });
    await renew({ plan: 'basic' });
    await passTime(domain, clock, '2026-03-20T18:00:00.000Z');
    const { endDate } = await now();
    await changePlan('premium');
    // From the 20th up to the 31st: 11 of the 31 days from the 28th of February on.
    const due = Math.floor(((9_400 - 3_100) * 11) / 31);
    expect(await balance()).toBe(50_000 - 3_100 - due);
    expect(await now()).toMatchObject({ plan: 'premium', amount: 9_400, endDate });
    expect((await invoices()).at(-1)).toMatchObject({ total: due, lines: [{ description: 'From Basic to Premium, 11 of 31 days' }] });
    await passTime(domain, clock, '2026-03-31T10:00:00.000Z');
    expect(await balance()).toBe(50_000 - 3_100 - due - 9_400);
  });

  test('to one that lasts longer begins now, less what is left', async () => {
    const { renew, changePlan, now, balance, invoices } = await openSubscriber(domain, { balance: 90_000 });
    await renew({ plan: 'basic' });
    await passTime(domain, clock, '2026-03-20T18:00:00.000Z');
    await changePlan('enterprise');
    const credit = Math.floor((3_100 * 11) / 31);
    expect(await balance()).toBe(90_000 - 3_100 - 60_000 + credit);
    expect(await now()).toMatchObject({ plan: 'enterprise', startDate: clock.now() });
    expect(day((await now()).endDate)).toBe('2027-03-20');
    expect((await invoices()).at(-1)?.lines.map(({ amount }) => amount)).toEqual([60_000, -credit]);
  });

  test('to a smaller one happens at the end of the period, and can be taken back', async () => {
    const { renew, changePlan, now, balance } = await openSubscriber(domain, { balance: 90_000 });
    await renew({ plan: 'premium' });
    await changePlan('basic');
    expect(await now()).toMatchObject({ plan: 'premium', nextPlan: 'basic' });
    await changePlan('premium');
    expect(await now()).toMatchObject({ plan: 'premium', nextPlan: null });
    await changePlan('basic');
    await passTime(domain, clock, '2026-03-31T10:00:00.000Z');
    expect(await now()).toMatchObject({ plan: 'basic', nextPlan: null });
    expect(await balance()).toBe(90_000 - 9_400 - 3_100);
  });

  test('counts each day that is left, also of a period that was paid ahead; what is a trial is nobody’s money', async () => {
    const { renew, changePlan, now, balance, invoices } = await openSubscriber(domain, { balance: 90_000 });
    await renew({ plan: 'basic' });
    await changePlan('premium');
    // The trial goes on to the 28th of February: the difference is that of the period that was paid.
    expect((await invoices()).at(-1)?.lines).toEqual([{ description: 'From Basic to Premium, 31 of 31 days', amount: 6_300 }]);
    const ahead = await openSubscriber(domain, { balance: 90_000 });
    await ahead.renew({ plan: 'basic' });
    await passTime(domain, clock, '2026-03-20T18:00:00.000Z');
    await ahead.renew();
    await ahead.changePlan('premium');
    const rest = Math.floor((6_300 * 11) / 31);
    expect((await ahead.invoices()).at(-1)).toMatchObject({
      total: rest + 6_300,
      lines: [{ description: 'From Basic to Premium, 11 of 31 days', amount: rest }, { amount: 6_300 }],
    });
    await ahead.changePlan('enterprise');
    // All that was paid and not used comes off: of premium, for as many days.
    const credit = Math.floor((9_400 * 11) / 31) + 9_400;
    expect((await ahead.invoices()).at(-1)?.total).toBe(60_000 - credit);
    expect(await ahead.balance()).toBe(90_000 - 2 * 3_100 - rest - 6_300 - 60_000 + credit);
    expect([await balance(), (await now()).plan]).toEqual([90_000 - 9_400, 'premium']);
  });

  test('pays for each month up to an end that an administrator has put off, and gets no more back than was paid', async () => {
    const { renew, set, changePlan, invoices } = await openSubscriber(domain, { balance: 900_000 });
    await renew({ plan: 'basic' });
    await passTime(domain, clock, '2026-02-28T10:00:00.000Z');
    await set({ endDate: '2027-02-28T10:00:00.000Z' });
    await changePlan('premium');
    // By the last month of the year, which has 31 days.
    const due = Math.floor((6_300 * 365) / 31);
    expect((await invoices()).at(-1)).toMatchObject({ total: due, lines: [{ description: 'From Basic to Premium, 365 days' }] });
    await changePlan('enterprise');
    expect((await invoices()).at(-1)?.total).toBe(60_000 - 9_400);
  });

  test('twice at once is paid once', async () => {
    const { renew, changePlan, balance } = await openSubscriber(domain, { balance: 90_000 });
    await renew({ plan: 'basic' });
    expect(await codesOf([changePlan('premium'), changePlan('premium')])).toEqual(['ok', 'ok']);
    expect(await balance()).toBe(90_000 - 9_400);
  });
});

describe('a cancellation', () => {
  test('goes on to the end, and is not renewed', async () => {
    const { renew, cancel, now, balance } = await openSubscriber(domain, { balance: 90_000 });
    await renew({ plan: 'basic' });
    await cancel();
    await passTime(domain, clock, '2026-03-31T09:59:00.000Z');
    expect((await now()).status).toBe('cancelled');
    await passTime(domain, clock, '2026-03-31T10:00:00.000Z');
    expect((await now()).status).toBe('expired');
    expect(await balance()).toBe(90_000 - 3_100);
  });

  test('is taken back in time', async () => {
    const { renew, cancel, resume, now } = await openSubscriber(domain, { balance: 90_000 });
    await renew({ plan: 'basic' });
    await cancel();
    expect(await codesOf([cancel()])).toEqual(['invalid-transition']);
    await resume();
    await passTime(domain, clock, '2026-03-31T10:00:00.000Z');
    expect((await now()).status).toBe('active');
  });
});

describe('an administrator', () => {
  test('sets plan, status, end and notes, without a payment, and it is audited', async () => {
    const { set, now, merchantId, invoices } = await openSubscriber(domain);
    await set({ plan: 'enterprise', endDate: '2027-05-05T00:00:00.000Z', notes: 'By contract' });
    expect(await now()).toMatchObject({ plan: 'enterprise', amount: 60_000, notes: 'By contract', version: 2 });
    expect(await invoices()).toEqual([]);
    const entry = await domain.mongo.db
      .collection('audit_log')
      .findOne({ action: 'subscription.update', target: `merchant:${merchantId}` });
    expect(entry).toMatchObject({ details: { planBefore: 'freeTrial', plan: 'enterprise', endDate: '2027-05-05T00:00:00.000Z' } });
  });

  test('cannot make happen what cannot, nor end it in the past', async () => {
    const { set, renew, now } = await openSubscriber(domain, { balance: 5_000 });
    const far = ['0000-01-01', '9999-12-31'].map((date) => set({ status: 'pending', endDate: `${date}T00:00:00.000Z` }));
    expect(await codesOf(far)).toEqual(['bad-request', 'bad-request']);
    await set({ status: 'suspended' });
    const late = set({ endDate: '2020-01-01T00:00:00.000Z' });
    expect(await codesOf([set({ status: 'pending' }), set({ status: 'expired' }), late, renew({ plan: 'basic' })])).toEqual([
      'invalid-transition',
      'invalid-transition',
      'bad-request',
      'invalid-transition',
    ]);
    await passTime(domain, clock, '2026-05-01T00:00:00.000Z');
    expect((await now()).status).toBe('suspended');
    expect(await codesOf([set({ status: 'active' })])).toEqual(['bad-request']);
    await set({ status: 'active', endDate: '2026-06-01T00:00:00.000Z' });
    await passTime(domain, clock, '2026-06-01T00:00:00.000Z');
    expect((await now()).status).toBe('expired');
  });
});

describe('what a subscription allows', () => {
  test('expired: open orders are finished and refunded, new ones refused, and the menu says so', async () => {
    const stall = await openStall(domain);
    const [buyer, other] = [await stall.customer(1_000), await stall.customer(1_000)];
    const [kept, refused] = [await stall.place(buyer), await stall.place(other)];
    await passTime(domain, clock, '2026-02-28T10:00:00.000Z');
    expect((await domain.merchants.selling.get(stall.vendorId)).merchant.stoppedBy).toBe('expired');
    expect(await codesOf([stall.place(buyer)])).toEqual(['merchant-closed']);
    for (const status of ['preparing', 'ready', 'completed'] as const) await stall.move(kept._id, status);
    expect((await stall.move(refused._id, 'rejected')).status).toBe('rejected');
    expect((await domain.wallet.wallet.balance(other.userId)).balance).toBe(1_000);
    const shown = await domain.mongo.db.collection('outbox').findOne({ type: 'merchant-status', 'data.vendorId': stall.vendorId });
    expect(shown).toMatchObject({ data: { open: false } });
    await domain.fund(stall.member.userId, 5_000);
    const input = { plan: 'basic' as const, paymentMethod: 'wallet' as const, autoRenew: true };
    await domain.run((tx) => domain.subscriptions.subscriptions.renew(tx, stall.member, stall.vendorId, input), stall.member.userId);
    expect((await stall.place(buyer)).status).toBe('placed');
  });

  test('no more items, programs and members than the plan has, also at once', async () => {
    const { merchantId, owner } = await openSubscriber(domain);
    const { items, members } = domain.merchants;
    const item = (name: string) => domain.run((tx) => items.create(tx, owner, merchantId, { name, price: 5 }), owner.userId);
    const codes = await codesOf(['a', 'b', 'c', 'd', 'e'].map(item));
    expect(codes.toSorted()).toEqual(['ok', 'ok', 'ok', 'plan-limit', 'plan-limit']);
    await expect(item('f')).rejects.toMatchObject({ code: 'plan-limit', extra: { limit: 3, used: 3 } });
    const { page } = await items.list(merchantId, { limit: 1 });
    await domain.run((tx) => items.remove(tx, owner, merchantId, page[0]!._id), owner.userId);
    expect(await codesOf([item('g')])).toEqual(['ok']);

    const join = async () => {
      const { userId } = await domain.person();
      return domain.run((tx) => members.add(tx, owner, merchantId, { userId, role: 'staff' }), owner.userId);
    };
    // The owner is one of the two.
    expect((await codesOf([join(), join()])).toSorted()).toEqual(['ok', 'plan-limit']);
    const { subscriptions } = domain.subscriptions;
    expect(await subscriptions.usage(owner, merchantId)).toEqual({
      plan: 'freeTrial',
      items: { limit: 3, used: 3 },
      programs: { limit: 2, used: 0 },
      staff: { limit: 2, used: 2 },
    });
  });
});

test('goes with its merchant: it is in no list, nothing is done to it, and screens know', async () => {
  const { merchantId, owner, renew, told, invoices } = await openSubscriber(domain, { balance: 20_000 });
  await renew({ plan: 'basic' });
  const { subscriptions } = domain.subscriptions;
  const listed = async () => (await subscriptions.list({ limit: 100, endsBefore: '2026-04-01T00:00:00.000Z' })).page.map(({ _id }) => _id);
  expect(await listed()).toContain(merchantId);
  await domain.run((tx) => domain.merchants.administration.removeOne(tx, merchantId));
  expect(await listed()).not.toContain(merchantId);
  await wakeUp(domain, clock, '2026-04-15T00:00:00.000Z');
  expect(await told()).toEqual(['trial', 'renewed', 'merchant-deleted']);
  expect((await domain.wallet.wallet.balance(owner.userId)).balance).toBe(16_900);
  expect(await codesOf([invoices()])).toEqual(['not-found']);
  const found = await domain.mongo.db
    .collection('outbox')
    .find({ feeds: 'merchants:admin', 'data.merchantId': merchantId })
    .sort({ _id: 1 })
    .toArray();
  const events = found.map(({ type, data }) => ({ type, data }) as unknown as AnyEvent);
  expect(events.reduce<readonly Subscription[]>(reduceSubscriptions, [])).toEqual([]);
  expect(events.reduce<Subscription | null>(reduceSubscription, null)).toBeNull();
});

test('the list is read by its indexes in its order, page by page', async () => {
  await Promise.all([1, 2, 3, 4].map(() => openSubscriber(domain)));
  const query = { plan: 'freeTrial', status: 'active', limit: 2 } as const;
  const { subscriptions } = domain.subscriptions;
  const all = await subscriptions.list({ ...query, limit: 100 });
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const { page, nextCursor } = await subscriptions.list({ ...query, cursor });
    ids.push(...page.map(({ _id }) => _id));
    cursor = nextCursor ?? undefined;
  } while (cursor);
  expect(ids).toEqual(all.page.map(({ _id }) => _id));
  expect(await codesOf([subscriptions.list({ limit: 2, cursor: Buffer.from('["newest",1,"a"]').toString('base64url') })])).toEqual([
    'bad-request',
  ]);
});

test('invoices are numbered without gaps, though payments meet and fail', async () => {
  const paying = await Promise.all([1, 2, 3, 4, 5].map(() => openSubscriber(domain, { balance: 3_100 })));
  const poor = await openSubscriber(domain);
  const last = await openSubscriber(domain, { balance: 3_100 });
  const givenUp = domain.run(async (tx) => {
    const input = { plan: 'basic' as const, paymentMethod: 'wallet' as const, autoRenew: true };
    await domain.subscriptions.subscriptions.renew(tx, last.owner, last.merchantId, input);
    throw new Error('given up');
  });
  await expect(givenUp).rejects.toThrow('given up');
  await codesOf([...paying.map(({ renew }) => renew({ plan: 'basic' })), poor.renew({ plan: 'basic' })]);
  const found = await domain.subscriptions.models.invoices
    .find({ number: /^2026-/ })
    .sort({ number: 1 })
    .lean();
  expect(found.length).toBeGreaterThanOrEqual(5);
  expect(found.map(({ number }) => number)).toEqual(found.map((_, index) => `2026-${String(index + 1).padStart(6, '0')}`));
});

test('what was told comes to what is fetched', async () => {
  const { merchantId, owner, renew, changePlan, invoices, now } = await openSubscriber(domain, { balance: 90_000 });
  await renew({ plan: 'basic' });
  await changePlan('premium');
  await passTime(domain, clock, '2026-04-02T00:00:00.000Z');
  const found = await domain.mongo.db
    .collection('outbox')
    .find({ feeds: `merchant:${merchantId}` })
    .sort({ at: 1, _id: 1 })
    .toArray();
  const told = found.map(({ type, data }) => ({ type, data }) as unknown as AnyEvent);
  expect(told.reduce<Subscription | null>(reduceSubscription, null)).toEqual(presentSubscription(await now()));
  expect(told.reduce<readonly Invoice[]>(reduceInvoices, [])).toEqual((await invoices()).toReversed().map(presentInvoice));
  const history = await domain.wallet.wallet.history(owner.userId, { limit: 10, type: 'subscription' });
  expect(history.page.map(({ description }) => description).at(-1)).toBe('Subscription: Basic, 1 month');
});
