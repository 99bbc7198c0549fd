import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { weekdays } from '@tidings/contracts';
import type { OutboxEvent } from '@tidings/feed';
import { newId } from '@tidings/platform';
import { answered, pointsProblems } from '../../../tests/support/cards.js';
import { dayMs, outcome } from '../../../tests/support/clubs.js';
import { openCounter } from '../../../tests/support/counters.js';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { createCodes, passing } from '../../codes/codes.js';

let domain: Domain;
beforeAll(async () => {
  domain = await createDomain();
});
afterAll(() => domain.stop());

const visit = (points: number) => ({ kind: 'visit' as const, points });
const cardOf = (programId: string, { userId }: { userId: string }) => domain.loyalty.cards.of(userId, programId);
const told = (feed: string): Promise<OutboxEvent[]> =>
  domain.mongo.db
    .collection<OutboxEvent>('outbox')
    .find({ $or: [{ feeds: feed }, { 'feeds.feed': feed }] })
    .sort({ at: 1, _id: 1 })
    .toArray();

describe('a scan', () => {
  test('of somebody unknown asks them, and gives nothing before they agree', async () => {
    const counter = await openCounter(domain, { rules: [visit(10)] });
    const asha = await domain.person();
    const { scan, enrollment, card, entry } = await counter.scan(counter.code(asha));
    expect(scan).toMatchObject({
      outcome: 'enrollment-requested',
      isFirst: true,
      points: 0,
      kind: 'code',
      scannedBy: counter.member.userId,
    });
    expect(enrollment).toMatchObject({ status: 'requested', requestedBy: 'merchant' });
    expect([card, entry]).toEqual([null, null]);
    const events = await told(`user:${asha.userId}`);
    expect(events.map(({ type }) => type)).toEqual(['qr-scanned', 'enrollment-requested']);
    expect(events[0]!.data).toMatchObject({ message: expect.stringMatching(/^Your QR code was scanned by Chai House/) });
    // The line of the log is for the business: the customer does not see who scanned.
    expect(events[0]).toMatchObject({
      data: { scan: { id: scan._id, scannedBy: counter.member.userId, outcome: 'enrollment-requested' } },
    });
    expect(events[0]!.feeds).toEqual([{ feed: `user:${asha.userId}`, omit: ['scan'] }, `merchant:${counter.merchantId}`]);
    expect((await counter.scan(counter.code(asha, 11_000), { ms: 11_000 })).scan).toMatchObject({ outcome: 'waiting', isFirst: false });
    expect(await cardOf(counter.program._id, asha)).toBeNull();
  });

  test('of somebody who then agrees counts, once and with its hour, however often it was asked', async () => {
    const always = { days: [...weekdays], hours: { from: '00:00', to: '00:00' }, percent: 200 };
    const counter = await openCounter(domain, { rules: [visit(10), { kind: 'amount', points: 1, per: 100 }], bonus: [always] });
    const asha = await domain.person();
    const { scan, enrollment } = await counter.scan(counter.code(asha), { amount: 1_500 });
    await counter.scan(counter.code(asha, 11_000), { ms: 11_000, amount: 90_000 });
    await counter.decide(asha, enrollment!._id, 'accept', { ms: 20_000 });
    const card = await cardOf(counter.program._id, asha);
    expect(card).toMatchObject({ balance: 50, lifetime: 50, visits: 1, lastVisitAt: scan.at });
    const types = (await told(`user:${asha.userId}`)).map(({ type }) => type);
    expect(types.slice(-4)).toEqual(['card-updated', 'enrollment-updated', 'card-updated', 'points-updated']);
    const { page } = await domain.loyalty.pointsService.list(asha, { limit: 5 });
    expect(page).toMatchObject([{ delta: 50, source: 'visit', status: 'posted', scanId: scan._id }]);
    expect(await outcome(counter.decide(asha, enrollment!._id, 'accept'))).toBe('invalid-transition');
    expect((await counter.scan(counter.code(asha, 40_000), { ms: 40_000 })).card).toMatchObject({ balance: 70, visits: 2 });
    // Scanned again at once, the counter sees what came of it.
    const ravi = await domain.person();
    const first = await counter.scan(counter.code(ravi));
    await counter.decide(ravi, first.enrollment!._id, 'accept');
    const again = await counter.scan(counter.code(ravi));
    expect(again).toMatchObject({ repeated: true, card: { balance: 20 }, entry: { delta: 20, scanId: first.scan._id } });
  });

  test('that agrees by whatever way counts under the rules of consent: not when declined, late, or asked by hand alone', async () => {
    const counter = await openCounter(domain, { rules: [visit(10)], capPerDay: 25, approval: { mode: 'all', above: 0 } });
    const [asha, ravi, mira, tara] = [await domain.person(), await domain.person(), await domain.person(), await domain.person()];
    const { enrollment: declined } = await counter.scan(counter.code(asha));
    await counter.decide(asha, declined!._id, 'decline');
    expect(await cardOf(counter.program._id, asha)).toBeNull();
    const { enrollment: late } = await counter.scan(counter.code(ravi));
    expect(await outcome(counter.decide(ravi, late!._id, 'accept', { ms: 8 * dayMs }))).toBe('invalid-transition');
    await counter.decide(mira, (await counter.ask(mira))._id, 'accept');
    expect(await cardOf(counter.program._id, mira)).toMatchObject({ visits: 0, proposals: 0 });
    // Her own wish, which waits for the business, and the counter sees her first.
    const { _id: wish } = await counter.join(tara);
    await counter.scan(counter.code(tara));
    await counter.decide(counter.member, wish, 'accept');
    expect(await cardOf(counter.program._id, tara)).toMatchObject({ balance: 0, visits: 1, earned: { points: 10 } });
    const { page } = await domain.loyalty.pointsService.list(tara, { limit: 5 });
    expect(page).toMatchObject([{ delta: 10, status: 'pending' }]);
  });

  test('of a friend counts the visit and gives points, and both sides are told in this order', async () => {
    const counter = await openCounter(domain, { rules: [visit(10), { kind: 'amount', points: 2, per: 500 }] });
    const asha = await counter.friend();
    const before = (await told(`user:${asha.userId}`)).length;
    const { scan, card, entry } = await counter.scan(counter.code(asha), { amount: 1_999 });
    expect(scan).toMatchObject({ outcome: 'visit', points: 16, amount: 1_999, isFirst: true });
    expect(card).toMatchObject({ balance: 16, visits: 1, lastVisitAt: scan.at });
    expect(entry).toMatchObject({ delta: 16, source: 'visit', status: 'posted', scanId: scan._id });
    const types = (await told(`user:${asha.userId}`)).slice(before).map(({ type }) => type);
    expect(types).toEqual(['qr-scanned', 'card-updated', 'points-updated']);
    expect((await counter.told()).slice(-4).map(({ type }) => type)).toEqual([
      'qr-scanned',
      'card-updated',
      'loyalty-customer-updated',
      'points-updated',
    ]);
  });

  test('enrolls at once where the program does so, with the points', async () => {
    const counter = await openCounter(domain, { enrollment: 'automatic', rules: [visit(10)] });
    const { scan, card } = await counter.scan(counter.code(await domain.person()));
    expect(scan).toMatchObject({ outcome: 'enrolled', points: 10, isFirst: true });
    expect(card).toMatchObject({ balance: 10, visits: 1 });
  });

  test('gives what waits for the customer where the program says so, and counts the visit', async () => {
    const counter = await openCounter(domain, { enrollment: 'automatic', rules: [visit(10)], approval: { mode: 'all', above: 0 } });
    const { scan, card, entry } = await counter.scan(counter.code(await domain.person()));
    expect(entry).toMatchObject({ status: 'pending', delta: 10 });
    expect(scan.points).toBe(0);
    expect(card).toMatchObject({ balance: 0, visits: 1 });
  });

  test('goes to the program that was named, else the oldest of the customer, else the oldest of the business', async () => {
    const counter = await openCounter(domain, { enrollment: 'automatic', rules: [visit(1)] });
    const [second, third] = [await counter.addProgram(), await counter.addProgram()];
    const asha = await domain.person();
    const programOf = async (ms: number, programId?: string) =>
      (await counter.scan(counter.code(asha, ms), { ms, ...(programId === undefined ? {} : { programId }) })).scan.programId;
    await counter.join(asha, { program: third });
    expect(await programOf(0)).toBe(third._id);
    expect(await programOf(20_000, second._id)).toBe(second._id);
    expect(await programOf(40_000)).toBe(second._id);
    expect((await counter.scan(counter.code(await domain.person()))).scan.programId).toBe(counter.program._id);
    const other = await openCounter(domain);
    expect(await counter.refusal(counter.code(asha, 60_000), { ms: 60_000, programId: other.program._id })).toBe('not-found');
  });

  test('gives no more on a day than the cap lets through, and the visits count on', async () => {
    const counter = await openCounter(domain, { enrollment: 'automatic', rules: [visit(10)], capPerDay: 25 });
    const asha = await domain.person();
    // Of one day, wherever the clock stands now.
    const start = dayMs - (counter.begins % dayMs);
    const given: number[] = [];
    for (const ms of [0, 20_000, 40_000, 60_000, dayMs].map((one) => one + start))
      given.push((await counter.scan(counter.code(asha, ms), { ms })).scan.points);
    expect(given).toEqual([10, 10, 5, 0, 10]);
    expect(await cardOf(counter.program._id, asha)).toMatchObject({ balance: 35, visits: 5 });
  });
});

