import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { paymentRequestSchema, Problem, type PaymentRequestInput, type Principal } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { waitFor } from '@tidings/testing';
import { createDomain, type Domain } from '../../../tests/support/domain.js';
import { ledgerSums } from '../wallet/index.js';
import { expiryJobKind } from './payment-request-steps.js';
import { presentPaymentRequest } from './payment-requests.presenter.js';

let domain: Domain;
beforeAll(async () => {
  domain = await createDomain({ jobs: 'running' });
});
afterAll(() => domain.stop());

const minute = 60_000;
const outcome = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => {
      if (error instanceof Problem) return error.code;
      throw error;
    },
  );

async function counter(balance = 1_000) {
  const input = { name: `Chai House ${Math.random()}`, ownerName: 'Ravi', email: `${Math.random()}@example.com` };
  const { result } = await domain.run((tx) => domain.merchants.merchants.create(tx, input));
  const member = await domain.person({ merchants: [result._id] });
  const customer = await domain.person();
  if (balance > 0) await domain.fund(customer.userId, balance);
  return { vendorId: result._id, member, customer };
}

/** Does it as at a time that lies `ms` ahead. */
const at = <T>(ms: number, actor: Principal, work: (tx: Tx) => Promise<T>) =>
  domain.run((tx) => work({ ...tx, now: new Date(tx.now.getTime() + ms) }), actor.userId);

const codeOf = (customer: Principal): string => domain.payments.codePayments.userCode(customer).code;
const requests = () => domain.payments.paymentRequests;

async function ask({ vendorId, member, customer }: Awaited<ReturnType<typeof counter>>, input: Partial<PaymentRequestInput> = {}) {
  const { result } = await at(0, member, (tx) =>
    requests().request(tx, member, vendorId, { code: codeOf(customer), amount: 300, capture: 'manual', ...input }),
  );
  return result._id;
}
const decide = (caller: Principal, id: string, decision: 'accept' | 'decline', ms = 0) =>
  at(ms, caller, (tx) => requests().decide(tx, caller, id, decision));
const capture = (caller: Principal, id: string, amount?: number, ms = 0) =>
  at(ms, caller, (tx) => requests().capture(tx, caller, id, amount));
const cancel = (caller: Principal, id: string) => at(0, caller, (tx) => requests().cancel(tx, caller, id));
const statusOf = async (caller: Principal, id: string) => (await requests().get(caller, id)).status;
const walletOf = async ({ userId }: Principal) => {
  const { balance, held } = await domain.wallet.wallet.balance(userId);
  return [balance, held];
};
/** Makes a job overdue, as if its time had come a while ago: the sweeper then does it without the queue, where it waits for the real one. */
async function bring(id: string, job: 'unanswered' | 'uncaptured'): Promise<void> {
  await domain.mongo.db.collection('payment_requests').updateOne({ _id: id as never }, { $set: { expiresAt: new Date(Date.now() - 1) } });
  await domain.mongo.db
    .collection('jobs')
    .updateOne({ _id: `${expiryJobKind}:${id}:${job}` as never }, { $set: { dueAt: new Date(Date.now() - minute) } });
  await waitFor('the job', async () => {
    const found = await domain.mongo.db.collection('jobs').findOne({ _id: `${expiryJobKind}:${id}:${job}` as never });
    return found?.['state'] === 'done';
  });
}

