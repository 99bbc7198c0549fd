import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createTestStore, type TestStore } from '@tidings/testing';
import type { Actor } from './actor.js';
import type { People } from './people.js';
import { checkStrangers } from './strangers.js';
import { checkMoney, checkOrders, checkReturns, checkScreens } from './verdict.js';

// A judge who finds nothing proves nothing: each fault is made here, and has to be found.

let store: TestStore;
beforeAll(async () => {
  store = await createTestStore();
});
afterAll(() => store.close());
beforeEach(() => store.mongo.db.dropDatabase());

const insert = (collection: string, documents: Record<string, unknown>[]) =>
  store.mongo.db.collection(collection).insertMany(documents as never);

function guest(id: string, received: { type: string; payload: object }[], fetched: Record<string, unknown> = {}): Actor {
  const client = { received, of: (type: string) => received.filter((one) => one.type === type) };
  const http = async (_method: string, path: string) => ({ body: fetched[path.split('?')[0]!] ?? { items: [], nextCursor: null } });
  return { id, name: id, client, http } as unknown as Actor;
}
const people = (...guests: Actor[]): People => ({ guests, vendors: [], admins: [] });
const meta = (id: string, feed: string, seq: number) => ({ meta: { id, feed, seq, at: '2026-01-01T00:00:00.000Z' } });

test('money that is made, lost, overdrawn or never rolled up is found', async () => {
  await insert('postings', [
    { transferId: 't1', account: 'a', currency: 'INR', amount: 5 },
    { transferId: 't1', account: 'b', currency: 'INR', amount: -4, pending: true },
  ]);
  await insert('accounts', [
    { _id: 'a', kind: 'user', balance: 6 },
    { _id: 'b', kind: 'user', balance: -4 },
  ]);
  expect(await checkMoney(store.mongo)).toEqual([
    'the ledger in INR sums to 1',
    'the transfer t1 sums to 1',
    'a has 6, its postings say 5',
    'b is below zero: -4',
    '1 postings were never rolled up',
  ]);
});

test('orders that hang, double or vanish, top-ups that were never credited and stock below nothing are found', async () => {
  await insert('orders', [{ status: 'ready' }, { status: 'completed' }]);
  await insert('topups', [{ status: 'pending' }]);
  await insert('items', [{ stock: -1 }]);
  await insert('webhook_deliveries', [{ state: 'held' }]);
  expect(await checkOrders(store.mongo, { orders: 1, topUps: 1 })).toEqual([
    '1 orders are in no final state',
    '1 orders were accepted, 2 are stored',
    '1 top-ups that were paid are not credited',
    '1 webhooks are not done with',
    '1 items have less than nothing in stock',
  ]);
});

test('disputes that hang, vanish or end otherwise, and refunds at the counter that were not booked or are too much, are found', async () => {
  await insert('disputes', [
    { topUpId: 'a', status: 'won' },
    { topUpId: 'b', status: 'opened' },
  ]);
  await insert('payment_requests', [
    { _id: 'p', status: 'captured', captured: 100, refunded: 30 },
    { _id: 'q', status: 'captured', captured: 100, refunded: 150 },
    { _id: 'r', status: 'captured', captured: 100 },
  ]);
  await insert('transfers', [
    { type: 'refund', paymentRequestId: 'p', amount: 20 },
    { type: 'refund', paymentRequestId: 'p', amount: 10 },
    { type: 'refund', paymentRequestId: 'q', amount: 150 },
    { type: 'refund', paymentRequestId: 'r', amount: 5 },
  ]);
  const verdicts = new Map([
    ['a', 'won'],
    ['b', 'lost'],
    ['c', 'lost'],
  ] as const);
  expect(await checkReturns(store.mongo, verdicts)).toEqual([
    'the dispute of b was lost, and is opened',
    'the dispute of c was lost, and is unknown',
    '3 top-ups were disputed, 2 disputes are stored',
    'of the payment r, 5 went back, and it says 0',
    'of the payment q, 100 were paid and 150 went back',
  ]);
});

test('a screen that is not what is fetched, and a feed with a gap, are found', async () => {
  const balance = { userId: 'g', newBalance: 5, oldBalance: 0, amount: 5, held: 0, currency: 'INR', reason: 'top-up', version: 1 };
  const received = [
    { type: 'balance-updated', payload: { ...balance, ...meta('e1', 'user:g', 1) } },
    { type: 'balance-updated', payload: { ...balance, ...meta('e3', 'user:g', 3) } },
  ];
  const wallet = { userId: 'g', balance: 7, held: 0, currency: 'INR', version: 2 };
  const { faults } = await checkScreens(people(guest('g', received, { '/api/wallet': wallet })));
  expect(faults).toEqual(['g: what the screen shows differs from what is fetched: wallet', 'g: Error: user:g: 3 came after 1']);
});

test('an event of a stranger is found: by the feed, by the order, by the user, and by whom it was written for', async () => {
  await insert('orders', [{ _id: 'o', userId: 'other', vendorId: 'm' }]);
  await insert('outbox', [{ _id: 'e', feeds: ['user:g', { feed: 'user:other', omit: [] }] }]);
  const received = [
    { type: 'new-order', payload: { orderId: 'o', ...meta('e', 'user:g', 1) } },
    { type: 'payment-completed', payload: { userId: 'other', ...meta('e', 'user:other', 1) } },
    { type: 'balance-updated', payload: { userId: 'other' } },
    { type: 'balance-updated', payload: { userId: 'g', ...meta('unknown', 'user:g', 2) } },
  ];
  const { faults, checked } = await checkStrangers(store.mongo, people(guest('g', received)));
  expect(checked).toBe(4);
  expect(faults).toEqual([
    'g saw new-order of an order of other at m',
    'g saw payment-completed of the feed user:other',
    'g saw balance-updated of the user other',
    'g got balance-updated in user:g, where nobody had put it',
  ]);
});
