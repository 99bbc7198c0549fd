import { setTimeout as pause } from 'node:timers/promises';
import { waitFor } from '@tidings/testing';
import type { Actor } from './actor.js';
import { refused, type Fair } from './fair.js';
import { payByCode } from './scan.js';
import { payAtTheCounter } from './session.js';

/** Something that a guest does now and then. */
interface Action {
  name: string;
  /** How often, against the others. */
  weight: number;
  run(guest: Actor, fair: Fair): Promise<void>;
}

async function topUp(guest: Actor, { provider, meter }: Fair): Promise<void> {
  const amount = guest.random.pick([20_000, 50_000, 100_000]);
  const by = guest.random.chance(0.2) ? 'sandbox' : 'stripe';
  const { status, body } = await meter.time('top-up, begun', () => guest.http('POST', '/api/wallet/top-ups', { amount, provider: by }));
  if (status !== 201) return refused(meter, 'a top-up', String(body['code']));
  meter.count('top-ups');
  // The sandbox tells of its payments itself, and can give them back.
  if (by === 'stripe') provider.paid({ id: String(body['id']), amount, currency: String(body['currency']) });
}

async function order(guest: Actor, fair: Fair): Promise<void> {
  const { meter, vendors } = fair;
  const { random } = guest;
  const vendor = random.pick(vendors);
  const item = random.pick(vendor.items);
  const quantity = random.between(1, 2);
  const body = { vendorId: vendor.merchantId, items: [{ itemId: item.id, quantity }], price: item.price * quantity };
  // Half of the apps order by the socket, half by HTTP.
  const outcome = random.chance(0.5)
    ? await meter.time('order, paid', () => guest.emit('order-created', body, { keyed: true }))
    : await meter.time('order, paid', async () => {
        const answer = await guest.http('POST', '/api/orders', body);
        return answer.status === 201 ? ({ ok: true } as const) : ({ ok: false, code: String(answer.body['code']) } as const);
      });
  if (outcome.ok) return meter.count('orders');
  refused(meter, 'an order', outcome.code);
  if (outcome.code === 'insufficient-funds') await topUp(guest, fair);
}

/** The newest order, if there is one: whether it can still be cancelled is for the API to say. */
async function cancel(guest: Actor, { meter }: Fair): Promise<void> {
  const last = guest.client.of('new-order').at(-1);
  if (!last) return;
  const answer = await meter.time('order, cancelled', () => guest.http('POST', `/api/orders/${String(last['orderId'])}/cancel`, {}));
  if (answer.status === 200) meter.count('cancellations');
  else refused(meter, 'a cancellation', String(answer.body['code']));
}

/** Away for a while, as phones are, and back with the cursors; nginx may lead to the other gateway. */
async function wander({ client, random }: Actor, { meter }: Fair): Promise<void> {
  const before = client.of('connected').length;
  client.socket.disconnect();
  await pause(random.between(100, 2_000));
  await meter.time('reconnected', async () => {
    client.socket.connect();
    await waitFor('a reconnection', () => client.of('connected').length > before, 60_000);
  });
  meter.count('reconnects');
}

async function read(guest: Actor, { meter }: Fair): Promise<void> {
  const { status, body } = await meter.time('notifications, read', () => guest.http('POST', '/api/notifications/read-all', {}));
  if (status >= 300) refused(meter, 'reading', String(body['code']));
}

async function refresh(guest: Actor, { meter }: Fair): Promise<void> {
  const outcome = await meter.time('balance, refreshed', () => guest.emit('refresh-balance', {}));
  if (!outcome.ok) refused(meter, 'a refresh', outcome.code);
}

async function track(guest: Actor, { meter }: Fair): Promise<void> {
  const outcome = await meter.time('orders, tracked', () => guest.emit('track-my-orders', {}));
  if (!outcome.ok) refused(meter, 'tracking', outcome.code);
}

/** To the stall, about the newest order; the stall reads it, and now and then answers. */
async function write(guest: Actor, { meter }: Fair): Promise<void> {
  const last = guest.client.of('new-order').at(-1);
  if (!last) return;
  const { orderId } = last;
  const typing = await guest.emit('typing', { orderId });
  if (!typing.ok) refused(meter, 'typing', typing.code);
  const sent = await meter.time('message, sent', () =>
    guest.emit('send-message', { orderId, text: 'How long will it take?' }, { keyed: true }),
  );
  if (sent.ok) meter.count('messages');
  else refused(meter, 'a message', sent.code);
}

const actions: readonly Action[] = [
  { name: 'order', weight: 33, run: order },
  { name: 'pay by a code', weight: 12, run: payByCode },
  { name: 'pay at the counter', weight: 6, run: payAtTheCounter },
  { name: 'write', weight: 8, run: write },
  { name: 'top-up', weight: 12, run: topUp },
  { name: 'cancel', weight: 8, run: cancel },
  { name: 'wander', weight: 10, run: wander },
  { name: 'read', weight: 5, run: read },
  { name: 'refresh', weight: 5, run: refresh },
  { name: 'track', weight: 5, run: track },
];
const weights = actions.reduce((sum, { weight }) => sum + weight, 0);

function choose({ random }: Actor): Action {
  let at = random.next() * weights;
  return actions.find(({ weight }) => (at -= weight) < 0) ?? actions[0]!;
}

/** Comes, tops up, and does one thing after another with pauses between, until the festival is over. */
export async function visit(guest: Actor, fair: Fair, options: { thinkMs: number; over: AbortSignal }): Promise<void> {
  const { thinkMs, over } = options;
  await topUp(guest, fair);
  while (!over.aborted) {
    await pause(guest.random.between(thinkMs / 2, thinkMs * 1.5));
    if (over.aborted) return;
    const { name, run } = choose(guest);
    await run(guest, fair).catch((error: unknown) => fair.meter.fault(`${guest.name} could not ${name}: ${String(error)}`));
  }
}