describe('a code', () => {
  test('scanned twice within ten seconds counts once, whatever code is shown then', async () => {
    const counter = await openCounter(domain, { enrollment: 'automatic', rules: [visit(10)] });
    const asha = await domain.person();
    const first = await counter.scan(counter.code(asha));
    const renewed = counter.code(asha);
    for (const ms of [0, 5_000, 9_000]) {
      const again = await counter.scan(renewed, { ms });
      expect(again).toMatchObject({
        repeated: true,
        scan: { _id: first.scan._id },
        card: { balance: 10, visits: 1 },
        entry: { delta: 10 },
      });
    }
    expect(await counter.refusal(renewed, { ms: 12_000 })).toBe('code-used');
    expect(await counter.scan(counter.code(asha, 12_000), { ms: 12_000 })).toMatchObject({ repeated: false, card: { visits: 2 } });
  });

  test('scanned by ten cashiers at once counts once, for all of them', async () => {
    const counter = await openCounter(domain, { enrollment: 'automatic', rules: [visit(10)] });
    const asha = await domain.person();
    const scans = await Promise.all(Array.from({ length: 10 }, () => counter.scan(counter.code(asha))));
    expect(new Set(scans.map(({ scan }) => scan._id)).size).toBe(1);
    expect(scans.filter(({ repeated }) => !repeated)).toHaveLength(1);
    expect(await cardOf(counter.program._id, asha)).toMatchObject({ balance: 10, visits: 1 });
  });

  test('serves each business once, and is refused when it is replayed', async () => {
    const [one, two] = [await openCounter(domain, { enrollment: 'automatic' }), await openCounter(domain, { enrollment: 'automatic' })];
    const asha = await domain.person();
    const code = one.code(asha);
    await one.scan(code);
    expect(await one.refusal(code, { ms: 15_000 })).toBe('code-used');
    await two.scan(code, { ms: 15_000 });
    expect(await one.refusal(one.code(asha), { ms: 60_000 })).toBe('code-expired');
  });

  test('that is forged, of another installation, of another kind, one’s own, or of nobody is refused by its own error', async () => {
    const counter = await openCounter(domain);
    const asha = await domain.person();
    const code = counter.code(asha);
    const codes = createCodes(domain.config.jwtKeys);
    const own = passing(new Date());
    const foreign = createCodes([{ kid: 'default', secret: 'the secret of somebody else' }]);
    expect(await counter.refusal(`${code.slice(0, -1)}${code.endsWith('A') ? 'B' : 'A'}`)).toBe('code-invalid');
    expect(await counter.refusal(foreign.sign({ kind: 'user', userId: asha.userId, ...own }))).toBe('code-foreign');
    expect(await counter.refusal(codes.sign({ kind: 'pickup', orderId: newId(), ...own }))).toBe('code-foreign');
    expect(await counter.refusal(codes.sign({ kind: 'user', userId: newId(), ...own }))).toBe('code-foreign');
    expect(await counter.refusal(counter.code(counter.member))).toBe('own-code');
    const second = await domain.person({ merchants: [counter.merchantId] });
    expect(await counter.refusal(counter.code(counter.member), { by: second })).toBe('accepted');
    await domain.mongo.db.collection<{ _id: string }>('users').updateOne({ _id: asha.userId }, { $set: { status: 'suspended' } });
    expect(await counter.refusal(code)).toBe('code-foreign');
    expect(await counter.traces(asha)).toBe(0);
  });
});

