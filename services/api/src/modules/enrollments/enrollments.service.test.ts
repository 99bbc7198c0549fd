import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Principal } from '@tidings/contracts';
import type { OutboxEvent } from '@tidings/feed';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { dayMs, openClub, outcome } from '../../../tests/support/clubs.js';

let domain: Domain;
beforeAll(async () => {
  domain = await createDomain();
});
afterAll(() => domain.stop());

const cardOf = (programId: string, { userId }: Principal) => domain.loyalty.cards.of(userId, programId);
const userFeed = ({ userId }: Principal): Promise<OutboxEvent[]> =>
  domain.mongo.db
    .collection<OutboxEvent>('outbox')
    .find({ feeds: `user:${userId}` })
    .sort({ at: 1, _id: 1 })
    .toArray();
const stamps = (events: readonly OutboxEvent[]) =>
  events.map(({ type, data }) => (type === 'enrollment-updated' ? `${type} ${String(data['status'])}` : type));

describe('an enrollment', () => {
  test('asked by the business and accepted by the customer makes the card, and both sides are told', async () => {
    const club = await openClub(domain);
    const asha = await domain.person();
    const asked = await club.ask(asha);
    expect(asked).toMatchObject({ status: 'requested', requestedBy: 'merchant', cardId: null, customerName: 'Asha', version: 1 });
    expect(asked.expiresAt!.getTime() - asked.createdAt.getTime()).toBe(7 * dayMs);
    expect(await cardOf(club.program._id, asha)).toBeNull();
    const accepted = await club.decide(asha, asked._id, 'accept');
    const card = await cardOf(club.program._id, asha);
    expect(accepted).toMatchObject({ status: 'approved', cardId: card!._id, expiresAt: null, version: 2 });
    const told = ['enrollment-requested', 'card-updated', 'enrollment-updated approved'];
    expect(stamps(await userFeed(asha))).toEqual(told);
    expect(stamps(await club.told())).toEqual([told[0], told[1], 'loyalty-customer-updated', told[2]]);
  });

  test('asked by the customer is decided by the business, and nobody decides what they asked themselves', async () => {
    const club = await openClub(domain);
    const asha = await domain.person();
    const { _id: id } = await club.join(asha);
    for (const decision of ['accept', 'decline'] as const) expect(await outcome(club.decide(asha, id, decision))).toBe('forbidden');
    expect(await outcome(club.decide(await domain.person(), id, 'accept'))).toBe('not-found');
    expect(await outcome(club.decide(club.member, id, 'withdraw'))).toBe('forbidden');
    expect(await club.decide(club.member, id, 'accept')).toMatchObject({ status: 'approved' });
    const asked = await club.ask(await domain.person());
    expect(await outcome(club.decide(club.member, asked._id, 'accept'))).toBe('forbidden');
  });

  test('of a member at their own business is decided by another', async () => {
    const club = await openClub(domain);
    const { _id: id } = await club.join(club.member);
    expect(await outcome(club.decide(club.member, id, 'accept'))).toBe('forbidden');
    expect(await outcome(club.ask(club.member))).toMatchObject({ _id: id, status: 'requested' });
    const other = await domain.person({ merchants: [club.merchantId] });
    expect(await club.decide(other, id, 'accept')).toMatchObject({ status: 'approved' });
  });

  test('that waits is answered as it is, once for all who ask, and asking by hand what the other side asked accepts it', async () => {
    const club = await openClub(domain);
    const asha = await domain.person();
    const answers = await Promise.all([club.scan(asha), club.scan(asha), club.scan(asha)]);
    const [{ enrollment }] = answers;
    expect(new Set(answers.map(({ enrollment: { _id } }) => _id)).size).toBe(1);
    expect(stamps(await club.told())).toEqual(['enrollment-requested']);
    expect(await club.join(asha)).toMatchObject({ _id: enrollment._id, status: 'approved' });
    expect(await club.scan(asha)).toMatchObject({ enrollment: { status: 'approved' }, card: { status: 'active' } });
  });

  test('is made at once by a scan or the customer where the program says so, not by hand, and a scan brings nobody back', async () => {
    const club = await openClub(domain, { enrollment: 'automatic' });
    const [asha, ravi, mira] = [await domain.person(), await domain.person(), await domain.person()];
    const { enrollment, card } = await club.scan(asha);
    expect(enrollment).toMatchObject({ status: 'approved', cardId: card!._id });
    expect(await club.join(ravi)).toMatchObject({ status: 'approved' });
    expect(await club.ask(mira)).toMatchObject({ status: 'requested' });
    await club.decide(asha, enrollment._id, 'withdraw');
    expect(await club.scan(asha)).toMatchObject({ enrollment: { status: 'requested' }, card: null });
  });

  test('is not made by the scan for another program of who has left the business, or said no', async () => {
    const club = await openClub(domain, { enrollment: 'automatic' });
    const [first, second] = [await club.addProgram(), await club.addProgram()];
    const [asha, ravi, mira] = [await domain.person(), await domain.person(), await domain.person()];
    await club.decide(asha, (await club.join(asha))._id, 'withdraw');
    await club.decide(ravi, (await club.ask(ravi))._id, 'decline');
    await club.join(mira);
    expect(await club.scan(asha, { program: first })).toMatchObject({ enrollment: { status: 'requested' }, card: null });
    expect(await club.scan(ravi, { program: first, ms: 31 * dayMs })).toMatchObject({ enrollment: { status: 'requested' }, card: null });
    expect(await club.scan(mira, { program: first })).toMatchObject({ enrollment: { status: 'approved' } });
    expect(await club.join(asha, { program: second })).toMatchObject({ status: 'approved' });
  });

  test('is refused for a program or a business that is closed, and for nobody known', async () => {
    const club = await openClub(domain);
    const asha = await domain.person();
    const { _id: id } = await club.ask(asha);
    const { programs } = domain.loyalty;
    await domain.run((tx) => programs.update(tx, club.member, club.merchantId, club.program._id, { isActive: false }));
    expect(await outcome(club.decide(asha, id, 'accept'))).toBe('program-closed');
    expect(await outcome(club.join(await domain.person()))).toBe('program-closed');
    const nobody = { ...asha, userId: 'nobody' };
    expect(await outcome(club.ask(nobody))).toBe('not-found');
    const stranger = await domain.person();
    const { enrollments } = domain.enrollments;
    const foreign = { programId: club.program._id, userId: asha.userId };
    expect(await outcome(domain.run((tx) => enrollments.create(tx, stranger, foreign)))).toBe('forbidden');
  });

  test('is not begun with a business whose subscription is over; who is enrolled stays and may leave', async () => {
    const club = await openClub(domain);
    const [asha, ravi] = [await domain.person(), await domain.person()];
    const { _id: id } = await club.join(asha);
    await club.decide(club.member, id, 'accept');
    const asked = await club.ask(ravi);
    await domain.run((tx) => domain.merchants.merchants.setStopped(tx, club.merchantId, 'expired'));
    for (const asks of [club.join, club.ask, club.scan]) expect(await outcome(asks(await domain.person()))).toBe('merchant-closed');
    expect(await outcome(club.decide(ravi, asked._id, 'accept'))).toBe('merchant-closed');
    expect(await club.join(asha)).toMatchObject({ _id: id, status: 'approved' });
    expect(await club.decide(asha, id, 'withdraw')).toMatchObject({ status: 'withdrawn' });
  });

  test('ends when the customer leaves: the card is closed, its points stay, and joining again opens it', async () => {
    const club = await openClub(domain, { enrollment: 'automatic' });
    const asha = await domain.person();
    const { _id: id } = await club.join(asha);
    const card = await cardOf(club.program._id, asha);
    expect(await outcome(club.decide(club.member, id, 'withdraw'))).toBe('forbidden');
    expect(await club.decide(asha, id, 'withdraw')).toMatchObject({ status: 'withdrawn', endedBy: 'customer' });
    expect(await cardOf(club.program._id, asha)).toMatchObject({ status: 'closed' });
    expect(await outcome(domain.loyalty.cards.get(club.member, card!._id))).toBe('not-found');
    const again = await club.join(asha);
    expect(again).toMatchObject({ status: 'approved', cardId: card!._id });
    expect(again._id).not.toBe(id);
  });
});

