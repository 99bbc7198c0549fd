import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import {
  emptyMenu,
  reduceMenu,
  reduceNotifications,
  reduceOrders,
  reduceThreads,
  reduceTransactions,
  reduceWallet,
  type AnyEvent,
  type Menu,
  type Notification,
  type Order,
  type OrderThread,
  type Wallet,
  type WalletTransaction,
} from '@tidings/contracts';
import {
  caughtUp,
  createStall,
  createWorld,
  expectLiveEqualsFresh,
  expectStatus,
  stateOf,
  topUp,
  waitFor,
  type Account,
  type Answer,
  type Http,
  type Stall,
  type TestClient,
  type World,
} from '@tidings/testing';

/** One thing that a screen shows: how it is fetched, and how events change it. */
interface Shown<State> {
  empty: State;
  reduce: (state: State, event: AnyEvent) => State;
  fetch: (http: Http) => Promise<{ state: State; cursor: string }>;
}

const list =
  <T>(path: string) =>
  async (http: Http): Promise<{ state: readonly T[]; cursor: string }> => {
    const { body, headers } = await expectStatus(200, http.get<{ items: T[]; nextCursor: string | null }>(`${path}?limit=100`));
    expect(body.nextCursor).toBeNull();
    return { state: body.items, cursor: headers.get('tidings-cursor')! };
  };

const wallet: Shown<Wallet | null> = {
  empty: null,
  reduce: reduceWallet,
  async fetch(http) {
    const { body, headers } = await expectStatus(200, http.get<Wallet>('/api/wallet'));
    return { state: body, cursor: headers.get('tidings-cursor')! };
  },
};
const transactions: Shown<readonly WalletTransaction[]> = {
  empty: [],
  reduce: reduceTransactions,
  fetch: list('/api/wallet/transactions'),
};
const orders: Shown<readonly Order[]> = { empty: [], reduce: reduceOrders, fetch: list('/api/orders') };
/** Of each order, as far as it is one screen. */
const threads: Shown<readonly OrderThread[]> = {
  empty: [],
  reduce: reduceThreads,
  async fetch(http) {
    const { state: placed, cursor } = await orders.fetch(http);
    const all = placed.map(async ({ id: orderId }) => {
      const { body } = await expectStatus(200, http.get<Omit<OrderThread, 'orderId'>>(`/api/orders/${orderId}/messages?limit=100`));
      return { orderId, items: body.items, read: body.read };
    });
    return { state: (await Promise.all(all)).filter(({ items }) => items.length > 0), cursor };
  },
};
const notifications: Shown<readonly Notification[]> = { empty: [], reduce: reduceNotifications, fetch: list('/api/notifications') };

let world: World;
let stall: Stall;
beforeAll(async () => {
  world = await createWorld({ gateways: 2 });
  stall = await createStall(world, { stock: 100 });
});
afterAll(() => world.stop());

/** A write as clients do it: asked again with its key when the answer is to try again later. */
async function write<Body>(http: Http, method: string, path: string, body: unknown = {}): Promise<Answer<Body>> {
  const key = randomUUID();
  for (;;) {
    const answer = await http.send<Body>(method, path, body, { 'idempotency-key': key });
    if (answer.status !== 503) return answer;
  }
}

