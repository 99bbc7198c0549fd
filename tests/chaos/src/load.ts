import { setTimeout as pause } from 'node:timers/promises';
import { stripeEvent, stripeHeader, type Random } from '@tidings/testing';
import type { Answer, Caller } from './caller.js';
import { need, type People, type Person, type Shop } from './people.js';

/** What the API has said yes to. */
export interface Promises {
  /** Orders, and the status that they were last said to have. */
  orders: ReadonlyMap<string, string>;
  /** Top-ups that Stripe's event has been accepted for. */
  topUps: ReadonlySet<string>;
  /** Calls that never had an answer. */
  unresolved: readonly string[];
}

export interface Load extends Promises {
  /** Changes that were accepted. */
  readonly writes: number;
  start(): void;
  /** Resolves when every call has its answer. */
  stop(): Promise<void>;
}

interface OpenOrder {
  id: string;
  shop: Shop;
  customer: Person;
  status: string;
  version: number;
}

const nextStatus: Readonly<Record<string, string>> = { placed: 'preparing', preparing: 'ready', ready: 'completed' };
const topUpAmounts = [5_000, 20_000, 50_000];

/** People who pay: top-ups by signed events, some of them sent twice, orders, the way of each order to the counter, and refunds. */
export function createLoad(options: {
  caller: Caller;
  people: People;
  stripeSecret: string;
  random: Random;
  /** Who act at the same time, each one after a pause. */
  abreast: number;
  pauseMs: number;
}): Load {
  const { caller, people, stripeSecret, random } = options;
  const orders = new Map<string, { status: string; version: number }>();
  const statuses = new Map<string, string>();
  const topUps = new Set<string>();
  const unresolved: string[] = [];
  const open: OpenOrder[] = [];
  let writes = 0;
  let running = false;
  let loops: Promise<void>[] = [];

  const note = ({ body }: Answer): void => {
    writes++;
    const order = { id: String(body['id']), status: String(body['status']), version: Number(body['version']) };
    if ((orders.get(order.id)?.version ?? 0) >= order.version) return;
    orders.set(order.id, order);
    statuses.set(order.id, order.status);
  };

  const topUp = async (customer: Person): Promise<void> => {
    const amount = random.pick(topUpAmounts);
    const begun = await need(caller, {
      method: 'POST',
      path: '/api/wallet/top-ups',
      token: customer.token,
      body: { amount, provider: 'stripe' },
    });
    const id = String(begun['id']);
    const event = stripeEvent({ topUpId: id, amount, currency: String(begun['currency']) });
    const post = () =>
      need(caller, {
        method: 'POST',
        path: '/webhooks/stripe',
        body: event,
        headers: { 'stripe-signature': stripeHeader(stripeSecret, event) },
      });
    // Stripe sends an event again when it is not sure that it arrived.
    await Promise.all(random.chance(0.2) ? [post(), post()] : [post()]);
    topUps.add(id);
    writes++;
  };

  const order = async (customer: Person): Promise<void> => {
    const shop = random.pick(people.shops);
    const items = [{ itemId: shop.itemId, quantity: random.between(1, 3) }];
    const answer = await caller.call({
      method: 'POST',
      path: '/api/orders',
      token: customer.token,
      body: { vendorId: shop.merchantId, items },
    });
    if (answer.status === 201) {
      note(answer);
      open.push({ id: String(answer.body['id']), shop, customer, status: 'placed', version: 1 });
    } else if (answer.body['code'] === 'insufficient-funds') await topUp(customer);
    else throw new Error(`An order was refused: ${answer.status} ${JSON.stringify(answer.body)}`);
  };

  const move = async (one: OpenOrder): Promise<void> => {
    const withdraw = one.status === 'placed' && random.chance(0.2);
    const status = random.chance(0.1) ? 'cancelled' : nextStatus[one.status]!;
    const answer = withdraw
      ? await caller.call({ method: 'POST', path: `/api/orders/${one.id}/cancel`, token: one.customer.token, body: {} })
      : await caller.call({ method: 'PATCH', path: `/api/orders/${one.id}/status`, token: one.shop.vendor.token, body: { status } });
    if (answer.status !== 200) throw new Error(`An order did not move: ${answer.status} ${JSON.stringify(answer.body)}`);
    note(answer);
    one.status = String(answer.body['status']);
    if (nextStatus[one.status]) open.push(one);
  };

  const loop = async (): Promise<void> => {
    while (running) {
      const customer = random.pick(people.customers);
      const dice = random.next();
      const waiting = dice < 0.45 ? open.splice(random.between(0, open.length - 1), 1)[0] : undefined;
      await (waiting ? move(waiting) : dice < 0.6 ? topUp(customer) : order(customer)).catch((error: unknown) =>
        unresolved.push(String(error)),
      );
      await pause(random.between(0, options.pauseMs * 2));
    }
  };

  return {
    orders: statuses,
    topUps,
    unresolved,
    get writes() {
      return writes;
    },
    start() {
      running = true;
      loops = Array.from({ length: options.abreast }, loop);
    },
    async stop() {
      running = false;
      await Promise.all(loops);
    },
  };
}