describe('a request', () => {
  test('can be decided up to its end, by the clock and not by the job that writes it down', async () => {
    const club = await openClub(domain);
    const [asha, ravi] = [await domain.person(), await domain.person()];
    const [first, second] = [await club.ask(asha), await club.ask(ravi)];
    expect(await club.decide(asha, first._id, 'accept', { ms: 7 * dayMs - 60_000 })).toMatchObject({ status: 'approved' });
    for (const decision of ['accept', 'decline'] as const)
      expect(await outcome(club.decide(ravi, second._id, decision, { ms: 7 * dayMs }))).toBe('invalid-transition');
    const { enrollments } = domain.enrollments;
    const later = await domain.run((tx) => {
      const at = { ...tx, now: new Date(tx.now.getTime() + 7 * dayMs) };
      return enrollments.statusOf(ravi.userId, club.program._id, at);
    });
    expect(later.result).toBe('expired');
    expect(await enrollments.statusOf(ravi.userId, club.program._id)).toBe('requested');
  });

  test('that nobody answered expires once, and is not repeated by the business for 30 days; the customer may join', async () => {
    const club = await openClub(domain);
    const [asha, ravi] = [await domain.person(), await domain.person()];
    const { _id: id } = await club.ask(asha);
    await expect(club.expire(id, 0)).rejects.toThrow('ahead');
    await club.expire(id, 7 * dayMs);
    await club.expire(id, 0);
    expect((await club.told()).filter(({ data }) => data['status'] === 'expired')).toHaveLength(1);
    for (const ask of [club.ask, club.scan]) expect(await outcome(ask(asha))).toBe('enrollment-refused');
    expect(await club.ask(asha, { ms: 31 * dayMs })).toMatchObject({ status: 'requested' });
    // The job was late: the clock says the same.
    const { _id: late } = await club.ask(ravi);
    expect(await outcome(club.ask(ravi, { ms: 8 * dayMs }))).toBe('enrollment-refused');
    const joined = await club.join(ravi, { ms: 8 * dayMs });
    expect(joined).toMatchObject({ status: 'requested', requestedBy: 'customer' });
    expect(await domain.enrollments.enrollments.get(ravi, late)).toMatchObject({ status: 'expired', endedBy: null });
  });

  test('that was declined is not repeated for 30 days, in no program of the business; a scan stores nothing', async () => {
    const club = await openClub(domain);
    const other = await club.addProgram();
    const asha = await domain.person();
    const { _id: id } = await club.ask(asha);
    await club.decide(asha, id, 'decline');
    const before = await club.told();
    const { models } = domain.loyalty;
    const noted = await models.interactions.countDocuments({ userId: asha.userId });
    for (const program of [club.program, other])
      for (const ask of [club.ask, club.scan]) {
        expect(await outcome(ask(asha, { program }))).toBe('enrollment-refused');
        expect(await outcome(ask(asha, { program, ms: 30 * dayMs - 60_000 }))).toBe('enrollment-refused');
      }
    expect(await club.told()).toEqual(before);
    expect(await models.interactions.countDocuments({ userId: asha.userId })).toBe(noted);
    expect(await club.ask(asha, { ms: 30 * dayMs + 60_000 })).toMatchObject({ status: 'requested' });
  });

  test('that the business withdraws can be asked again, five times within 30 days', async () => {
    const club = await openClub(domain);
    const asha = await domain.person();
    for (let round = 0; round < 5; round++) await club.decide(club.member, (await club.ask(asha))._id, 'withdraw');
    for (const ask of [club.ask, club.scan]) expect(await outcome(ask(asha))).toBe('enrollment-refused');
    expect(await club.ask(asha, { ms: 31 * dayMs })).toMatchObject({ status: 'requested' });
  });

  test('that the customer withdraws can be made again, five times within 30 days; joining and leaving is another matter', async () => {
    const club = await openClub(domain);
    const other = await club.addProgram({ enrollment: 'automatic' });
    const [asha, ravi] = [await domain.person(), await domain.person()];
    for (let round = 0; round < 5; round++) await club.decide(asha, (await club.join(asha))._id, 'withdraw');
    expect(await outcome(club.join(asha))).toBe('enrollment-refused');
    expect(await club.join(asha, { ms: 31 * dayMs })).toMatchObject({ status: 'requested' });
    for (let round = 0; round < 6; round++) await club.decide(ravi, (await club.join(ravi, { program: other }))._id, 'withdraw');
    expect(await club.join(ravi)).toMatchObject({ status: 'requested' });
  });

  test('of a customer that the business declined is not repeated for 30 days in that program', async () => {
    const club = await openClub(domain);
    const other = await club.addProgram();
    const asha = await domain.person();
    const { _id: id } = await club.join(asha);
    await club.decide(club.member, id, 'decline');
    await club.decide(asha, id, 'block');
    await club.decide(asha, id, 'unblock');
    expect(await outcome(club.join(asha))).toBe('enrollment-refused');
    expect(await club.join(asha, { program: other })).toMatchObject({ status: 'requested' });
    expect(await club.ask(asha)).toMatchObject({ status: 'requested' });
  });
});

