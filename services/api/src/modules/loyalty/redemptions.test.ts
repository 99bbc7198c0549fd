import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newId } from '@tidings/platform';
import { createClock, openCard, pointsProblems, runDue, type OpenCard } from '../../../tests/support/cards.js';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { codesOf } from '../../../tests/support/stalls.js';
import { createCodes, passing, type Code } from '../../codes/codes.js';
import type { RewardDocument } from './loyalty.model.js';

const minute = 60_000;
const clock = createClock();
let domain: Domain;
beforeAll(async () => {
  domain = await createDomain({ now: clock.now });
});
afterAll(() => domain.stop());

const times = <T>(count: number, work: () => T): T[] => Array.from({ length: count }, work);
const open = (settings: Parameters<typeof openCard>[1] = {}) => openCard(domain, settings, { now: clock.now });
const stockOf = async ({ _id }: RewardDocument): Promise<number | null> =>
  (await domain.loyalty.models.rewards.findById(_id).lean<RewardDocument>())!.stock;
const sign = (code: Code): string => createCodes(domain.config.jwtKeys).sign(code);

/** A reward that waits to be handed out. */
async function requested(fields: Parameters<OpenCard['offer']>[0] = {}) {
  const place = await open();
  await place.give(100);
  const reward = await place.offer({ stock: 5, ...fields });
  const redemption = await place.redeem(reward._id);
  return { ...place, reward, redemption, code: place.codeOf(redemption._id) };
}

describe('rewards', () => {
  test('are offered and changed by members, in programs of their own', async () => {
    const { member, merchantId, offer, customer } = await open();
    const reward = await offer({ stock: 3 });
    const { rewards } = domain.loyalty;
    const update = (who: typeof member, ifMatch?: string) =>
      domain.run((tx) => rewards.update(tx, who, merchantId, reward._id, { cost: 70 }, ifMatch));
    expect(await codesOf([update(customer), update(member, '"v7"'), update(member, '"v1"')])).toEqual([
      'forbidden',
      'version-mismatch',
      'ok',
    ]);
    expect((await rewards.list(merchantId, { limit: 5 })).page).toMatchObject([{ cost: 70, stock: 3, version: 2 }]);
    const other = await open();
    expect(await codesOf([offer({ programId: other.program._id })])).toEqual(['not-found']);
    const foreign = domain.run((tx) => rewards.update(tx, other.member, other.merchantId, reward._id, { cost: 1 }));
    expect(await codesOf([foreign])).toEqual(['not-found']);
  });

  test('of three on the shelf ten customers at once get three', async () => {
    const shop = await open();
    const reward = await shop.offer({ stock: 3 });
    const { cards, redemptions } = domain.loyalty;
    const ask = async () => {
      const customer = await domain.person();
      const { userId } = customer;
      const { result: card } = await domain.run((tx) => cards.open(tx, shop.program, { userId, name: 'Asha' }));
      await domain.run((tx) => domain.loyalty.pointsService.byHand(tx, shop.member, card._id, { delta: 100, reason: 'Cake' }));
      return () => domain.run((tx) => redemptions.request(tx, customer, card._id, reward._id));
    };
    const asking = await Promise.all(times(10, ask));
    const answers = await codesOf(asking.map((run) => run()));
    expect(answers.toSorted()).toEqual([...times(3, () => 'ok'), ...times(7, () => 'out-of-stock')]);
    expect(await stockOf(reward)).toBe(0);
  });
});

