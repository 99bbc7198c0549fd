import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Problem, type Principal } from '@tidings/contracts';
import { newId } from '@tidings/platform';
import { waitFor } from '@tidings/testing';
import { ledgerSums } from '../src/modules/wallet/index.js';
import { RefundRefused } from '../src/modules/wallet/providers/provider.js';
import { createDomain, type Domain } from './support/domain.js';
import { openStall, type Stall } from './support/stalls.js';

/** What the provider has given back of each payment, as its webhook tells. */
const given = new Map<string, number>();
let domain: Domain;
let random: () => number;
beforeAll(async () => {
  domain = await createDomain({
    jobs: 'running',
    providers: {
      stripe: {
        open: async () => ({}),
        refund: async ({ refundId, amount, topUp: { _id, amount: paid } }) => {
          // The same answer each time it is asked.
          if (refundId.codePointAt(refundId.length - 1)! % 3 === 0) throw new RefundRefused('No');
          if ((given.get(_id) ?? 0) + amount > paid) throw new RefundRefused('So much is not left');
          given.set(_id, (given.get(_id) ?? 0) + amount);
        },
      },
    },
  });
});
afterAll(() => domain.stop());

/** Mulberry32: the same steps for the same seed. */
const seeded = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
};
const upTo = (most: number): number => 1 + Math.floor(random() * most);
const one = <T>(of: readonly T[]): T | undefined => of[Math.floor(random() * of.length)];
const rows = <T>(collection: string, filter: object = {}) =>
  domain.mongo.db.collection(collection).find(filter).toArray() as unknown as Promise<(T & { _id: string })[]>;
const sum = (amounts: readonly number[]): number => amounts.reduce((total, amount) => total + amount, 0);

/** One random step: each may be refused, and none may break a sum. */
async function step(stall: Stall, people: readonly Principal[], admin: Principal): Promise<() => Promise<unknown>> {
  const { vendorId, member } = stall;
  const { orders } = domain.orders;
  const { paymentRequests, codePayments } = domain.payments;
  const person = one(people)!;
  const orderId = one(await rows('orders'))?._id ?? newId();
  const topUp = one(await rows<{ userId: string; amount: number }>('topups'))!;
  const request = one(await rows<{ userId: string }>('payment_requests'));
  const [payoutId, amount, reason, currency] = [one(await rows('payouts'))?._id ?? newId(), upTo(400), 'So', 'INR'];
  const customer = people.find(({ userId }) => userId === request?.userId) ?? person;
  const requestId = request?._id ?? newId();
  const status = one(['preparing', 'ready', 'completed', 'rejected', 'cancelled'] as const)!;
  const verdict = one(['opened', 'won', 'lost'] as const)!;
  const said = { provider: 'stripe', topUpId: topUp._id, currency } as const;
  const steps: (() => Promise<unknown>)[] = [
    () => stall.place(person, upTo(4)),
    () => stall.place(person, upTo(4)),
    () => domain.run((tx) => orders.changeStatus(tx, member, orderId, { status, reason })),
    () => domain.run((tx) => orders.refund(tx, member, orderId, { amount, reason })),
    () => domain.run((tx) => orders.cancel(tx, person, orderId)),
    () => domain.run((tx) => domain.refunds.adminRefunds.create(tx, admin, { orderId, reason })),
    () => domain.run((tx) => domain.refunds.adminRefunds.create(tx, admin, { topUpId: topUp._id, amount, reason }), admin.userId),
    // What was given back on the provider's pages, and old news of it.
    () => {
      const total = Math.min(topUp.amount, (given.get(topUp._id) ?? 0) + upTo(60));
      given.set(topUp._id, total);
      return domain.run((tx) => domain.wallet.topUps.refund(tx, { ...said, amount: total }));
    },
    () => domain.run((tx) => domain.wallet.topUps.refund(tx, { ...said, amount: Math.min(upTo(500), given.get(topUp._id) ?? 0) })),
    () => domain.run((tx) => domain.wallet.disputes.report(tx, { ...said, disputeId: `d_${topUp._id}`, status: verdict, amount: 200 })),
    () => domain.run((tx) => domain.payouts.payouts.request(tx, member, vendorId, { amount })),
    () => domain.run((tx) => domain.payouts.payouts.decide(tx, admin, payoutId, { decision: one(['accept', 'decline'])!, reason })),
    () => {
      const { code } = codePayments.userCode(person);
      const capture = one(['manual', 'automatic'] as const)!;
      return domain.run((tx) => paymentRequests.request(tx, member, vendorId, { code, amount, capture }));
    },
    () => domain.run((tx) => paymentRequests.decide(tx, customer, requestId, 'accept')),
    () => domain.run((tx) => paymentRequests.capture(tx, member, requestId, upTo(amount))),
    () => domain.run((tx) => paymentRequests.cancel(tx, member, requestId)),
    () =>
      domain.run((tx) =>
        domain.wallet.wallet.adjust(tx, {
          key: newId(),
          userId: person.userId,
          amount: upTo(200) - 100 || 1,
          currency,
          description: reason,
        }),
      ),
    () => domain.wallet.rollUps.run(),
  ];
  return one(steps)!;
}

