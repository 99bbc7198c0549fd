import { describe, expect, test } from '@jest/globals';
import type { AnyEvent } from '../events.js';
import { emptyMenu, reduceMenu, reduceOrders } from './reduce.js';
import type { Item, Order, OrderStatus } from './schemas.js';

function order(id: string, version: number, status: OrderStatus, createdAt = '2026-11-21T10:00:00.000Z'): Order {
  return {
    id,
    userId: 'u1',
    customerName: 'Asha',
    vendorId: 'm1',
    status,
    items: [{ itemId: 'i1', name: 'Dosa', quantity: 2, price: 150 }],
    price: 300,
    refunded: 0,
    currency: 'INR',
    estimatedTime: null,
    pickupNumber: 7,
    version,
    createdAt,
    updatedAt: createdAt,
  };
}

function changed(to: Order): AnyEvent {
  const { id: orderId, status, estimatedTime, vendorId, userId } = to;
  return { type: 'order-status-changed', data: { orderId, status, estimatedTime, itemName: 'Dosa', vendorId, userId, order: to } };
}

describe('reduceOrders', () => {
  test('a new order takes its place, newest first', () => {
    const first = order('o1', 1, 'placed', '2026-11-21T09:00:00.000Z');
    const second = order('o2', 1, 'placed', '2026-11-21T10:00:00.000Z');
    const event: AnyEvent = {
      type: 'new-order',
      data: {
        orderId: 'o2',
        userId: 'u1',
        customerName: 'Asha',
        item: 'Dosa',
        items: second.items,
        price: 300,
        currency: 'INR',
        vendorId: 'm1',
        order: second,
      },
    };
    expect(reduceOrders([first], event)).toEqual([second, first]);
  });

  test('the highest version stays, in whatever order events arrive', () => {
    const [placed, preparing, ready] = [order('o1', 1, 'placed'), order('o1', 2, 'preparing'), order('o1', 3, 'ready')];
    for (const sequence of [
      [placed, preparing, ready],
      [ready, placed, preparing],
      [preparing, preparing, ready, placed],
    ]) {
      expect(sequence.map(changed).reduce(reduceOrders, [])).toEqual([ready]);
    }
  });
});

test('reduceMenu keeps the newest item, and an item that was removed away', () => {
  const item: Item = {
    id: 'i1',
    vendorId: 'm1',
    name: 'Dosa',
    price: 150,
    currency: 'INR',
    stock: null,
    options: [],
    available: true,
    version: 1,
    createdAt: '2026-11-21T10:00:00.000Z',
    updatedAt: '2026-11-21T10:00:00.000Z',
  };
  const dearer = { ...item, price: 180, version: 2 };
  const updated = (of: Item, deleted?: true): AnyEvent => ({
    type: 'item-updated',
    data: { vendorId: 'm1', item: of, ...(deleted ? { deleted } : {}) },
  });
  const menu = [updated(dearer), updated(item)].reduce(reduceMenu, emptyMenu);
  expect(menu.items).toEqual([dearer]);
  const gone = reduceMenu(menu, updated({ ...dearer, version: 3 }, true));
  expect(gone.items).toEqual([]);
  expect(reduceMenu(gone, updated(dearer)).items).toEqual([]);
});