describe('who may scan', () => {
  test('members, for a business that is active and has a program that is', async () => {
    const counter = await openCounter(domain);
    const { merchantId, member, program } = counter;
    const asha = await domain.person();
    const code = counter.code(asha);
    expect(await counter.refusal(code, { by: await domain.person() })).toBe('forbidden');
    expect(await counter.refusal(code, { by: await domain.person({ roles: ['admin'] }), businessId: merchantId })).toBe('forbidden');
    const other = await openCounter(domain);
    expect(await counter.refusal(code, { businessId: other.merchantId })).toBe('forbidden');
    const both = await domain.person({ merchants: [merchantId, other.merchantId] });
    expect(await counter.refusal(code, { by: both })).toBe('bad-request');
    await domain.run((tx) => domain.loyalty.programs.update(tx, member, merchantId, program._id, { isActive: false }));
    expect(await counter.refusal(code)).toBe('program-closed');
    expect(await counter.refusal(code, { programId: program._id })).toBe('program-closed');
    const friend = await other.friend();
    const merchants = domain.mongo.db.collection<{ _id: string }>('merchants');
    await merchants.updateOne({ _id: other.merchantId }, { $set: { isActive: false } });
    for (const shown of [code, other.code(friend)]) expect(await other.refusal(shown)).toBe('merchant-closed');
    expect((await counter.traces(asha)) + (await other.traces(asha))).toBe(0);
  });

  test('nobody, of a customer who has said no: nothing is stored, and the business hears nothing', async () => {
    const counter = await openCounter(domain, { rules: [visit(10)] });
    const [asha, ravi] = [await domain.person(), await domain.person()];
    for (const [customer, decision] of [
      [asha, 'decline'],
      [ravi, 'block'],
    ] as const) {
      const { enrollment } = await counter.scan(counter.code(customer));
      await counter.decide(customer, enrollment!._id, decision);
      const before = await counter.traces(customer);
      for (const ms of [15_000, 8 * dayMs]) expect(await counter.refusal(counter.code(customer, ms), { ms })).toBe('enrollment-refused');
      expect(await counter.traces(customer)).toBe(before);
    }
    const ms = 31 * dayMs;
    expect(await counter.refusal(counter.code(asha, ms), { ms })).toBe('accepted');
    expect(await counter.refusal(counter.code(ravi, ms), { ms })).toBe('enrollment-refused');
  });
});

