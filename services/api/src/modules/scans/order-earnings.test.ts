import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Principal, ProgramInput } from '@tidings/contracts';
import type { ClientSession, JobDocument } from '@tidings/platform';
import { fillWaiting, openCard, pointsProblems } from '../../../tests/support/cards.js';
import { openClub } from '../../../tests/support/clubs.js';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import type { OrderDocument } from '../orders/index.js';
import { orderJobKind } from './order-earnings.js';

let domain: Domain;
beforeAll(async () => {
  domain = await createDomain();
});
afterAll(() => domain.stop());

const jobsOf = (): ReturnType<typeof domain.mongo.db.collection<JobDocument>> => domain.mongo.db.collection<JobDocument>('jobs');

/** A merchant with chai at 100 and cake at 300, whose program has these settings. */
async function openShop(settings: Partial<ProgramInput> | ((chai: string) => Partial<ProgramInput>) = {}) {
  const club = await openClub(domain, { enrollment: 'automatic' });
  const { merchantId, member, program } = club;
  const item = async (name: string, price: number) =>
    (await domain.run((tx) => domain.merchants.items.create(tx, member, merchantId, { name, price }))).result._id;
  const [chai, cake] = [await item('Masala chai', 100), await item('Plum cake', 300)];
  const patch = typeof settings === 'function' ? settings(chai) : settings;
  await domain.run((tx) => domain.loyalty.programs.update(tx, member, merchantId, program._id, { isActive: true, ...patch }));
  const { orders } = domain.orders;
  const shop = {
    ...club,
    async friend(): Promise<Principal> {
      const customer = await domain.person();
      await club.join(customer);
      await domain.fund(customer.userId, 100_000);
      return customer;
    },
    async order(caller: Principal, chais: number, cakes = 0): Promise<OrderDocument> {
      const items = [
        { itemId: chai, quantity: chais },
        { itemId: cake, quantity: cakes },
      ].filter(({ quantity }) => quantity > 0);
      const ticket = orders.ticket();
      return (await domain.run((tx) => orders.place(tx, caller, { vendorId: merchantId, items }, ticket), caller.userId)).result;
    },
    refund: (id: string, amount: number) =>
      domain.run((tx) => orders.refund(tx, member, id, { amount, reason: 'It was cold' }), member.userId),
    reject: (id: string) => domain.run((tx) => orders.changeStatus(tx, member, id, { status: 'rejected' }), member.userId),
    jobs: async (id: string) => jobsOf().find({ kind: orderJobKind, 'data.orderId': id }).sort({ _id: 1 }).toArray(),
    /** Does what is due for the order; `again`: what was done, too, as a queue does that forgets. */
    async settle(id: string, { again = false } = {}): Promise<void> {
      for (const job of (await shop.jobs(id)).filter(({ state }) => again || state === 'due')) {
        await domain.scans.jobs?.[orderJobKind]?.(job, async (session: ClientSession) => {
          await jobsOf().updateOne({ _id: job._id }, { $set: { state: 'done' } }, { session });
          return true;
        });
      }
    },
    card: async ({ userId }: Principal, of = program) => (await domain.loyalty.cards.of(userId, of._id))!,
    entries: async (orderId: string) =>
      (await domain.loyalty.models.points.find({ orderId }).sort({ createdAt: 1, _id: 1 }).lean()).map(
        ({ delta, source, status }) => `${source} ${delta} ${status}`,
      ),
    give: async (caller: Principal, delta: number) => {
      const { _id } = await shop.card(caller);
      await domain.run((tx) => domain.loyalty.pointsService.byHand(tx, member, _id, { delta, reason: 'By hand' }), member.userId);
    },
  };
  return shop;
}

const byAmount = { rules: [{ kind: 'amount' as const, points: 1, per: 100 }] };

