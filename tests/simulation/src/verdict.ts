import { isDeepStrictEqual } from 'node:util';
import {
  closedOrderStatuses,
  emptyThread,
  reduceDisputes,
  reduceNotifications,
  reduceOrders,
  reducePaymentRequests,
  reduceRefunds,
  reduceThread,
  reduceTransactions,
  reduceWallet,
  type AnyEvent,
  type Dispute,
  type Notification,
  type Order,
  type OrderThread,
  type PaymentRequest,
  type Refund,
  type Wallet,
  type WalletTransaction,
} from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';
import { assertContiguous } from '@tidings/testing';
import type { Actor } from './actor.js';
import type { People } from './people.js';

type Database = Pick<Mongo, 'db'>;

/** Money is neither made nor lost, straight from the collections: no code of the product says it of itself. */
export async function checkMoney({ db }: Database): Promise<string[]> {
  const sums = (by: string) =>
    db
      .collection('postings')
      .aggregate<{ _id: string; sum: number }>([{ $group: { _id: `$${by}`, sum: { $sum: '$amount' } } }])
      .toArray();
  const [currencies, transfers, byAccount] = await Promise.all([sums('currency'), sums('transferId'), sums('account')]);
  const posted = new Map(byAccount.map(({ _id, sum }) => [_id, sum]));
  const accounts = await db.collection<{ _id: string; kind: string; balance: number }>('accounts').find().toArray();
  const waiting = await db.collection('postings').countDocuments({ pending: true });
  return [
    ...currencies.filter(({ sum }) => sum !== 0).map(({ _id, sum }) => `the ledger in ${_id} sums to ${sum}`),
    ...transfers.filter(({ sum }) => sum !== 0).map(({ _id, sum }) => `the transfer ${_id} sums to ${sum}`),
    ...accounts
      .filter(({ _id, balance }) => balance !== (posted.get(_id) ?? 0))
      .map(({ _id, balance }) => `${_id} has ${balance}, its postings say ${posted.get(_id)}`),
    ...accounts
      .filter(({ kind, balance }) => ['user', 'merchant', 'hold'].includes(kind) && balance < 0)
      .map(({ _id, balance }) => `${_id} is below zero: ${balance}`),
    ...(waiting > 0 ? [`${waiting} postings were never rolled up`] : []),
  ];
}

/** What was accepted is there once, and has come to its end. */
export async function checkOrders({ db }: Database, accepted: { orders: number; topUps: number }): Promise<string[]> {
  const [open, orders, topUps, unpaid, deliveries] = await Promise.all([
    db.collection('orders').countDocuments({ status: { $nin: [...closedOrderStatuses] } }),
    db.collection('orders').countDocuments(),
    db.collection('topups').countDocuments(),
    db.collection('topups').countDocuments({ status: { $nin: ['succeeded', 'refunded'] } }),
    db.collection('webhook_deliveries').countDocuments({ state: { $nin: ['processed', 'ignored'] } }),
  ]);
  const refunds = await db.collection('refunds').countDocuments({ status: { $nin: ['succeeded', 'failed'] } });
  const asked = await db.collection('payment_requests').countDocuments({ status: { $in: ['requested', 'approved'] } });
  const held = await db.collection('accounts').countDocuments({ kind: 'hold', balance: { $ne: 0 } });
  const overdrawn = await db.collection('items').countDocuments({ stock: { $lt: 0 } });
  return [
    ...(open > 0 ? [`${open} orders are in no final state`] : []),
    ...(orders !== accepted.orders ? [`${accepted.orders} orders were accepted, ${orders} are stored`] : []),
    ...(topUps !== accepted.topUps ? [`${accepted.topUps} top-ups were begun, ${topUps} are stored`] : []),
    ...(unpaid > 0 ? [`${unpaid} top-ups that were paid are not credited`] : []),
    ...(deliveries > 0 ? [`${deliveries} webhooks are not done with`] : []),
    ...(refunds > 0 ? [`${refunds} refunds are in no final state`] : []),
    ...(asked > 0 ? [`${asked} payment requests are in no final state`] : []),
    ...(held > 0 ? [`${held} wallets have money set aside for nothing`] : []),
    ...(overdrawn > 0 ? [`${overdrawn} items have less than nothing in stock`] : []),
  ];
}

/** What a bank has taken back or left is booked so, and each payment at the counter says what was given back of it. */
export async function checkReturns({ db }: Database, verdicts: ReadonlyMap<string, 'won' | 'lost'>): Promise<string[]> {
  const disputes = await db.collection('disputes').find().toArray();
  const told = new Map(disputes.map(({ topUpId, status }) => [String(topUpId), String(status)]));
  const requests = await db
    .collection<{ _id: string; captured?: number; refunded?: number }>('payment_requests')
    .find({ status: 'captured' })
    .toArray();
  const refunds = await db
    .collection('transfers')
    .aggregate<{ _id: string; sum: number }>([
      { $match: { type: 'refund', paymentRequestId: { $exists: true } } },
      { $group: { _id: '$paymentRequestId', sum: { $sum: '$amount' } } },
    ])
    .toArray();
  const given = new Map(refunds.map(({ _id, sum }) => [_id, sum]));
  return [
    ...[...verdicts]
      .filter(([topUpId, verdict]) => told.get(topUpId) !== verdict)
      .map(([topUpId, verdict]) => `the dispute of ${topUpId} was ${verdict}, and is ${told.get(topUpId) ?? 'unknown'}`),
    ...(disputes.length !== verdicts.size ? [`${verdicts.size} top-ups were disputed, ${disputes.length} disputes are stored`] : []),
    ...requests
      .filter(({ _id, refunded = 0 }) => refunded !== (given.get(_id) ?? 0))
      .map(({ _id, refunded = 0 }) => `of the payment ${_id}, ${given.get(_id) ?? 0} went back, and it says ${refunded}`),
    ...requests
      .filter(({ captured = 0, refunded = 0 }) => refunded > captured)
      .map(({ _id, captured, refunded }) => `of the payment ${_id}, ${captured} were paid and ${refunded} went back`),
  ];
}