describe('asking for a reward', () => {
  test('sets its points aside and takes one from the stock, and both sides are told', async () => {
    const { card, reward, redemption, merchantId, customer, entries } = await requested();
    expect(redemption).toMatchObject({ status: 'requested', cost: 50 });
    expect(await card()).toMatchObject({ balance: 50, held: 50, lifetime: 100 });
    expect(await stockOf(reward)).toBe(4);
    expect(await entries()).toHaveLength(1);
    const told = await domain.mongo.db.collection('outbox').findOne({ type: 'redemption-updated', 'data.redemptionId': redemption._id });
    expect(told).toMatchObject({ feeds: [`user:${customer.userId}`, `merchant:${merchantId}`] });
  });

  test('twice at once with points for one gets one', async () => {
    const { give, offer, redeem, card } = await open();
    await give(90);
    const reward = await offer({ stock: 5 });
    expect((await codesOf([redeem(reward._id), redeem(reward._id)])).toSorted()).toEqual(['insufficient-points', 'ok']);
    expect(await card()).toMatchObject({ balance: 40, held: 50 });
    expect(await stockOf(reward)).toBe(4);
  });

  test('is the customer’s, for what is on offer there', async () => {
    const { give, offer, redeem, card, member, merchantId, close } = await open();
    const other = await open();
    await give(200);
    const [reward, foreign] = [await offer(), await other.offer()];
    const by = async (who: typeof member) => {
      const { _id } = await card();
      return domain.run((tx) => domain.loyalty.redemptions.request(tx, who, _id, reward._id));
    };
    expect(await codesOf([by(member), by(await domain.person())])).toEqual(['forbidden', 'not-found']);
    expect(await codesOf([redeem(foreign._id), redeem(newId())])).toEqual(['not-found', 'not-found']);
    await domain.run((tx) => domain.loyalty.rewards.update(tx, member, merchantId, reward._id, { isActive: false }));
    expect(await codesOf([redeem(reward._id)])).toEqual(['item-unavailable']);
    await domain.run((tx) => domain.loyalty.rewards.update(tx, member, merchantId, reward._id, { isActive: true }));
    await close();
    expect(await codesOf([redeem(reward._id)])).toEqual(['program-closed']);
  });

  test('waits while the business’s subscription is over; what was set aside before is handed out', async () => {
    const { reward, redeem, redemption, code, confirm, give, merchantId } = await requested();
    await give(50);
    const { merchants } = domain.merchants;
    await domain.run((tx) => merchants.setStopped(tx, merchantId, 'suspended'));
    expect(await codesOf([redeem(reward._id)])).toEqual(['merchant-closed']);
    expect(await confirm(code)).toMatchObject({ _id: redemption._id, status: 'confirmed' });
    await domain.run((tx) => merchants.setStopped(tx, merchantId, undefined));
    expect(await codesOf([redeem(reward._id)])).toEqual(['ok']);
  });
});

test('no more rewards are on their way than one cancels at once', async () => {
  const { give, offer, redeem, cancel, card } = await open();
  await give(500);
  const reward = await offer();
  const one = await redeem(reward._id);
  const { redemptions } = domain.loyalty.models;
  const stored = await redemptions.findById(one._id).orFail().lean();
  const copies = Array.from({ length: 49 }, () => ({ ...stored, _id: newId() }));
  await redemptions.insertMany(copies);
  expect(await codesOf([redeem(reward._id)])).toEqual(['already-exists']);
  await cancel(one._id);
  expect((await codesOf([redeem(reward._id), redeem(reward._id)])).toSorted()).toEqual(['already-exists', 'ok']);
  expect(await card()).toMatchObject({ held: 50 });
  await redemptions.deleteMany({ _id: { $in: copies.map(({ _id }) => _id) } });
});

describe('handing a reward out', () => {
  test('is another member’s matter where a member is the customer', async () => {
    const { member, merchantId, program } = await open();
    const colleague = await domain.person({ merchants: [merchantId] });
    const own = await openCard(domain, {}, { beside: { merchantId, member: colleague }, program, customer: member, now: clock.now });
    await own.give(100);
    const code = own.codeOf((await own.redeem((await own.offer())._id))._id);
    expect(await codesOf([own.confirm(code, member)])).toEqual(['own-code']);
    expect(await own.confirm(code)).toMatchObject({ status: 'confirmed' });
  });

  test('spends its points; shown again the code was used', async () => {
    const { code, confirm, card, entries, redemption, codeOf } = await requested();
    expect(await confirm(code)).toMatchObject({ status: 'confirmed', version: 2 });
    expect(await card()).toMatchObject({ balance: 50, held: 0, lifetime: 100 });
    expect((await entries()).at(-1)).toMatchObject({ source: 'redemption', delta: -50, balance: 50, redemptionId: redemption._id });
    expect(await codesOf([confirm(code), confirm(codeOf(redemption._id))])).toEqual(['code-used', 'code-used']);
  });

  test('of ten scans at once one does', async () => {
    const { code, confirm, card } = await requested();
    const answers = await codesOf(times(10, () => confirm(code)));
    expect(answers.toSorted()).toEqual([...times(9, () => 'code-used'), 'ok']);
    expect(await card()).toMatchObject({ balance: 50, held: 0 });
  });

  test('every other code is refused with a code of its own', async () => {
    const { code, confirm, redemption, customer, member, merchantId } = await requested();
    const other = await open();
    const now = clock.now();
    const ofReward = (fields: Partial<Extract<Code, { kind: 'redemption' }>>) =>
      sign({ kind: 'redemption', redemptionId: redemption._id, ...passing(now), ...fields });
    const elsewhere = createCodes([{ kid: 'default', secret: 'the secret of somebody else' }]);
    const ofBoth = await domain.person({ merchants: [merchantId, other.merchantId] });
    expect(
      await codesOf([
        confirm(`${code.slice(0, -1)}${code.endsWith('A') ? 'B' : 'A'}`),
        confirm('not a code'),
        confirm(elsewhere.sign({ kind: 'redemption', redemptionId: redemption._id, ...passing(now) })),
        confirm(ofReward({ expiresAt: Math.floor(now.getTime() / 1_000 - 1) * 1_000 })),
        confirm(ofReward({ redemptionId: newId() })),
        confirm(sign({ kind: 'user', userId: customer.userId, ...passing(now) })),
        other.confirm(code),
        other.confirm(code, ofBoth),
        confirm(code, customer),
        other.confirm(code, member),
      ]),
    ).toEqual([
      'code-invalid',
      'code-invalid',
      'code-foreign',
      'code-expired',
      'code-foreign',
      'code-foreign',
      'code-foreign',
      'code-foreign',
      'forbidden',
      'forbidden',
    ]);
    expect(await confirm(code)).toMatchObject({ status: 'confirmed' });
  });

  test('only the customer shows the code, while there is something to hand out', async () => {
    const { redemption, customer, member, cancel } = await requested();
    const { redemptions } = domain.loyalty;
    const { code } = await redemptions.code(customer, redemption._id);
    expect(createCodes(domain.config.jwtKeys).read(code, new Date())).toMatchObject({ kind: 'redemption', redemptionId: redemption._id });
    const asked = [member, await domain.person()].map((who) => redemptions.code(who, redemption._id));
    expect(await codesOf(asked)).toEqual(['forbidden', 'not-found']);
    await cancel(redemption._id);
    expect(await codesOf([redemptions.code(customer, redemption._id)])).toEqual(['not-found']);
  });
});