describe('a payment that the customer approves', () => {
  test('is held, then captured, and each step is told to both', async () => {
    const scene = await counter();
    const { vendorId, member, customer } = scene;
    const id = await ask(scene);
    expect(await walletOf(customer)).toEqual([1_000, 0]);
    const approved = await decide(customer, id, 'accept');
    expect(approved.events.map(({ type }) => type)).toEqual(['payment-request-updated', 'balance-updated']);
    expect(await walletOf(customer)).toEqual([700, 300]);
    const captured = await capture(member, id);
    expect(captured.events.map(({ type, data }) => [type, data['status'] ?? data['reason']])).toEqual([
      ['payment-request-updated', 'captured'],
      ['balance-updated', 'release'],
      ['payment-completed', undefined],
      ['balance-updated', 'payment-request'],
    ]);
    expect(captured.events[0]!.feeds).toEqual([`user:${customer.userId}`, `merchant:${vendorId}`, `payment:${id}`]);
    expect(captured.events[2]!.data).toMatchObject({ amount: 300, paymentMethod: 'wallet', paymentRequestId: id });
    expect(await walletOf(customer)).toEqual([700, 0]);
    const shown = presentPaymentRequest(await requests().get(customer, id));
    expect(paymentRequestSchema.parse(shown)).toMatchObject({ status: 'captured', captured: 300, version: 3 });
    const { page } = await domain.wallet.wallet.history(customer.userId, { limit: 1 });
    expect(page[0]).toMatchObject({ type: 'payment', amount: -300, paymentRequestId: id });
  });

  test('is captured by itself unless the merchant wants to do it', async () => {
    const scene = await counter();
    const id = await ask(scene, { capture: 'automatic' });
    await decide(scene.customer, id, 'accept');
    await waitFor('the capture', async () => (await statusOf(scene.customer, id)) === 'captured');
    expect(await walletOf(scene.customer)).toEqual([700, 0]);
  });

  test('may be captured in part: the rest goes back', async () => {
    const scene = await counter();
    const id = await ask(scene);
    await decide(scene.customer, id, 'accept');
    expect(await outcome(capture(scene.member, id, 301))).toBe('bad-request');
    await capture(scene.member, id, 120);
    expect(await walletOf(scene.customer)).toEqual([880, 0]);
    expect(await outcome(capture(scene.member, id, 120))).toBe('invalid-transition');
  });

  test('is approved within two minutes, and captured within ten', async () => {
    const scene = await counter();
    const id = await ask(scene);
    expect(await outcome(decide(scene.customer, id, 'accept', 2 * minute + 1_000))).toBe('invalid-transition');
    await decide(scene.customer, id, 'accept', 2 * minute - 1_000);
    expect(await outcome(capture(scene.member, id, undefined, 13 * minute))).toBe('invalid-transition');
    await capture(scene.member, id, undefined, 11 * minute);
    expect(await walletOf(scene.customer)).toEqual([700, 0]);
  });

  test('needs a merchant that still sells: nothing is held for another', async () => {
    const scene = await counter();
    const id = await ask(scene);
    const merchants = domain.mongo.db.collection<{ _id: string }>('merchants');
    await merchants.updateOne({ _id: scene.vendorId }, { $set: { isActive: false } });
    expect(await outcome(decide(scene.customer, id, 'accept'))).toBe('merchant-closed');
    expect(await walletOf(scene.customer)).toEqual([1_000, 0]);
    await merchants.updateOne({ _id: scene.vendorId }, { $set: { isActive: true, deletedAt: new Date() } });
    expect(await outcome(decide(scene.customer, id, 'accept'))).toBe('merchant-closed');
    expect(await statusOf(scene.customer, id)).toBe('requested');
    await decide(scene.customer, id, 'decline');
  });

  test('needs the money', async () => {
    const scene = await counter(299);
    const id = await ask(scene);
    expect(await outcome(decide(scene.customer, id, 'accept'))).toBe('insufficient-funds');
    expect(await statusOf(scene.customer, id)).toBe('requested');
  });
});

describe('a payment that does not come about', () => {
  test('declined or taken back, it leaves the wallet as it was', async () => {
    const scene = await counter();
    const [declined, cancelled, released] = [await ask(scene), await ask(scene), await ask(scene)];
    await decide(scene.customer, declined, 'decline');
    await cancel(scene.member, cancelled);
    await decide(scene.customer, released, 'accept');
    expect(await walletOf(scene.customer)).toEqual([700, 300]);
    await cancel(scene.member, released);
    expect(await walletOf(scene.customer)).toEqual([1_000, 0]);
    expect(await Promise.all([declined, cancelled, released].map((id) => statusOf(scene.member, id)))).toEqual([
      'declined',
      'cancelled',
      'cancelled',
    ]);
    for (const id of [declined, cancelled, released]) {
      expect(await outcome(decide(scene.customer, id, 'accept'))).toBe('invalid-transition');
      expect(await outcome(capture(scene.member, id))).toBe('invalid-transition');
    }
  });

  test('unanswered, it expires; uncaptured, it expires and what was held goes back', async () => {
    const scene = await counter();
    const [unanswered, uncaptured] = [await ask(scene), await ask(scene)];
    await decide(scene.customer, uncaptured, 'accept');
    await bring(unanswered, 'unanswered');
    expect(await walletOf(scene.customer)).toEqual([700, 300]);
    await bring(uncaptured, 'uncaptured');
    expect(await statusOf(scene.customer, unanswered)).toBe('expired');
    expect(await statusOf(scene.customer, uncaptured)).toBe('expired');
    expect(await walletOf(scene.customer)).toEqual([1_000, 0]);
  });

  test('the end of the time to answer does not touch what was answered', async () => {
    const scene = await counter();
    const id = await ask(scene);
    await decide(scene.customer, id, 'accept');
    await bring(id, 'unanswered');
    expect(await statusOf(scene.customer, id)).toBe('approved');
    expect(await walletOf(scene.customer)).toEqual([700, 300]);
  });
});