/** Top-ups, orders, their way to the counter, refunds, refusals, and what is read: some of it at once. */
async function live(customer: Account): Promise<void> {
  const { http } = customer;
  const order = () =>
    write<Order>(http, 'POST', '/api/orders', { vendorId: stall.merchant.id, items: [{ itemId: stall.item.id, quantity: 1 }] });
  const cancel = (id: string, reason: string) => write(http, 'POST', `/api/orders/${id}/cancel`, { reason });
  const move = (id: string, status: string, more = {}) => write(stall.owner.http, 'PATCH', `/api/orders/${id}/status`, { status, ...more });
  await Promise.all([topUp(world, customer, 20_000), topUp(world, customer, 7_000)]);
  await waitFor('the money', async () => (await wallet.fetch(http)).state?.balance === 27_000);
  const placed = await Promise.all([1, 2, 3, 4].map(() => expectStatus(201, order())));
  const [first, second, third, fourth] = placed.map(({ body }) => body.id);
  await Promise.all([
    expectStatus(200, move(first!, 'preparing', { estimatedTime: 5 })),
    expectStatus(200, cancel(second!, 'Too late')),
    expectStatus(200, move(third!, 'rejected', { reason: 'Sold out' })),
    // One of these two wins.
    cancel(fourth!, 'Changed my mind'),
    move(fourth!, 'preparing'),
  ]);
  const refund = (id: string, amount: number) => write(stall.owner.http, 'POST', `/api/orders/${id}/refunds`, { amount, reason: 'Late' });
  const say = (by: Http, text: string) => write<{ id: string }>(by, 'POST', `/api/orders/${first!}/messages`, { text });
  const read = (by: Http, upTo: string) => write(by, 'POST', `/api/orders/${first!}/messages/read`, { upTo });
  const [, , said, answered] = await Promise.all([
    expectStatus(200, move(first!, 'ready')),
    expectStatus(200, refund(first!, 300)),
    expectStatus(201, say(http, 'Is it hot?')),
    expectStatus(201, say(stall.owner.http, 'Come and try')),
  ]);
  await Promise.all([
    expectStatus(200, read(http, answered.body.id)),
    expectStatus(200, read(stall.owner.http, said.body.id)),
    expectStatus(201, say(http, 'Coming')),
  ]);
  const { body: shown } = await expectStatus(200, http.get<{ code: string }>(`/api/orders/${first!}/pickup-code?format=json`));
  const pickup = () => write(stall.owner.http, 'POST', `/api/merchants/${stall.merchant.id}/pickups`, { code: shown.code });
  await Promise.all([expectStatus(200, pickup()), expectStatus(200, refund(first!, 200))]);
  await world.settled();
  const { state } = await notifications.fetch(http);
  await expectStatus(200, write(http, 'POST', `/api/notifications/${state[0]!.id}/read`));
  await expectStatus(201, order());
  await expectStatus(200, write(http, 'POST', '/api/notifications/read-all'));
  await world.settled();
}

/** Until the client has all that there is. */
async function expectEqual<State>(
  client: TestClient,
  account: Account,
  { empty, reduce, fetch }: Shown<State>,
  initial = empty,
): Promise<void> {
  await expectLiveEqualsFresh<State>({
    client,
    initial,
    reduce,
    fetch: async () => (await fetch(account.http)).state,
  });
}

describe('what a screen built from events is what a new one fetches', () => {
  let customer: Account;
  let online: TestClient;
  let wandering: TestClient;
  beforeAll(async () => {
    customer = await world.signUp('Asha');
    online = await world.connect(customer, { gateway: 0 });
    wandering = await world.connect(customer, { gateway: 1, socket: { transports: ['polling'] } });
    const away = setInterval(() => {
      if (wandering.socket.connected) wandering.socket.disconnect();
      else wandering.socket.connect();
    }, 150);
    await live(customer).finally(() => clearInterval(away));
    wandering.socket.connect();
    await waitFor('the second screen', () => wandering.socket.connected);
    await Promise.all([online, wandering].map(caughtUp));
  });

  test.each([
    ['wallet', (client: TestClient) => expectEqual(client, customer, wallet)],
    ['transactions', (client: TestClient) => expectEqual(client, customer, transactions)],
    ['orders', (client: TestClient) => expectEqual(client, customer, orders)],
    ['messages', (client: TestClient) => expectEqual(client, customer, threads)],
    ['notifications', (client: TestClient) => expectEqual(client, customer, notifications)],
  ])('%s: on a screen that stayed, and on one that kept going away', async (_name, check) => {
    await check(online);
    await check(wandering);
    expect(online.received.filter(({ payload }) => payload.meta)).toHaveLength(
      wandering.received.filter(({ payload }) => payload.meta).length,
    );
  });

  test('the orders of a merchant, for its members', async () => {
    const member = await world.connect(stall.owner, { gateway: 1 });
    member.close();
    const client = await world.connect(stall.owner, {
      gateway: 0,
      cursors: { [`merchant:${stall.merchant.id}`]: 0 },
      epoch: member.hello().epoch,
    });
    await caughtUp(client);
    const ofStall: Shown<readonly Order[]> = {
      ...orders,
      fetch: async (http) => {
        const { body, headers } = await expectStatus(
          200,
          http.get<{ items: Order[] }>(`/api/orders?vendorId=${stall.merchant.id}&limit=100`),
        );
        return { state: body.items, cursor: headers.get('tidings-cursor')! };
      },
    };
    await expectEqual(client, stall.owner, ofStall);
  });
});