/** One thing that a screen shows: how events make it, and how it is fetched. */
interface Shown<State> {
  name: string;
  empty: State;
  reduce(state: State, event: AnyEvent): State;
  fetch(actor: Actor): Promise<State>;
}

const one =
  <T>(path: string) =>
  async (actor: Actor): Promise<T> =>
    (await actor.http('GET', path)).body as T;

const all =
  <T>(path: string) =>
  async (actor: Actor): Promise<readonly T[]> => {
    const items: T[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const { body } = await actor.http('GET', `${path}${path.includes('?') ? '&' : '?'}limit=100${cursor ? `&cursor=${cursor}` : ''}`);
      items.push(...(body['items'] as T[]));
      cursor = body['nextCursor'] as string | null;
    }
    return items;
  };

const shownToGuests = [
  { name: 'wallet', empty: null, reduce: reduceWallet, fetch: one<Wallet | null>('/api/wallet') } satisfies Shown<Wallet | null>,
  {
    name: 'transactions',
    empty: [],
    reduce: reduceTransactions,
    fetch: all<WalletTransaction>('/api/wallet/transactions'),
  } satisfies Shown<readonly WalletTransaction[]>,
  { name: 'orders', empty: [], reduce: reduceOrders, fetch: all<Order>('/api/orders') } satisfies Shown<readonly Order[]>,
  {
    name: 'payment requests',
    empty: [],
    reduce: reducePaymentRequests,
    fetch: all<PaymentRequest>('/api/payment-requests'),
  } satisfies Shown<readonly PaymentRequest[]>,
];
const shownToAll = {
  name: 'notifications',
  empty: [],
  reduce: reduceNotifications,
  fetch: all<Notification>('/api/notifications'),
} satisfies Shown<readonly Notification[]>;
const threadOf = (orderId: string) =>
  ({
    name: `messages of ${orderId}`,
    empty: emptyThread(orderId),
    reduce: reduceThread,
    async fetch(actor) {
      const { body } = await actor.http('GET', `/api/orders/${orderId}/messages?limit=100`);
      return { orderId, items: body['items'], read: body['read'] } as OrderThread;
    },
  }) satisfies Shown<OrderThread>;
const shownToAdmins = {
  name: 'refunds',
  empty: [],
  reduce: reduceRefunds,
  fetch: all<Refund>('/api/admin/refunds'),
} satisfies Shown<readonly Refund[]>;
const disputesShown = {
  name: 'disputes',
  empty: [],
  reduce: reduceDisputes,
  fetch: all<Dispute>('/api/admin/disputes'),
} satisfies Shown<readonly Dispute[]>;
const requestsOf = (merchantId: string) =>
  ({
    name: 'payment requests of the stall',
    empty: [],
    reduce: reducePaymentRequests,
    fetch: all<PaymentRequest>(`/api/payment-requests?vendorId=${merchantId}`),
  }) satisfies Shown<readonly PaymentRequest[]>;
const shownToVendors = (merchantId: string) =>
  ({
    name: 'orders of the stall',
    empty: [],
    reduce: reduceOrders,
    fetch: all<Order>(`/api/orders?vendorId=${merchantId}`),
  }) satisfies Shown<readonly Order[]>;

/** Every client's state, built from the events that it got, is what a new client fetches; and its feeds came in order, without a gap. */
export async function checkScreens({ guests, vendors, admins }: People): Promise<{ faults: string[]; compared: number }> {
  const faults: string[] = [];
  let compared = 0;
  const compare = async <State>(actor: Actor, { name, empty, reduce, fetch }: Shown<State>): Promise<void> => {
    let live = empty;
    for (const { type, payload } of actor.client.received) {
      if (!payload?.meta) continue;
      const { meta: _, ...data } = payload;
      live = reduce(live, { type, data } as unknown as AnyEvent);
    }
    compared++;
    if (!isDeepStrictEqual(live, await fetch(actor)))
      faults.push(`${actor.name}: what the screen shows differs from what is fetched: ${name}`);
  };
  for (const guest of guests) for (const shown of shownToGuests) await compare(guest, shown as Shown<unknown>);
  for (const vendor of vendors) {
    await compare(vendor, shownToVendors(vendor.merchantId));
    await compare(vendor, requestsOf(vendor.merchantId));
  }
  for (const actor of [...guests, ...vendors]) {
    const written = new Set(actor.client.of('order-message').map(({ orderId }) => orderId as string));
    for (const orderId of written) await compare(actor, threadOf(orderId));
  }
  for (const admin of admins) {
    await compare(admin, shownToAdmins);
    await compare(admin, disputesShown);
  }
  for (const actor of [...guests, ...vendors]) await compare(actor, shownToAll);
  for (const { name, client } of [...guests, ...vendors, ...admins]) {
    try {
      assertContiguous(client);
    } catch (error) {
      faults.push(`${name}: ${String(error)}`);
    }
    if (client.of('feed-reset').length > 0) faults.push(`${name}: a feed was reset`);
  }
  return { faults, compared };
}