describe('a printed card', () => {
  const { show, renew } = {
    show: (id: string) => domain.scans.staticCards.show(id),
    renew: (id: string) => domain.run((tx) => domain.scans.staticCards.renew(tx, id)),
  };

  test('is the same until it is renewed, is scanned like a code again and again, and then is void', async () => {
    const counter = await openCounter(domain, { enrollment: 'automatic', rules: [visit(10)] });
    const { userId } = await domain.person();
    const shown = await Promise.all([show(userId), show(userId), show(userId)]);
    expect(new Set(shown.map(({ code }) => code)).size).toBe(1);
    const [{ code, expiresAt }] = shown;
    expect(expiresAt).toBeNull();
    expect((await counter.scan(code)).scan).toMatchObject({ kind: 'card', points: 10 });
    expect((await counter.scan(code, { ms: 5_000 })).repeated).toBe(true);
    expect((await counter.scan(code, { ms: 90 * dayMs })).card).toMatchObject({ visits: 2 });
    await renew(userId);
    expect(await counter.refusal(code)).toBe('code-expired');
    expect(await counter.refusal((await show(userId)).code, { ms: 91 * dayMs })).toBe('accepted');
  });

  test('pays nothing', async () => {
    const counter = await openCounter(domain);
    const asha = await domain.person();
    const { code } = await show(asha.userId);
    const { paymentRequests, codePayments } = domain.payments;
    await expect(
      domain.run((tx) => paymentRequests.request(tx, counter.member, counter.merchantId, { code, amount: 100 })),
    ).rejects.toMatchObject({ code: 'code-foreign' });
    await expect(codePayments.resolve(counter.member, code, new Date())).rejects.toMatchObject({ code: 'code-foreign' });
  });
});

test('the log has what counted, newest first, for members', async () => {
  const counter = await openCounter(domain, { enrollment: 'automatic', rules: [visit(10)] });
  const [asha, ravi] = [await domain.person(), await domain.person()];
  const made = [
    await counter.scan(counter.code(asha)),
    await counter.scan(counter.code(ravi)),
    await counter.scan(counter.code(asha, 20_000), { ms: 20_000 }),
  ];
  await counter.scan(counter.code(ravi));
  const { scans } = domain.scans;
  const ids = made.map(({ scan }) => scan._id);
  const list = async (query: object = {}) =>
    (await scans.list(counter.member, counter.merchantId, { limit: 10, ...query })).page.map(({ _id }) => _id);
  expect(await list()).toEqual([ids[2], ids[1], ids[0]]);
  expect(await list({ userId: asha.userId })).toEqual([ids[2], ids[0]]);
  const { page, nextCursor } = await scans.list(counter.member, counter.merchantId, { limit: 1 });
  expect([page[0]!._id, ...(await list({ cursor: nextCursor! }))]).toEqual([ids[2], ids[1], ids[0]]);
  await expect(scans.list(asha, counter.merchantId, { limit: 10 })).rejects.toMatchObject({ code: 'forbidden' });
});

test('scans of many customers at once wait for nobody, far from the limit', async () => {
  const counter = await openCounter(domain, { enrollment: 'automatic', rules: [{ kind: 'visit', points: 1 }] });
  const people = await Promise.all(Array.from({ length: 5 }, () => domain.person()));
  let runs = 0;
  await Promise.all(
    people.map((person) =>
      domain.run(async (tx) => {
        runs++;
        return answered(
          await domain.scans.scans.scan({ ...tx, now: new Date(counter.begins) }, counter.member, { code: counter.code(person) }),
        );
      }, counter.member.userId),
    ),
  );
  expect(runs).toBe(people.length);
});

test('the ledger of points is sound', async () => {
  expect(await pointsProblems(domain)).toEqual([]);
});