describe('a reward that is not handed out', () => {
  test('gives points and stock back when either side cancels, once', async () => {
    for (const side of ['customer', 'member'] as const) {
      const { cancel, redemption, card, reward, code, confirm, [side]: who } = await requested();
      const stranger = await domain.person();
      expect(await codesOf([cancel(redemption._id, stranger)])).toEqual(['not-found']);
      expect((await codesOf(times(5, () => cancel(redemption._id, who)))).toSorted()).toEqual([
        ...times(4, () => 'invalid-transition'),
        'ok',
      ]);
      expect(await card()).toMatchObject({ balance: 100, held: 0, lifetime: 100 });
      expect(await stockOf(reward)).toBe(5);
      expect(await codesOf([confirm(code)])).toEqual(['invalid-transition']);
    }
  });

  test('cancelled and handed out at once, it is one of the two', async () => {
    for (let round = 0; round < 5; round++) {
      const { cancel, redemption, card, code, confirm } = await requested();
      const answers = await codesOf([cancel(redemption._id), confirm(code)]);
      expect(answers.filter((answer) => answer === 'ok')).toHaveLength(1);
      expect(await card()).toMatchObject({ balance: answers[0] === 'ok' ? 100 : 50, held: 0 });
    }
  });

  test('expires after fifteen minutes: refused from that instant on, and everything comes back', async () => {
    const { redemption, confirm, codeOf, card, reward } = await requested();
    clock.forward(15 * minute);
    expect(await codesOf([confirm(codeOf(redemption._id))])).toEqual(['code-expired']);
    expect(await card()).toMatchObject({ held: 50 });
    await runDue(domain, clock.now());
    await runDue(domain, clock.now());
    expect(await card()).toMatchObject({ balance: 100, held: 0 });
    expect(await stockOf(reward)).toBe(5);
    expect(await codesOf([confirm(codeOf(redemption._id))])).toEqual(['code-expired']);
  });

  test('gives nothing to a stock that nobody counted when it was taken', async () => {
    const { cancel, redemption, reward, member, merchantId } = await requested({ stock: null });
    await domain.run((tx) => domain.loyalty.rewards.update(tx, member, merchantId, reward._id, { stock: 2 }));
    await cancel(redemption._id);
    expect(await stockOf(reward)).toBe(2);
  });

  test('is cancelled when the customer leaves, which is told while the business may still hear of it', async () => {
    const { close, card, reward, merchantId, redemption, code, confirm } = await requested();
    const events = await close();
    const told = events.filter(({ feeds }) => feeds.includes(`merchant:${merchantId}`)).map(({ type }) => type);
    expect(told).toContain('redemption-updated');
    expect(told.at(-1)).toBe('loyalty-customer-updated');
    expect(await card()).toMatchObject({ status: 'closed', balance: 100, held: 0 });
    expect(await stockOf(reward)).toBe(5);
    expect(await codesOf([confirm(code)])).toEqual(['invalid-transition']);
    expect((await domain.loyalty.models.redemptions.findById(redemption._id))?.status).toBe('cancelled');
  });

  test('gives points back with the end that they had', async () => {
    const { give, offer, redeem, cancel, card } = await open({ expiry: { days: 30, warnDays: 0 } });
    await give(100);
    const { lots } = await card();
    const reward = await offer();
    const { _id } = await redeem(reward._id);
    await redeem(reward._id);
    expect((await card()).lots).toEqual([]);
    await cancel(_id);
    expect((await card()).lots).toEqual([{ ...lots[0], points: 50 }]);
  });
});

test('the ledger of points is sound', async () => {
  expect(await pointsProblems(domain)).toEqual([]);
});
