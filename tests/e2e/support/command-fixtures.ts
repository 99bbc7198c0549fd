import type { Account } from '@tidings/testing';
import type { Scene } from './scene.js';

/** Client events that are accepted, and those about things of others, which are not. */
export interface CommandFixture {
  as: Account;
  /** Together they show every field that the event knows. */
  payloads: Record<string, unknown>[];
  foreign?: Record<string, unknown>[];
}

/** By the name of the client event. */
export const commandFixtures: Readonly<Record<string, (scene: Scene) => Promise<CommandFixture>>> = {
  subscribe: async ({ customer, stranger }) => ({
    as: customer,
    payloads: [{ feed: `user:${customer.id}`, since: 0 }],
    foreign: [`user:${stranger.id}`, ...privateFeeds].map((feed) => ({ feed })),
  }),
  unsubscribe: async ({ customer }) => ({ as: customer, payloads: [{ feed: 'plan:1' }] }),
  'join-user-room': async ({ customer, stranger }) => ({
    as: customer,
    payloads: [{ userId: customer.id }],
    foreign: [{ userId: stranger.id }],
  }),
  'leave-user-room': async ({ customer, stranger }) => ({ as: customer, payloads: [{ userId: stranger.id }] }),
  'join-order-room': async (scene) => {
    const { id: orderId } = await scene.placeOrder();
    return { as: scene.customer, payloads: [{ orderId }], foreign: [{ orderId: '0'.repeat(24) }] };
  },
  'leave-order-room': async ({ customer }) => ({ as: customer, payloads: [{ orderId: '0'.repeat(24) }] }),
  authenticate: async ({ customer, stranger }) => ({
    as: customer,
    payloads: [{ token: customer.token }],
    foreign: [{ token: stranger.token }],
  }),
  heartbeat: async ({ customer }) => ({ as: customer, payloads: [{ sentAt: 1 }] }),
  'refresh-balance': async ({ customer }) => ({ as: customer, payloads: [{}] }),
  'track-my-orders': async ({ customer }) => ({ as: customer, payloads: [{}] }),
  'order-created': async (scene) => {
    const { customer, stall, otherStall } = scene;
    const items = [{ itemId: stall.item.id, quantity: 1, options: [{ name: 'Size', choice: 'Large' }] }];
    return {
      as: customer,
      payloads: [
        { orderId: (await scene.placeOrder()).id },
        { vendorId: stall.merchant.id, item: stall.item.name, price: stall.item.price },
        { vendorId: stall.merchant.id, items, note: 'Hot', price: stall.item.price, idempotencyKey: 'order-1' },
      ],
      foreign: [
        { orderId: '0'.repeat(24) },
        { vendorId: otherStall.merchant.id, item: stall.item.id },
        { vendorId: stall.merchant.id, item: stall.item.name, price: 1 },
      ],
    };
  },
  'update-order-status': async (scene) => {
    const { id: orderId } = await scene.placeOrder();
    return {
      as: scene.stall.owner,
      payloads: [{ orderId, status: 'preparing', estimatedTime: 5, reason: 'On it', idempotencyKey: 'status-1' }],
      foreign: [
        { orderId: '0'.repeat(24), status: 'preparing' },
        { orderId, status: 'completed' },
      ],
    };
  },
};

/** Feeds that a customer may not follow, and names that no feed can have. */
export const privateFeeds: readonly string[] = [
  'admin',
  'plans:admin',
  'merchants:admin',
  'announcements:admin',
  'announcements:superadmin',
  'announcements:merchant',
  'user:*',
  'user:.',
  'user:',
  'user',
  'order:1',
  'booking:1',
  'conversation:1',
  'merchant:1',
  'merchant:1:orders',
  'plan:1:x',
  'USER:1',
  '__proto__',
  'constructor',
  'toString',
  'announcements:root',
  'announcements:',
  'user:1\n',
  ' user:1',
  'user:1,user:2',
  '',
  'x'.repeat(101),
];