describe('a paid order', () => {
  test('earns by amount and by item, and is no visit', async () => {
    const shop = await openShop((itemId) => ({
      rules: [...byAmount.rules, { kind: 'item', points: 10, itemId }, { kind: 'visit', points: 500 }],
    }));
    const asha = await shop.friend();
    const { _id } = await shop.order(asha, 2, 1);
    await shop.settle(_id);
    expect(await shop.card(asha)).toMatchObject({ balance: 25, lifetime: 25, visits: 0 });
    expect(await shop.entries(_id)).toEqual(['order 25 posted']);
  });

  test('earns once, however often the job is done', async () => {
    const shop = await openShop(byAmount);
    const asha = await shop.friend();
    const { _id } = await shop.order(asha, 5);
    await Promise.all([shop.settle(_id), shop.settle(_id), shop.settle(_id)]);
    await shop.settle(_id, { again: true });
    expect(await shop.card(asha)).toMatchObject({ balance: 5 });
  });

  test('earns nothing when the job comes after the subscription has ended; what it earned before goes back with its price', async () => {
    const shop = await openShop(byAmount);
    const asha = await shop.friend();
    const [early, late] = [await shop.order(asha, 5), await shop.order(asha, 3)];
    await shop.settle(early._id);
    await domain.run((tx) => domain.merchants.merchants.setStopped(tx, shop.merchantId, 'expired'));
    await shop.settle(late._id);
    expect(await shop.entries(late._id)).toEqual([]);
    await shop.refund(early._id, 500);
    await shop.settle(early._id);
    expect(await shop.card(asha)).toMatchObject({ balance: 0 });
  });

  test('costs nothing more where no program earns by it, and earns again when one does', async () => {
    const shop = await openShop({ rules: [{ kind: 'visit', points: 5 }] });
    const { member, merchantId, program } = shop;
    const asha = await shop.friend();
    const jobs = async () => (await shop.jobs((await shop.order(asha, 1))._id)).length;
    const change = (patch: Partial<ProgramInput>) =>
      domain.run((tx) => domain.loyalty.programs.update(tx, member, merchantId, program._id, patch));
    expect(await jobs()).toBe(0);
    await change(byAmount);
    expect(await jobs()).toBe(1);
    await change({ isActive: false });
    expect(await jobs()).toBe(0);
  });

  test('is followed where the programs are older than the note of it: a start makes up for them', async () => {
    const [older, visits, known] = [
      await openShop(byAmount),
      await openShop({ rules: [{ kind: 'visit', points: 5 }] }),
      await openShop(byAmount),
    ];
    const merchants = domain.mongo.db.collection<{ _id: string; ordersEarn?: boolean; programsVersion?: number }>('merchants');
    await merchants.updateMany({ _id: { $in: [older.merchantId, visits.merchantId] } }, { $unset: { ordersEarn: '' } });
    const asha = await older.friend();
    expect(await older.jobs((await older.order(asha, 1))._id)).toEqual([]);
    const before = await merchants.findOne({ _id: known.merchantId });
    await domain.loyalty.programs.noteOlderRules();
    expect(await older.jobs((await older.order(asha, 1))._id)).toHaveLength(1);
    expect(await merchants.findOne({ _id: visits.merchantId })).not.toHaveProperty('ordersEarn');
    await domain.loyalty.programs.noteOlderRules();
    expect(await merchants.findOne({ _id: known.merchantId })).toEqual(before);
  });

  test('is followed also when one program begins to earn while another ends', async () => {
    const shop = await openShop(byAmount);
    const { member, merchantId, program } = shop;
    const asha = await shop.friend();
    const change = (id: string, patch: Partial<ProgramInput>) =>
      domain.run((tx) => domain.loyalty.programs.update(tx, member, merchantId, id, patch));
    // Not a new one, whose count the subscription limits: two of those meet there already.
    const other = await shop.addProgram({ rules: [] });
    for (let round = 0; round < 8; round++) {
      await change(program._id, byAmount);
      await Promise.all([change(other._id, byAmount), change(program._id, { rules: [] })]);
      expect(await shop.jobs((await shop.order(asha, 1))._id)).toHaveLength(1);
      await change(other._id, { rules: [] });
    }
    expect(await shop.jobs((await shop.order(asha, 1))._id)).toEqual([]);
  });

  test('earns in each program in which the customer is, and in none that was joined later', async () => {
    const shop = await openShop(byAmount);
    const other = await shop.addProgram({ rules: [{ kind: 'amount', points: 10, per: 100 }] });
    const [asha, ravi] = [await shop.friend(), await domain.person()];
    await shop.join(asha, { program: other });
    const { _id } = await shop.order(asha, 3);
    await shop.settle(_id);
    expect([(await shop.card(asha)).balance, (await shop.card(asha, other)).balance]).toEqual([3, 30]);
    await domain.fund(ravi.userId, 1_000);
    const early = await shop.order(ravi, 3);
    await shop.settle(early._id);
    await shop.join(ravi);
    await shop.refund(early._id, 100);
    await shop.settle(early._id);
    expect(await shop.card(ravi)).toMatchObject({ balance: 0 });
  });

  test('earns nothing for who joined behind it, though the job was late', async () => {
    const shop = await openShop(byAmount);
    const ravi = await domain.person();
    await domain.fund(ravi.userId, 1_000);
    const { _id } = await shop.order(ravi, 3);
    await shop.join(ravi);
    await shop.settle(_id);
    expect(await shop.entries(_id)).toEqual([]);
  });

  test('gives nothing where too much waits for the customer already', async () => {
    const shop = await openShop({ ...byAmount, approval: { mode: 'all', above: 0 } });
    const asha = await shop.friend();
    await shop.give(asha, 5);
    await fillWaiting(domain, (await shop.card(asha))._id);
    const { _id } = await shop.order(asha, 3);
    await shop.settle(_id);
    expect(await shop.entries(_id)).toEqual([]);
  });

  test('earns under the cap of the day and waits where the program says so; what was denied or cut is not given later', async () => {
    const shop = await openShop({ ...byAmount, capPerDay: 7, approval: { mode: 'all', above: 4 } });
    const asha = await shop.friend();
    const [first, second] = [await shop.order(asha, 5), await shop.order(asha, 4)];
    await shop.settle(first._id);
    await shop.settle(second._id);
    const { _id: waiting } = (await domain.loyalty.models.points.findOne({ orderId: first._id }).lean())!;
    await domain.run((tx) => domain.loyalty.pointsDecisions.decide(tx, asha, waiting, 'decline'), asha.userId);
    for (const { _id } of [first, second]) await shop.settle(_id, { again: true });
    expect(await shop.entries(first._id)).toEqual(['order 5 denied']);
    expect(await shop.entries(second._id)).toEqual(['order 2 posted']);
  });
});

