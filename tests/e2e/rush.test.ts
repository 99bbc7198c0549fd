import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import {
  createStall,
  createWorld,
  expectStatus,
  topUp,
  waitFor,
  type Account,
  type Answer,
  type Stall,
  type World,
} from '@tidings/testing';
import { ledgerProblems } from './support/ledger.js';

const crowd = 50;
/** They take turns, and a busy machine makes that long. */
const patienceMs = 180_000;
let world: World;
let guests: Account[];
beforeAll(async () => {
  world = await createWorld();
  guests = await Promise.all(Array.from({ length: crowd }, (_, index) => world.signUp(`Guest ${index}`)));
});
afterAll(() => world.stop());

type Body = { id: string; code?: string; balance: number; stock: number };

/** As clients do: the same key, and again after as long as the answer says. */
async function write(account: Account, path: string, body: unknown): Promise<Answer<Body>> {
  const key = randomUUID();
  for (;;) {
    const answer = await account.http.send<Body>('POST', path, body, { 'idempotency-key': key });
    if (answer.status !== 503) return answer;
    await new Promise((resolve) => setTimeout(resolve, Number(answer.headers.get('retry-after') ?? 1) * 1_000));
  }
}

const order = (account: Account, { merchant, item }: Stall) =>
  write(account, '/api/orders', { vendorId: merchant.id, items: [{ itemId: item.id, quantity: 1 }] });
const balanceOf = async ({ http }: Account) => (await expectStatus(200, http.get<Body>('/api/wallet'))).body.balance;
const outcomes = (answers: readonly Answer<Body>[], success = 201): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { status, body } of answers) {
    const name = status === success ? 'ok' : String(body.code);
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
};

async function fund(account: Account, amount: number): Promise<void> {
  await topUp(world, account, amount);
  await waitFor('the money', async () => (await balanceOf(account)) === amount);
}

async function expectSoundLedger(): Promise<void> {
  await waitFor('the roll-ups', async () => (await world.mongo.db.collection('postings').countDocuments({ pending: true })) === 0);
  expect(await ledgerProblems(world.mongo)).toEqual([]);
}

describe('everybody at once', () => {
  test(
    'fifty purchases of the last ten pieces sell ten, and charge ten',
    async () => {
      const stall = await createStall(world, { price: 100, stock: 10 });
      await Promise.all(guests.map((guest) => topUp(world, guest, 100)));
      const funded = { kind: 'user', balance: 100 };
      await waitFor('the money', async () => (await world.mongo.db.collection('accounts').countDocuments(funded)) === crowd);
      const answers = await Promise.all(guests.map((guest) => order(guest, stall)));
      expect(outcomes(answers)).toEqual({ ok: 10, 'out-of-stock': 40 });
      const balances = await Promise.all(guests.map(balanceOf));
      expect(balances.map((balance, index) => [balance, answers[index]?.status])).toEqual(
        answers.map(({ status }) => [status === 201 ? 0 : 100, status]),
      );
      const { body } = await guests[0]!.http.get<Body>(`/api/merchants/${stall.merchant.id}/items/${stall.item.id}`);
      expect(body.stock).toBe(0);
      await expectSoundLedger();
    },
    patienceMs,
  );

  test(
    'fifty payments from one wallet take no more than is in it',
    async () => {
      const stalls = await Promise.all([createStall(world, { price: 300 }), createStall(world, { price: 300 })]);
      const guest = await world.signUp('Spender');
      await fund(guest, 3_700);
      const answers = await Promise.all(Array.from({ length: crowd }, (_, index) => order(guest, stalls[index % 2]!)));
      expect(outcomes(answers)).toEqual({ ok: 12, 'insufficient-funds': 38 });
      expect(await balanceOf(guest)).toBe(100);
      await expectSoundLedger();
    },
    patienceMs,
  );

  test(
    'ten partial refunds of one order give back no more than was paid',
    async () => {
      const stall = await createStall(world, { price: 1_000 });
      const guest = await world.signUp('Complainer');
      await fund(guest, 1_000);
      const { body } = await order(guest, stall);
      const refund = () => write(stall.owner, `/api/orders/${body.id}/refunds`, { amount: 300, reason: 'It was cold' });
      const answers = await Promise.all(Array.from({ length: 10 }, refund));
      expect(outcomes(answers, 200)).toEqual({ ok: 3, 'refund-exceeds-payment': 7 });
      expect(await balanceOf(guest)).toBe(900);
      await expectSoundLedger();
    },
    patienceMs,
  );
});
