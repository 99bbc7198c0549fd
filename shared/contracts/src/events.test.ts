import { describe, expect, test } from '@jest/globals';
import { commandCatalogue, commandDefinition, commandNames } from './commands.js';
import { handshakeSchema, maxCursors } from './connection.js';
import type { FeedTarget } from './event.js';
import { eventCatalogue, eventDefinition, eventTypes, isEventType } from './events.js';
import { isFeedName } from './feeds.js';

const ids = {
  userId: 'u1',
  merchantId: 'm1',
  orderId: 'o1',
  planId: 'p1',
  bookingId: 'b1',
  conversationId: 'c1',
  advisorId: 'u2',
  senderId: 'u1',
  receiverId: 'u2',
};
const name = (target: FeedTarget): string => (typeof target === 'string' ? target : target.feed);

describe('the event catalogue', () => {
  test('each event stands under its own type, is strict, and goes to feeds that exist', () => {
    for (const type of eventTypes) {
      const event = eventDefinition(type);
      expect(event.type).toBe(type);
      expect(event.data.safeParse({ $gt: '' }).error?.issues.some(({ code }) => code === 'unrecognized_keys')).toBe(true);
      const targets = event.feeds(ids);
      expect(targets.length).toBeGreaterThan(0);
      for (const target of targets) expect([type, isFeedName(name(target))]).toEqual([type, true]);
      expect(new Set(targets.map(name)).size).toBe(targets.length);
    }
  });

  test('fields that an audience must not see are fields of the event, and are left out of public feeds only', () => {
    for (const type of eventTypes) {
      const event = eventDefinition(type);
      for (const target of event.feeds(ids)) {
        const omitted = typeof target === 'string' ? [] : target.omit;
        for (const field of omitted) expect(event.data.shape).toHaveProperty(field);
        if (/^(?:plans|plan:p1|merchants)$/.test(name(target)) && 'adminEmail' in event.data.shape) expect(omitted).toContain('adminEmail');
      }
    }
    expect(eventCatalogue['merchant-updated'].feeds({ merchantId: 'm1', byAdmin: true })).toEqual([
      { feed: 'merchants', omit: ['contacts', 'adminEmail'] },
      'merchants:admin',
    ]);
  });

  test('names of the prototype are no events', () => {
    expect(isEventType('constructor')).toBe(false);
    expect(isEventType('transaction_updated')).toBe(true);
  });
});