describe('what was captured', () => {
  const paid = async (amount: number) => {
    const scene = await counter();
    const id = await ask(scene, { amount });
    await decide(scene.customer, id, 'accept');
    await capture(scene.member, id);
    return { ...scene, id };
  };
  const giveBack = (caller: Principal, id: string, amount: number, ifMatch?: string) =>
    at(0, caller, (tx) => requests().refund(tx, caller, id, { amount, reason: 'It was cold' }, ifMatch));

  test('goes back in parts, and both are told', async () => {
    const { customer, member, vendorId, id } = await paid(300);
    const { result, events } = await giveBack(member, id, 120);
    expect(presentPaymentRequest(result)).toMatchObject({ status: 'captured', captured: 300, refunded: 120, version: 4 });
    expect(events.map(({ type }) => type).filter((type) => type !== 'balance-updated')).toEqual([
      'payment-request-updated',
      'payment-refunded',
    ]);
    expect(events.find(({ type }) => type === 'payment-refunded')!.data).toMatchObject({
      userId: customer.userId,
      amount: 120,
      paymentRequestId: id,
      reason: 'It was cold',
    });
    expect(await walletOf(customer)).toEqual([820, 0]);
    await giveBack(member, id, 180);
    expect(await walletOf(customer)).toEqual([1_000, 0]);
    expect((await domain.wallet.wallet.merchantBalance(vendorId, 'INR')).balance).toBe(0);
    const { page } = await domain.wallet.wallet.history(customer.userId, { limit: 1 });
    expect(page[0]).toMatchObject({ type: 'refund', amount: 180, paymentRequestId: id });
  });

  test('ten refunds at once never give back more than was captured', async () => {
    const { customer, member, id } = await paid(300);
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => outcome(giveBack(member, id, 70))));
    expect(outcomes.toSorted()).toEqual([
      ...Array.from({ length: 4 }, () => 'done'),
      ...Array.from({ length: 6 }, () => 'refund-exceeds-payment'),
    ]);
    expect(await walletOf(customer)).toEqual([980, 0]);
  });

  test('is given back by members and administrators, and nothing where nothing was paid', async () => {
    const { member, customer, id, ...scene } = await paid(300);
    expect(await outcome(giveBack(customer, id, 1))).toBe('forbidden');
    expect(await outcome(giveBack(await domain.person(), id, 1))).toBe('not-found');
    expect(await outcome(giveBack(member, id, 1, '"v2"'))).toBe('version-mismatch');
    const open = await ask({ member, customer, ...scene });
    expect(await outcome(giveBack(member, open, 1))).toBe('refund-exceeds-payment');

    const admin = await domain.person({ roles: ['admin'] });
    expect(await outcome(giveBack(admin, id, 1))).toBe('forbidden');
    const refund = (amount?: number) =>
      at(0, admin, (tx) =>
        domain.refunds.adminRefunds.create(tx, admin, { paymentRequestId: id, reason: 'Goodwill', ...(amount ? { amount } : {}) }),
      );
    const { result } = await refund(100);
    expect(result).toMatchObject({ status: 'succeeded', paymentRequestId: id, amount: 100, paymentMethod: 'wallet' });
    expect((await refund()).result).toMatchObject({ amount: 200 });
    expect(await outcome(refund())).toBe('refund-exceeds-payment');
    expect(await walletOf(customer)).toEqual([1_000, 0]);
    const audited = await domain.mongo.db
      .collection('audit_log')
      .countDocuments({ action: 'refund.create', target: `payment-request:${id}` });
    expect(audited).toBe(2);
  });
});