test('what is denied, taken back by hand or goes back with the price counts no more for the cap of the day', async () => {
  const shop = await openShop({ ...byAmount, capPerDay: 7, approval: { mode: 'all', above: 4 } });
  const { pointsService, pointsDecisions, models } = domain.loyalty;
  const asha = await shop.friend();
  const earn = async (chais: number) => {
    const { _id } = await shop.order(asha, chais);
    await shop.settle(_id);
    return { orderId: _id, award: await models.points.findOne({ orderId: _id }).orFail().lean() };
  };
  const first = await earn(5);
  await domain.run((tx) => pointsDecisions.decide(tx, asha, first.award._id, 'decline'), asha.userId);
  const second = await earn(5);
  await shop.refund(second.orderId, 200);
  await shop.settle(second.orderId);
  expect(await shop.entries(second.orderId)).toEqual(['order 5 denied', 'order 3 posted']);
  expect((await shop.card(asha)).earned).toMatchObject({ points: 3 });
  const third = await earn(4);
  await domain.run((tx) => pointsService.reverse(tx, shop.member, third.award._id, 'A mistake'), shop.member.userId);
  expect((await earn(4)).award).toMatchObject({ delta: 4, status: 'posted' });
  expect((await shop.card(asha)).earned).toMatchObject({ points: 7 });
});