describe('whom events notify', () => {
  const order = { orderId: 'o1', userId: 'u1', merchantId: 'm1' };
  const message = (from: string) => {
    const sent = {
      id: 'x1',
      orderId: 'o1',
      number: 1,
      from,
      party: 'vendor' as const,
      text: 'Soon?',
      createdAt: '2026-11-21T10:00:00.000Z',
    };
    return { orderId: 'o1', messageId: 'x1', from, text: 'Soon?', message: sent };
  };
  const booking = { bookingId: 'b1', userId: 'u1', advisorId: 'u2' };
  const noted = { success: true, bookingId: 'b1', message: 'Booked' };
  const both = { userId: 'u1', merchantId: 'm1' };
  const ids = { userId: 'u1', businessId: 'm1', programId: 'r1' };
  const names = { businessName: 'Chai Point', programName: 'Coffee', customerName: 'Asha' };
  const shown = {
    ...ids,
    ...names,
    id: 'e1',
    status: 'approved',
    requestedBy: 'customer',
    endedBy: null,
    expiresAt: null,
    cardId: 'c1',
    version: 2,
    createdAt: '2026-11-21T10:00:00.000Z',
    updatedAt: '2026-11-21T10:00:00.000Z',
  } as const;
  const enrollment = { ...ids, ...names, enrollmentId: 'e1', enrollment: shown };
  const decided = { ...ids, enrollmentId: 'e1', status: 'approved', enrollment: shown } as const;
  const notice = { title: 'Rain', message: 'Come inside', severity: 'info' } as const;

  test('the other party of a message, a booking, an enrollment', () => {
    const chat = eventCatalogue['order-message'];
    expect(chat.notifies?.(order, message('u1'), 'u1')).toEqual([{ members: 'm1' }]);
    expect(chat.notifies?.(order, message('u9'), 'u9')).toEqual([{ user: 'u1' }]);
    const booked = eventCatalogue.booking_notification;
    expect(booked.notifies?.(booking, noted, 'u1')).toEqual([{ user: 'u2' }]);
    expect(booked.notifies?.(booking, noted, null)).toEqual([{ user: 'u1' }, { user: 'u2' }]);
    const asked = eventCatalogue['enrollment-requested'];
    expect(asked.notifies?.(both, { ...enrollment, requestedBy: 'customer' }, 'u1')).toEqual([{ members: 'm1' }]);
    expect(asked.notifies?.(both, { ...enrollment, requestedBy: 'merchant' }, 'u9')).toEqual([{ user: 'u1' }]);
    const updated = eventCatalogue['enrollment-updated'];
    expect(updated.notifies?.(both, decided, 'u1')).toEqual([{ members: 'm1' }]);
    expect(updated.notifies?.(both, decided, 'u9')).toEqual([{ user: 'u1' }]);
  });

  test('an announcement everyone, or the role that it is for', () => {
    const { announcement } = eventCatalogue;
    expect(announcement.notifies?.({}, notice, 'a1')).toEqual([{ role: 'everyone' }]);
    expect(announcement.feeds({ role: 'merchant' })).toEqual(['announcements:merchant']);
    expect(announcement.feeds({ role: 'customer' })).toEqual(['announcements:customer', 'announcements']);
    expect(announcement.notifies?.({ role: 'merchant' }, notice, 'a1')).toEqual([{ role: 'merchant' }]);
  });

  test('nobody of a balance, a notification, a menu, or a bulk operation', () => {
    for (const type of ['balance-updated', 'new-notification', 'notification-updated', 'item-updated', 'bulk-completed'] as const) {
      expect(eventDefinition(type).notifies).toBeUndefined();
    }
  });
});

describe('the command catalogue', () => {
  test('each command stands under its own name and refuses unknown fields', () => {
    for (const command of commandNames) {
      expect(commandDefinition(command).name).toBe(command);
      expect(commandDefinition(command).payload.safeParse({ $gt: '' }).success).toBe(false);
    }
  });

  test('order-created places an order, in the form of older apps too, or checks one', () => {
    const { payload, forward } = commandCatalogue['order-created'];
    const call = (input: unknown): unknown => forward?.(payload.parse(input));
    expect(call({ vendorId: 'm1', item: 'Masala Dosa', price: 150, idempotencyKey: 'k1' })).toEqual({
      method: 'POST',
      path: '/api/orders',
      body: { vendorId: 'm1', items: [{ itemId: 'Masala Dosa', quantity: 1 }], price: 150 },
    });
    expect(call({ orderId: 'o1', vendorId: 'm1', item: 'Masala Dosa', price: 150 })).toEqual({ method: 'GET', path: '/api/orders/o1' });
    expect(payload.safeParse({ vendorId: 'm1' }).success).toBe(false);
    expect(payload.safeParse({ item: 'i1' }).success).toBe(false);
    expect(payload.safeParse({ orderId: '../me' }).success).toBe(false);
  });

  test('update-order-status names the order in the path and the rest in the body', () => {
    const { payload, forward } = commandCatalogue['update-order-status'];
    expect(forward?.(payload.parse({ orderId: 'o1', status: 'preparing', estimatedTime: 12 }))).toEqual({
      method: 'PATCH',
      path: '/api/orders/o1/status',
      body: { status: 'preparing', estimatedTime: 12 },
    });
  });
});

test('a handshake has a bounded number of cursors', () => {
  const cursors = (count: number): Record<string, number> => Object.fromEntries(Array.from({ length: count }, (_, i) => [`order:${i}`, i]));
  expect(handshakeSchema.safeParse({ token: 't', cursors: cursors(maxCursors) }).success).toBe(true);
  expect(handshakeSchema.safeParse({ token: 't', cursors: cursors(maxCursors + 1) }).success).toBe(false);
  expect(handshakeSchema.safeParse({ token: 't', cursors: { 'user:1': -1 } }).success).toBe(false);
  expect(handshakeSchema.safeParse({ token: 't', cursors: { $where: 1 } }).success).toBe(false);
});
