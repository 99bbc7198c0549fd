import { describe, expect, test } from '@jest/globals';
import type { Enrollment, PointsEntry } from '@tidings/contracts';
import { loyaltyNotifications } from './loyalty.js';
import { orderNotifications } from './orders.js';
import { securityNotifications } from './security.js';
import { walletNotifications } from './wallet.js';
import { count, excerpt, money, moment, reasonWords } from './words.js';

describe('amounts', () => {
  test.each([
    [25_000, 'INR', '₹250.00'],
    [5, 'USD', '$0.05'],
    [500, 'JPY', '¥500'],
    [1_234_567, 'EUR', '€12,345.67'],
  ])('%d minor units of %s are %s', (amount, currency, text) => {
    expect(money(amount, currency)).toBe(text);
  });

  test('follow the exponent of a currency with three decimals', () => {
    expect(money(1_500, 'KWD').replace(/\s/u, ' ')).toBe('KWD 1.500');
  });
});

describe('words', () => {
  test('counts have their plural', () => {
    expect([count(1, 'point'), count(0, 'point'), count(1_200, 'point')]).toEqual(['1 point', '0 points', '1,200 points']);
  });

  test('codes become words, sentences stay', () => {
    expect([reasonWords('card_declined'), reasonWords('Sold out.')]).toEqual(['card declined', 'Sold out']);
  });

  test('long texts are cut between words', () => {
    expect(excerpt('one two\n three', 40)).toBe('one two three');
    expect(excerpt('a considerable number of words', 20)).toBe('a considerable…');
  });

  test('times are in UTC and say so', () => {
    expect(moment('2026-11-21T14:30:00.000Z')).toBe('2026-11-21, 14:30 UTC');
  });
});

describe('the messages of the contract', () => {
  const ids = { userId: 'u', businessId: 'b', merchantId: 'b' };

  test('a scan names who scanned', () => {
    const { message } = loyaltyNotifications['qr-scanned']({
      scanId: 's',
      userId: 'u',
      businessId: 'b',
      businessName: 'Chai Point',
      message: 'Your QR code was scanned by Chai Point',
    });
    expect(message).toBe('Your QR code was scanned by Chai Point');
  });

  const times = { createdAt: '2026-11-21T10:00:00.000Z', updatedAt: '2026-11-21T10:00:00.000Z' };

  test('earned points say how many and from whom', () => {
    const about = { cardId: 'c', userId: ids.userId, businessId: ids.businessId, businessName: 'Chai Point', reason: 'visit', version: 2 };
    const entry: PointsEntry = {
      ...about,
      id: 'p',
      programId: 'r',
      programName: 'Friends',
      delta: 50,
      source: 'visit',
      status: 'posted',
      balance: 60,
      orderId: null,
      scanId: null,
      redemptionId: null,
      reversalOf: null,
      ...times,
    };
    const points = { ...about, pointsId: entry.id, balance: 60, points: entry };
    expect(loyaltyNotifications['points-updated']({ ...points, delta: 50, status: 'posted' }).message).toBe(
      'You earned 50 points from Chai Point!',
    );
    expect(loyaltyNotifications['points-updated']({ ...points, delta: -1, status: 'posted' }).message).toBe(
      '1 point was deducted at Chai Point: visit.',
    );
    expect(loyaltyNotifications['points-updated']({ ...points, delta: 5, status: 'pending' }).message).toBe(
      'The award of 5 points at Chai Point waits for approval.',
    );
    const posted = (source: PointsEntry['source'], delta: number) =>
      loyaltyNotifications['points-updated']({ ...points, delta, status: 'posted', points: { ...entry, source } }).message;
    expect(posted('expiry', -7)).toBe('7 points at Chai Point expired.');
    expect(posted('reversal', -7)).toBe('The award of 7 points at Chai Point was taken back: visit.');
    expect(posted('reversal', 7)).toBe('The deduction of 7 points at Chai Point was given back: visit.');
  });

  test('an enrollment reads differently for the customer and the merchant', () => {
    const about = { status: 'approved' as const, userId: 'u', businessId: 'b', programId: 'p' };
    const enrollment: Enrollment = {
      ...about,
      id: 'e',
      customerName: 'Asha',
      businessName: 'Chai Point',
      programName: 'Friends',
      requestedBy: 'merchant',
      endedBy: null,
      expiresAt: null,
      cardId: 'c',
      version: 2,
      ...times,
    };
    const data = { ...about, enrollmentId: 'e', enrollment };
    const to = { userId: 'u', merchantId: 'b' };
    expect(loyaltyNotifications['enrollment-updated'](data, { to, recipient: 'u' }).message).toBe('Your enrollment was approved.');
    expect(loyaltyNotifications['enrollment-updated'](data, { to, recipient: 'owner' }).message).toBe(
      "A customer's enrollment was approved.",
    );
  });
});

describe('payments and orders', () => {
  const payment = {
    userId: 'u',
    amount: 25_000,
    currency: 'INR',
    newBalance: 75_000,
    paymentMethod: 'stripe' as const,
    transactionId: 't',
  };

  test('a payment for an order links to it', () => {
    expect(walletNotifications['payment-completed']({ ...payment, orderId: 'o' })).toMatchObject({
      message: 'You paid ₹250.00. Your balance is ₹750.00.',
      orderId: 'o',
    });
    expect(walletNotifications['payment-completed']({ ...payment, topUpId: 'p' })).toMatchObject({
      message: '₹250.00 was added to your wallet. Your balance is ₹750.00.',
      data: { transactionId: 't', topUpId: 'p' },
    });
  });

  test('an order in preparation says when', () => {
    const time = '2026-11-21T14:30:00.000Z';
    const order = {
      id: 'o',
      userId: 'u',
      customerName: 'Asha',
      vendorId: 'm',
      status: 'preparing' as const,
      items: [{ itemId: 'i', name: 'Masala chai', quantity: 1, price: 4_000 }],
      price: 4_000,
      refunded: 0,
      currency: 'INR',
      estimatedTime: 5,
      pickupNumber: 12,
      version: 2,
      createdAt: time,
      updatedAt: time,
    };
    const changed = { orderId: 'o', estimatedTime: 5, itemName: 'Masala chai', vendorId: 'm', userId: 'u' };
    expect(orderNotifications['order-status-changed']({ ...changed, status: 'preparing', order }).message).toBe(
      'Your order #12 (Masala chai) is being prepared, ready in about 5 min.',
    );
    expect(
      orderNotifications['order-status-changed']({ ...changed, status: 'rejected', order: { ...order, reason: 'Sold out.' } }).message,
    ).toBe('Your order #12 (Masala chai) was rejected by the vendor: Sold out.');
  });
});

test.each([
  ['logged-out', 'info'],
  ['ended-by-user', 'info'],
  ['replaced', 'info'],
  ['refresh-token-reused', 'warning'],
  ['suspended', 'warning'],
] as const)('a session that ended by %s is told as %s', (reason, type) => {
  expect(securityNotifications['session-revoked']({ sessionId: 's', reason }).type).toBe(type);
});