describe('what goes back of the price', () => {
  test('takes its points back: for a part the share, for all the rest, and of the tier too', async () => {
    const shop = await openShop((itemId) => ({ rules: [...byAmount.rules, { kind: 'item', points: 9, itemId }] }));
    const asha = await shop.friend();
    const { _id } = await shop.order(asha, 3);
    await shop.settle(_id);
    expect(await shop.card(asha)).toMatchObject({ balance: 30 });
    await shop.refund(_id, 100);
    await shop.settle(_id);
    expect(await shop.card(asha)).toMatchObject({ balance: 20, lifetime: 20 });
    await shop.settle(_id, { again: true });
    expect(await shop.card(asha)).toMatchObject({ balance: 20 });
    await shop.reject(_id);
    await shop.settle(_id);
    expect(await shop.card(asha)).toMatchObject({ balance: 0, lifetime: 0, earned: { points: 0 } });
    expect(await shop.entries(_id)).toEqual(['order 30 posted', 'reversal -10 posted', 'reversal -20 posted']);
  });

  test('takes them back by the rules by which they were earned, whatever the program says by then', async () => {
    const shop = await openShop({ rules: [{ kind: 'amount', points: 10, per: 100 }] });
    const { member, merchantId, program } = shop;
    const asha = await shop.friend();
    const { _id } = await shop.order(asha, 3);
    await shop.settle(_id);
    await domain.run((tx) => domain.loyalty.programs.update(tx, member, merchantId, program._id, { rules: [], isActive: false }));
    await shop.refund(_id, 150);
    await shop.settle(_id);
    expect(await shop.card(asha)).toMatchObject({ balance: 10 });
  });

  test('takes no more than the card has, and what is missing is not taken of later points', async () => {
    const shop = await openShop(byAmount);
    const asha = await shop.friend();
    const { _id } = await shop.order(asha, 10);
    await shop.settle(_id);
    await shop.give(asha, -7);
    await shop.reject(_id);
    await shop.settle(_id);
    expect(await shop.card(asha)).toMatchObject({ balance: 0 });
    await shop.give(asha, 50);
    expect(await shop.card(asha)).toMatchObject({ balance: 50 });
  });

  test('reverses an award that goes back whole, so that nobody does it again by hand', async () => {
    const shop = await openShop(byAmount);
    const asha = await shop.friend();
    const { _id } = await shop.order(asha, 4);
    await shop.settle(_id);
    await shop.give(asha, 20);
    await shop.reject(_id);
    await shop.settle(_id);
    expect(await shop.entries(_id)).toEqual(['order 4 reversed', 'reversal -4 posted']);
    const [award] = await domain.loyalty.models.points.find({ orderId: _id, source: 'order' }).lean();
    await expect(domain.run((tx) => domain.loyalty.pointsService.reverse(tx, shop.member, award!._id, 'A mistake'))).rejects.toMatchObject({
      code: 'invalid-transition',
    });
    expect(await shop.card(asha)).toMatchObject({ balance: 20 });
  });

  test('leaves the rest of an award, which a member may take back by hand, and no more', async () => {
    const shop = await openShop(byAmount);
    const asha = await shop.friend();
    const [{ _id }, other] = [await shop.order(asha, 5), await shop.order(asha, 7)];
    for (const id of [_id, other._id]) await shop.settle(id);
    await shop.refund(_id, 200);
    await shop.settle(_id);
    expect(await shop.card(asha)).toMatchObject({ balance: 10, lifetime: 10 });
    const [award] = await domain.loyalty.models.points.find({ orderId: _id, source: 'order' }).lean();
    const reverse = () => domain.run((tx) => domain.loyalty.pointsService.reverse(tx, shop.member, award!._id, 'A mistake'));
    expect((await reverse()).result.entry).toMatchObject({ delta: -3, reversalOf: award!._id });
    expect(await shop.card(asha)).toMatchObject({ balance: 7, lifetime: 7 });
    await expect(reverse()).rejects.toMatchObject({ code: 'invalid-transition' });
    await shop.reject(_id);
    await shop.settle(_id);
    expect(await shop.card(asha)).toMatchObject({ balance: 7 });
    // Of the other all goes back with its price, in two steps: nothing is left for a hand.
    await shop.refund(other._id, 300);
    await shop.settle(other._id);
    await shop.reject(other._id);
    await shop.settle(other._id);
    const [second] = await domain.loyalty.models.points.find({ orderId: other._id, source: 'order' }).lean();
    await expect(domain.run((tx) => domain.loyalty.pointsService.reverse(tx, shop.member, second!._id, 'Again'))).rejects.toMatchObject({
      code: 'invalid-transition',
    });
    expect(await shop.card(asha)).toMatchObject({ balance: 0 });
  });

  test('before anybody looked gives for what is left, in whichever order the jobs are done', async () => {
    const shop = await openShop(byAmount);
    const asha = await shop.friend();
    const { _id } = await shop.order(asha, 6);
    await shop.refund(_id, 200);
    const [paid, refunded] = await shop.jobs(_id);
    const done = async () => true;
    await domain.scans.jobs?.[orderJobKind]?.(refunded!, done);
    expect(await shop.card(asha)).toMatchObject({ balance: 0 });
    await domain.scans.jobs?.[orderJobKind]?.(paid!, done);
    expect(await shop.card(asha)).toMatchObject({ balance: 4 });
  });

  test('ends what waits, and the rest of it waits anew', async () => {
    const shop = await openShop({ ...byAmount, approval: { mode: 'all', above: 0 } });
    const asha = await shop.friend();
    const { _id } = await shop.order(asha, 6);
    await shop.settle(_id);
    const { _id: waiting } = (await domain.loyalty.models.points.findOne({ orderId: _id }).lean())!;
    await shop.refund(_id, 200);
    await shop.settle(_id);
    expect(await shop.entries(_id)).toEqual(['order 6 denied', 'order 4 pending']);
    // Else its buttons stay on the customer's screens, and do nothing.
    const questions = domain.mongo.db.collection<{ _id: string }>('notification_questions');
    expect(await questions.findOne({ _id: `points:${waiting}` })).toMatchObject({ decision: 'withdraw' });
    await shop.reject(_id);
    await shop.settle(_id);
    expect(await shop.entries(_id)).toEqual(['order 6 denied', 'order 4 denied']);
    expect(await shop.card(asha)).toMatchObject({ balance: 0 });
  });

  test('takes its points back also of who has left, so that nobody keeps them by leaving and joining again', async () => {
    const shop = await openShop(byAmount);
    const asha = await shop.friend();
    const { _id } = await shop.order(asha, 6);
    await shop.settle(_id);
    const { enrollments } = domain.enrollments.models;
    const found = await enrollments.findOne({ userId: asha.userId }).lean();
    await shop.decide(asha, found!._id, 'withdraw');
    const heard = (await shop.told()).filter(({ type }) => type === 'points-updated').length;
    await shop.reject(_id);
    for (const again of [false, true]) await shop.settle(_id, { again });
    expect((await shop.told()).filter(({ type }) => type === 'points-updated')).toHaveLength(heard);
    expect(await shop.card(asha)).toMatchObject({ balance: 0, lifetime: 0, status: 'closed' });
    await shop.join(asha);
    expect(await shop.card(asha)).toMatchObject({ balance: 0, lifetime: 0, status: 'active' });
    const line = await domain.loyalty.models.customers.findOne({ userId: asha.userId }).lean();
    expect(line).toMatchObject({ balance: 0, lifetime: 0 });
    // The business sees what it heard of: the award, and nothing of what came when the customer was gone.
    const { _id: cardId } = await shop.card(asha);
    const { page } = await domain.loyalty.pointsService.list(shop.member, { cardId, limit: 10 });
    expect(page.map(({ source, status }) => `${source} ${status}`)).toEqual(['order posted']);
    const reverse = () => domain.run((tx) => domain.loyalty.pointsService.reverse(tx, shop.member, page[0]!._id, 'A mistake'));
    await expect(reverse()).rejects.toMatchObject({ code: 'invalid-transition' });
  });

  test('takes them also of what was set aside for a reward, when it comes back; what was handed out is forgotten', async () => {
    const shop = await openShop(byAmount);
    const { member, merchantId, program } = shop;
    const asha = await shop.friend();
    const hand = await openCard(domain, {}, { beside: { merchantId, member }, program, customer: asha });
    const [big, small] = [await hand.offer({ cost: 6 }), await hand.offer({ cost: 3 })];
    const { _id } = await shop.order(asha, 10);
    await shop.settle(_id);
    const [kept, fetched, wished] = [await hand.redeem(big._id), await hand.redeem(small._id), await hand.give(-1)];
    expect(wished).toMatchObject({ delta: -1 });
    await shop.refund(_id, 200);
    await shop.settle(_id);
    expect(await shop.card(asha)).toMatchObject({ balance: 0, held: 9 });
    await shop.reject(_id);
    for (const again of [false, true]) await shop.settle(_id, { again });
    expect(await shop.card(asha)).toMatchObject({ balance: 0, held: 9 });
    await shop.give(asha, 50);
    await hand.confirm(hand.codeOf(fetched._id));
    await hand.cancel(kept._id);
    expect(await shop.card(asha)).toMatchObject({ balance: 50, held: 0, owed: [] });
    expect(await shop.entries(_id)).toEqual(['order 10 posted', 'reversal -6 posted']);
    await hand.cancel((await hand.redeem(big._id))._id);
    expect(await shop.card(asha)).toMatchObject({ balance: 50, held: 0 });
  });

  test('takes of what comes back no more than is missing, and nothing that a member took back by hand, also of who leaves', async () => {
    const shop = await openShop(byAmount);
    const { member, merchantId, program } = shop;
    const asha = await shop.friend();
    const hand = await openCard(domain, {}, { beside: { merchantId, member }, program, customer: asha });
    const reward = await hand.offer({ cost: 9 });
    const [first, second] = [await shop.order(asha, 5), await shop.order(asha, 4)];
    for (const { _id } of [first, second]) await shop.settle(_id);
    await hand.redeem(reward._id);
    await shop.refund(first._id, 200);
    await shop.settle(first._id);
    await shop.reject(second._id);
    await shop.settle(second._id);
    expect((await shop.card(asha)).owed).toEqual([
      { orderId: first._id, points: 2 },
      { orderId: second._id, points: 4 },
    ]);
    await shop.give(asha, 20);
    const award = await domain.loyalty.models.points.findOne({ orderId: second._id, source: 'order' }).orFail().lean();
    await hand.reverse(award._id);
    expect(await shop.card(asha)).toMatchObject({ balance: 16, held: 9 });
    await hand.close();
    expect(await shop.card(asha)).toMatchObject({ balance: 23, held: 0, lifetime: 23 });
  });

  test('gives nothing for an order of who was gone then, though the card is older and the job late', async () => {
    const shop = await openShop(byAmount);
    const asha = await shop.friend();
    const leave = async () => {
      const found = await domain.enrollments.models.enrollments.findOne({ userId: asha.userId, open: true }).lean();
      await shop.decide(asha, found!._id, 'withdraw');
    };
    await leave();
    const [early, late] = [await shop.order(asha, 3), await shop.order(asha, 4)];
    await shop.settle(early._id);
    await shop.join(asha);
    await shop.settle(late._id);
    expect([await shop.entries(early._id), await shop.entries(late._id)]).toEqual([[], []]);
  });
});

test('the ledger of points is sound', async () => {
  expect(await pointsProblems(domain)).toEqual([]);
});