describe('a block', () => {
  test('ends everything between the two, and is lifted by the side that set it alone', async () => {
    const club = await openClub(domain, { enrollment: 'automatic' });
    const other = await club.addProgram();
    const third = await club.addProgram({ enrollment: 'approval' });
    const asha = await domain.person();
    const { _id: id } = await club.join(asha);
    await club.join(asha, { program: other });
    const waiting = await club.ask(asha, { program: third });
    expect(await club.decide(asha, id, 'block')).toMatchObject({ status: 'blocked', endedBy: 'customer' });
    for (const program of [club.program, other]) expect(await cardOf(program._id, asha)).toMatchObject({ status: 'closed' });
    expect(await domain.enrollments.enrollments.get(asha, waiting._id)).toMatchObject({ status: 'withdrawn' });
    for (const ask of [club.ask, club.scan, club.join] as const) {
      expect(await outcome(ask(asha))).toBe('enrollment-refused');
      expect(await outcome(ask(asha, { program: third, ms: 90 * dayMs }))).toBe('enrollment-refused');
    }
    expect(await outcome(club.decide(club.member, id, 'unblock'))).toBe('forbidden');
    expect(await outcome(club.decide(asha, waiting._id, 'block'))).toBe('invalid-transition');
    expect(await club.decide(asha, id, 'unblock')).toMatchObject({ status: 'withdrawn' });
    expect(await club.join(asha)).toMatchObject({ status: 'approved' });
  });

  test('by a customer who is not with the business, and its end, are the customer’s alone', async () => {
    const club = await openClub(domain);
    const asha = await domain.person();
    const { _id: id } = await club.ask(asha);
    await club.decide(asha, id, 'decline');
    const [told, noted] = [await club.told(), await domain.loyalty.models.interactions.countDocuments({ userId: asha.userId })];
    expect(await club.decide(asha, id, 'block')).toMatchObject({ status: 'blocked', told: { status: 'declined', version: 2 } });
    expect(await club.decide(asha, id, 'unblock')).toMatchObject({ status: 'withdrawn', told: { status: 'declined', version: 2 } });
    expect(await club.told()).toEqual(told);
    expect(await domain.loyalty.models.interactions.countDocuments({ userId: asha.userId })).toBe(noted);
    expect(stamps(await userFeed(asha)).slice(-2)).toEqual(['enrollment-updated blocked', 'enrollment-updated withdrawn']);
  });

  test('by the business keeps the customer out until it lifts it', async () => {
    const club = await openClub(domain, { enrollment: 'automatic' });
    const asha = await domain.person();
    const { _id: id } = await club.join(asha);
    await club.decide(club.member, id, 'block');
    expect(await outcome(club.join(asha))).toBe('enrollment-refused');
    expect(await outcome(club.decide(asha, id, 'unblock'))).toBe('forbidden');
    await club.decide(club.member, id, 'unblock');
    expect(await club.join(asha)).toMatchObject({ status: 'approved' });
  });
});