describe('the customer’s code', () => {
  test('serves one request: replayed, expired, forged and foreign ones have their own refusals', async () => {
    const { vendorId, member, customer } = await counter();
    const code = codeOf(customer);
    const request = (text: string, ms = 0) =>
      outcome(at(ms, member, (tx) => requests().request(tx, member, vendorId, { code: text, amount: 100 })));
    const { code: stall } = await domain.payments.codePayments.stallCode(vendorId);
    expect(await request(code, 6 * minute)).toBe('code-expired');
    expect(await request(code)).toBe('done');
    expect(await request(code)).toBe('code-used');
    expect(await request(code.slice(0, -1) + (code.endsWith('A') ? 'B' : 'A'))).toBe('code-invalid');
    expect(await request(stall)).toBe('code-foreign');
  });

  test('scanned ten times at once asks once', async () => {
    const { vendorId, member, customer } = await counter();
    const code = codeOf(customer);
    const outcomes = await Promise.all(
      Array.from({ length: 10 }, () => outcome(at(0, member, (tx) => requests().request(tx, member, vendorId, { code, amount: 100 })))),
    );
    expect(outcomes.toSorted()).toEqual([...Array.from({ length: 9 }, () => 'code-used'), 'done']);
  });
});

describe('who may do what', () => {
  test('strangers see nothing, each party has its own part', async () => {
    const scene = await counter();
    const { vendorId, member, customer } = scene;
    const stranger = await domain.person();
    const id = await ask(scene);
    expect(await outcome(requests().get(stranger, id))).toBe('not-found');
    const admin = await domain.person({ roles: ['customer', 'admin'] });
    for (const caller of [admin, member, customer]) expect(await requests().get(caller, id)).toMatchObject({ status: 'requested' });
    const looks = await domain.mongo.db
      .collection('audit_log')
      .find({ target: `payment:${id}` })
      .toArray();
    expect(looks.map(({ actor, action }) => [actor, action])).toEqual([[admin.userId, 'payment-request.look']]);
    expect(await outcome(decide(stranger, id, 'accept'))).toBe('not-found');
    expect(await outcome(decide(member, id, 'accept'))).toBe('forbidden');
    expect(await outcome(capture(customer, id))).toBe('forbidden');
    expect(await outcome(cancel(customer, id))).toBe('forbidden');
    const asked = at(0, stranger, (tx) => requests().request(tx, stranger, vendorId, { code: codeOf(customer), amount: 1 }));
    expect(await outcome(asked)).toBe('forbidden');
    expect(await outcome(requests().list(stranger, { vendorId, limit: 10 }))).toBe('forbidden');
    expect((await requests().list(customer, { limit: 10, open: true })).page.map(({ _id }) => _id)).toEqual([id]);
    expect((await requests().list(member, { vendorId, limit: 10, open: false })).page).toEqual([]);
  });

  test('a merchant asks in its own currency, and not when it is closed down', async () => {
    const { vendorId, member, customer } = await counter();
    const request = (input: Partial<PaymentRequestInput>) =>
      outcome(at(0, member, (tx) => requests().request(tx, member, vendorId, { code: codeOf(customer), amount: 1, ...input })));
    expect(await request({ currency: 'EUR' })).toBe('currency-mismatch');
    await domain.mongo.db.collection('merchants').updateOne({ _id: vendorId as never }, { $set: { isActive: false } });
    expect(await request({})).toBe('merchant-closed');
  });
});

test('of approval, withdrawal, expiry and capture at once one wins, and money is conserved', async () => {
  const scene = await counter(10_000);
  const { member, customer } = scene;
  for (let round = 0; round < 5; round++) {
    const [asked, held] = [await ask(scene), await ask(scene)];
    await decide(customer, held, 'accept');
    const results = await Promise.all([
      outcome(decide(customer, asked, 'accept')),
      outcome(decide(customer, asked, 'decline')),
      outcome(cancel(member, asked)),
      outcome(capture(member, held)),
      outcome(cancel(member, held)),
      bring(held, 'uncaptured'),
    ]);
    expect(new Set(results.filter((result) => result !== undefined))).toEqual(new Set(['done', 'invalid-transition']));
    if ((await statusOf(customer, asked)) === 'approved') await outcome(cancel(member, asked));
  }
  const { page } = await requests().list(customer, { limit: 100 });
  const paid = page.reduce((sum, { captured = 0 }) => sum + captured, 0);
  expect(page.filter(({ status }) => status === 'requested' || status === 'approved')).toEqual([]);
  expect(await walletOf(customer)).toEqual([10_000 - paid, 0]);
});

test('nothing here has unbalanced the ledger', async () => {
  await domain.wallet.rollUps.run();
  expect(await ledgerSums(domain.mongo)).toMatchObject({
    byCurrency: { INR: 0 },
    unbalancedTransfers: [],
    differing: [],
    negative: [],
    heldDiffers: [],
  });
});