test('a screen that fetched in the middle goes on from the cursor of what it fetched, and misses nothing', async () => {
  const customer = await world.signUp('Latecomer');
  const going = live(customer);
  await waitFor('some orders', async () => (await orders.fetch(customer.http)).state.length >= 2);
  const own = `user:${customer.id}`;
  const begin = async <State>({ fetch }: Shown<State>): Promise<{ initial: State; client: TestClient }> => {
    const { state, cursor } = await fetch(customer.http);
    const epoch = /epoch=([^;]+)/.exec(cursor)![1]!;
    const seq = Number(new RegExp(`${own}=(\\d+)`).exec(cursor)![1]);
    return { initial: state, client: await world.connect(customer, { gateway: 1, cursors: { [own]: seq }, epoch }) };
  };
  const begun = {
    wallet: await begin(wallet),
    transactions: await begin(transactions),
    orders: await begin(orders),
    threads: await begin(threads),
    notifications: await begin(notifications),
  };
  await going;
  for (const { client } of Object.values(begun)) await caughtUp(client);
  await expectEqual(begun.wallet.client, customer, wallet, begun.wallet.initial);
  await expectEqual(begun.transactions.client, customer, transactions, begun.transactions.initial);
  await expectEqual(begun.orders.client, customer, orders, begun.orders.initial);
  await expectEqual(begun.threads.client, customer, threads, begun.threads.initial);
  await expectEqual(begun.notifications.client, customer, notifications, begun.notifications.initial);
});

test('a menu that is changed and sold from', async () => {
  const shop = await createStall(world, { stock: 5 });
  const guest = await world.signUp('Guest');
  const client = await world.connect(guest);
  const feed = `merchant:${shop.merchant.id}:menu`;
  expect(await client.call('subscribe', { feed, since: 0 })).toMatchObject({ ok: true });
  const path = `/api/merchants/${shop.merchant.id}/items`;
  const { body: samosa } = await expectStatus(201, shop.owner.http.post<{ id: string }>(path, { name: 'Samosa', price: 6_000 }));
  const { body: lassi } = await expectStatus(201, shop.owner.http.post<{ id: string }>(path, { name: 'Lassi', price: 5_000, stock: 3 }));
  await expectStatus(200, shop.owner.http.patch(`${path}/${samosa.id}`, { price: 6_500, available: false }));
  await expectStatus(204, shop.owner.http.send('DELETE', `${path}/${lassi.id}`));
  await topUp(world, guest, 20_000);
  await waitFor('the money', async () => (await wallet.fetch(guest.http)).state?.balance === 20_000);
  await expectStatus(201, guest.http.post('/api/orders', { vendorId: shop.merchant.id, items: [{ itemId: shop.item.id, quantity: 2 }] }));
  await world.settled();
  await caughtUp(client);
  await expectEqual<Menu['items']>(client, guest, {
    empty: [],
    // The items are what is fetched; what was removed is the reducer's own memory.
    reduce: () => stateOf(client, emptyMenu, reduceMenu).items,
    fetch: list(path),
  });
});