test('both sides may block, on two enrollments of one program; each lifts its own', async () => {
  const club = await openClub(domain, { enrollment: 'automatic' });
  const asha = await domain.person();
  const old = await club.join(asha);
  await club.decide(asha, old._id, 'withdraw');
  const last = await club.join(asha);
  await club.decide(asha, last._id, 'block');
  expect(await club.decide(club.member, old._id, 'block')).toMatchObject({ status: 'blocked', endedBy: 'merchant' });
  expect(await club.decide(asha, last._id, 'unblock')).toMatchObject({ status: 'withdrawn' });
  expect(await outcome(club.join(asha))).toBe('enrollment-refused');
  await club.decide(club.member, old._id, 'unblock');
  expect(await club.join(asha)).toMatchObject({ status: 'approved' });
});

describe('races', () => {
  const settled = async (work: readonly Promise<unknown>[]): Promise<unknown[]> =>
    (await Promise.all(work.map(outcome))).map((done) => (typeof done === 'string' ? done : 'done'));

  test('accepted on two devices is one card and one event', async () => {
    const club = await openClub(domain);
    const asha = await domain.person();
    const { _id: id } = await club.ask(asha);
    const done = await settled([club.decide(asha, id, 'accept'), club.decide(asha, id, 'accept')]);
    expect(done).toHaveLength(2);
    expect(new Set(done)).toEqual(new Set(['done', 'invalid-transition']));
    expect(stamps(await userFeed(asha))).toEqual(['enrollment-requested', 'card-updated', 'enrollment-updated approved']);
  });

  test.each(['withdraw', 'decline', 'block'] as const)(
    'accept against %s: one of them counts, and the card is what it says',
    async (against) => {
      for (let round = 0; round < 5; round++) {
        const club = await openClub(domain);
        const asha = await domain.person();
        const { _id: id } = await club.ask(asha);
        const rival = against === 'withdraw' ? club.member : asha;
        const done = await settled([club.decide(asha, id, 'accept'), club.decide(rival, id, against)]);
        const { status } = await domain.enrollments.enrollments.get(asha, id);
        const card = await cardOf(club.program._id, asha);
        expect(card?.status === 'active').toBe(status === 'approved');
        // A block comes through whatever the other did.
        if (against === 'block') expect(status).toBe('blocked');
        else expect(done.filter((one) => one === 'done')).toHaveLength(1);
      }
    },
  );

  test('asked by both sides at once is one request, or an enrollment', async () => {
    for (let round = 0; round < 5; round++) {
      const club = await openClub(domain);
      const asha = await domain.person();
      await Promise.all([club.ask(asha), club.join(asha)]);
      expect(await domain.enrollments.models.enrollments.countDocuments({ userId: asha.userId })).toBe(1);
      expect(await domain.enrollments.enrollments.statusOf(asha.userId, club.program._id)).toBe('approved');
    }
  });

  test('what is asked in one program while another is declined sees the no, however early it began', async () => {
    const club = await openClub(domain);
    const other = await club.addProgram();
    const asha = await domain.person();
    const { _id: id } = await club.ask(asha);
    let attempts = 0;
    const asking = domain.run(async (tx) => {
      // From here on the transaction sees the database as it was.
      await domain.enrollments.enrollments.statusOf(asha.userId, other._id, tx);
      if (++attempts === 1) await club.decide(asha, id, 'decline');
      return domain.enrollments.enrollments.request(tx, { program: other, userId: asha.userId, by: 'merchant' });
    });
    expect(await outcome(asking)).toBe('enrollment-refused');
    expect(attempts).toBe(2);
    expect(stamps(await club.told())).toEqual(['enrollment-requested', 'enrollment-updated declined']);
  });
});
