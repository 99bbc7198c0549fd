import { describe, expect, test } from '@jest/globals';
import { createNotificationRegistry, notificationDomains } from './registry.js';

const { wallet, ...withoutWallet } = notificationDomains;

describe('the registry of notification handlers', () => {
  test('fits the catalogue', () => {
    expect(() => createNotificationRegistry()).not.toThrow();
  });

  test('refuses to start when an event that notifies has no handler', () => {
    expect(() => createNotificationRegistry(withoutWallet)).toThrow('payment-completed notifies, and no handler puts it into words');
  });

  test('refuses to start when an event has two handlers', () => {
    expect(() => createNotificationRegistry({ ...notificationDomains, again: wallet! })).toThrow(
      'payment-failed has two handlers: in wallet and in again',
    );
  });

  test('refuses a handler for an event that notifies nobody', () => {
    const idle = { 'card-updated': () => ({ title: 'Card', message: 'Your card changed.', type: 'info' as const, category: 'loyalty' }) };
    expect(() => createNotificationRegistry({ ...notificationDomains, idle })).toThrow('the catalogue notifies nobody of it');
  });
});
