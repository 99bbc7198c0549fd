import { expect, test } from '@jest/globals';
import type { AnyEvent } from '../events.js';
import { reduceNotifications } from './reduce.js';

const fields = { title: 'Order ready', message: 'Pick it up', type: 'success', category: 'orders', orderId: 'o1' } as const;
const added: AnyEvent = { type: 'new-notification', data: { notificationId: 'n1', ...fields, timestamp: '2026-11-21T10:00:00.000Z' } };
const later: AnyEvent = { type: 'new-notification', data: { notificationId: 'n2', ...fields, timestamp: '2026-11-21T11:00:00.000Z' } };
const read: AnyEvent = { type: 'notification-updated', data: { notificationId: 'n1', readAt: '2026-11-21T12:00:00.000Z' } };

test('notifications are listed as they are fetched, newest first, each once', () => {
  const list = [added, later, added].reduce(reduceNotifications, []);
  expect(list).toEqual([
    { id: 'n2', ...fields, readAt: null, createdAt: '2026-11-21T11:00:00.000Z' },
    { id: 'n1', ...fields, readAt: null, createdAt: '2026-11-21T10:00:00.000Z' },
  ]);
});

test('what was read stays read, also when its event is repeated', () => {
  const list = [added, read, added, read].reduce(reduceNotifications, []);
  expect(list).toEqual([{ id: 'n1', ...fields, readAt: '2026-11-21T12:00:00.000Z', createdAt: '2026-11-21T10:00:00.000Z' }]);
});
