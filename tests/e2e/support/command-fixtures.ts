import type { Account } from '@tidings/testing';
import { requestedPayment } from './fixtures.js';
import type { Scene } from './scene.js';

/** Client events that are accepted, and those about things of others, which are not. */
export interface CommandFixture {
  as: Account;
  /** Together they show every field that the event knows. */
  payloads: Record<string, unknown>[];
  /** They also show the fields that no accepted payload has yet. */
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
  'resolve-code': async ({ customer, stall, stranger }) => ({
    as: customer,
    payloads: [{ code: await codeOf(stall.owner, `/api/merchants/${stall.merchant.id}/qr`) }],
    foreign: [{ code: await codeOf(stranger, '/api/me/qr') }, { code: 'TDG1' }],
  }),
  'pay-by-code': async ({ customer, stall, stranger }) => {
    const path = `/api/merchants/${stall.merchant.id}/qr`;
    const { price } = stall.item;
    const options = [{ name: 'Size', choice: 'Large' }];
    const { body: lassi } = await stall.owner.http.post<{ id: string }>(`/api/merchants/${stall.merchant.id}/items`, {
      name: `Lassi ${Date.now()}`,
      price: 100,
      options: [{ name: 'Size', choices: [{ name: 'Large', price: 50 }] }],
    });
    const item = { code: await codeOf(stall.owner, `${path}?itemId=${lassi.id}`), price: 150, quantity: 1, options };
    const code = await codeOf(stall.owner, path);
    return {
      as: customer,
      payloads: [
        { ...item, note: 'Hot', idempotencyKey: 'pay-1' },
        { code, price, items: [{ itemId: stall.item.id, quantity: 1, options }] },
      ],
      foreign: [
        { ...item, price: 1 },
        { code, price: 1, items: [{ itemId: stall.item.id, quantity: 1 }] },
        { code: await codeOf(stranger, '/api/me/qr'), price },
      ],
    };
  },
  'request-payment': async ({ customer, stall, otherStall }) => {
    const request = async () => ({ vendorId: stall.merchant.id, code: await codeOf(customer, '/api/me/qr'), amount: 100 });
    const first = await request();
    const more = { currency: 'INR', note: 'Two teas', capture: 'manual', idempotencyKey: 'request-1' };
    return {
      as: stall.owner,
      payloads: [first, { ...(await request()), ...more }],
      foreign: [
        { ...first, vendorId: otherStall.merchant.id },
        { ...first, code: await codeOf(stall.owner, `/api/merchants/${stall.merchant.id}/qr`) },
      ],
    };
  },
  'payment-decision': async (scene) => ({
    as: scene.customer,
    payloads: [{ paymentRequestId: await requestedPayment(scene), decision: 'accept', idempotencyKey: 'decision-1' }],
    foreign: [{ paymentRequestId: '0'.repeat(24), decision: 'accept' }],
  }),
  'capture-payment': async (scene) => {
    const paymentRequestId = await requestedPayment(scene);
    await scene.customer.http.post(`/api/payment-requests/${paymentRequestId}/decision`, { decision: 'accept' });
    return {
      as: scene.stall.owner,
      payloads: [{ paymentRequestId, amount: 50, idempotencyKey: 'capture-1' }],
      foreign: [
        { paymentRequestId: '0'.repeat(24) },
        { paymentRequestId, amount: 101 },
        { paymentRequestId: await requestedPayment(scene) },
      ],
    };
  },
  'cancel-payment': async (scene) => ({
    as: scene.stall.owner,
    payloads: [{ paymentRequestId: await requestedPayment(scene), idempotencyKey: 'cancel-1' }],
    foreign: [{ paymentRequestId: '0'.repeat(24) }],
  }),
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
  'send-message': async (scene) => {
    const { id: orderId } = await scene.placeOrder();
    return {
      as: scene.customer,
      payloads: [{ orderId, text: 'How long will it take?', idempotencyKey: 'message-1' }],
      foreign: [
        { orderId: '0'.repeat(24), text: 'Hello' },
        { conversationId: '0'.repeat(24), text: 'Hello' },
      ],
    };
  },
  'plan-editing': async ({ admin }) => ({
    as: admin,
    payloads: [
      { planId: '0'.repeat(24), open: true },
      { planId: '0'.repeat(24), open: false },
    ],
  }),
  typing: async (scene) => {
    const { id: orderId } = await scene.placeOrder();
    return { as: scene.customer, payloads: [{ orderId }], foreign: [{ orderId: '0'.repeat(24) }, { conversationId: '0'.repeat(24) }] };
  },
};

async function codeOf({ http }: Account, path: string): Promise<string> {
  const { body } = await http.send<{ code: string }>('GET', path, undefined, { accept: 'application/json' });
  return body.code;
}

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
  'payment:1',
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
