import { describe, expect, test } from '@jest/globals';
import type { AnyEvent } from '../events.js';
import { reduceTransactions, reduceWallet } from './reduce.js';
import type { Wallet, WalletTransaction } from './schemas.js';

const wallet: Wallet = { userId: 'u1', balance: 500, held: 0, currency: 'INR', version: 3 };

function change(
  version: number,
  newBalance: number,
  rest: { userId?: string; currency?: string; transaction?: WalletTransaction } = {},
): AnyEvent {
  return {
    type: 'balance-updated',
    data: {
      userId: 'u1',
      newBalance,
      oldBalance: 500,
      amount: newBalance - 500,
      held: 20,
      currency: 'INR',
      reason: 'payment',
      version,
      ...rest,
    },
  };
}

describe('reduceWallet', () => {
  test('a newer event gives the wallet as it is fetched', () => {
    expect(reduceWallet(wallet, change(4, 300))).toEqual({ userId: 'u1', balance: 300, held: 20, currency: 'INR', version: 4 });
    expect(reduceWallet(null, change(1, 100))).toEqual({ userId: 'u1', balance: 100, held: 20, currency: 'INR', version: 1 });
  });

  test('an event that the fetched state already holds changes nothing', () => {
    expect(reduceWallet(wallet, change(3, 500))).toBe(wallet);
    expect(reduceWallet(wallet, change(2, 900))).toBe(wallet);
  });

  test('another wallet and other events change nothing', () => {
    expect(reduceWallet(wallet, change(9, 1, { currency: 'EUR' }))).toBe(wallet);
    expect(reduceWallet(wallet, change(9, 1, { userId: 'u2' }))).toBe(wallet);
    expect(reduceWallet(wallet, { type: 'session-revoked', data: { sessionId: 's1', reason: 'logged-out' } })).toBe(wallet);
  });
});

test('reduceTransactions puts a transaction first, once', () => {
  const transaction: WalletTransaction = {
    id: 't2',
    type: 'payment',
    amount: -200,
    currency: 'INR',
    balanceAfter: 300,
    description: 'Order 7',
    orderId: 'o1',
    paymentMethod: 'wallet',
    createdAt: '2026-11-21T10:00:00.000Z',
  };
  const older: WalletTransaction = { ...transaction, id: 't1', createdAt: '2026-11-21T09:00:00.000Z' };
  const once = reduceTransactions([older], change(4, 300, { transaction }));
  expect(once).toEqual([transaction, older]);
  expect(reduceTransactions(once, change(4, 300, { transaction }))).toBe(once);
  expect(reduceTransactions(once, change(5, 300))).toBe(once);
});