async function expectSound(): Promise<void> {
  await domain.wallet.rollUps.run();
  const sound = { unbalancedTransfers: [], differing: [], negative: [], heldDiffers: [] };
  expect(await ledgerSums(domain.mongo)).toEqual({ byCurrency: { INR: 0 }, ...sound });
  const accounts = await rows<{ kind: string; balance: number }>('accounts');
  const holds = sum(accounts.filter(({ kind }) => kind === 'hold').map(({ balance }) => balance));
  const refunds = await rows<{ amount: number; settled: number }>('refunds', { status: 'pending' });
  const approved = await rows<{ amount: number }>('payment_requests', { status: 'approved' });
  const disputes = await rows<{ frozen: number }>('disputes', { status: 'opened' });
  const reasons = [
    ...refunds.map(({ amount, settled }) => amount - settled),
    ...approved.map(({ amount }) => amount),
    ...disputes.map(({ frozen }) => frozen),
  ];
  expect(holds).toBe(sum(reasons));
  const waiting = await rows<{ amount: number }>('payouts', { status: 'requested' });
  const setAside = sum(accounts.filter(({ kind }) => kind === 'payout').map(({ balance }) => balance));
  expect(setAside).toBe(sum(waiting.map(({ amount }) => amount)));
  const postings = await rows<{ orderId?: string; account: string; amount: number }>('postings', { account: { $regex: '^user:' } });
  const orders = await rows<{ price: number; refunded: number; status: string }>('orders');
  for (const { _id, price, refunded } of orders)
    expect(sum(postings.filter(({ orderId }) => orderId === _id).map(({ amount }) => amount))).toBe(refunded - price);
}

test.each([1, 2, 3])('whatever is done at once with money, every sum is sound and every hold has its reason (seed %i)', async (seed) => {
  random = seeded(seed);
  const stall = await openStall(domain);
  const admin = await domain.person({ roles: ['admin', 'superadmin'] });
  const people = await Promise.all([stall.customer(500), stall.customer(800), stall.customer(300)]);
  for (let round = 0; round < 15; round++) {
    const steps = [];
    for (let at = 0; at < 5; at++) steps.push(await step(stall, people, admin));
    const results = await Promise.allSettled(steps.map((run) => run()));
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(Problem);
  }
  await waitFor('the refunds to end', async () => (await rows('refunds', { status: 'pending' })).length === 0);
  await waitFor('the captures', async () => (await rows('payment_requests', { status: 'approved', capture: 'automatic' })).length === 0);
  await expectSound();
  // The provider's last word: what it gave back is what we have booked, of each payment.
  for (const [topUpId, amount] of given)
    await domain.run((tx) => domain.wallet.topUps.refund(tx, { provider: 'stripe', topUpId, amount, currency: 'INR' }));
  for (const { _id, refunded } of await rows<{ refunded: number }>('topups')) expect(refunded).toBe(given.get(_id) ?? 0);
  await expectSound();
});
