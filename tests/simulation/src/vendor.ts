import { setTimeout as pause } from 'node:timers/promises';
import { openOrderStatuses, reduceOrders, type AnyEvent, type Order } from '@tidings/contracts';
import { refused } from './fair.js';
import type { Meter } from './meter.js';
import type { Vendor } from './people.js';

/** The stall's work: its screen's orders, oldest first, each a step on. */
export interface Kitchen {
  /** Works until the festival is over, and then until no order is open. */
  work(over: AbortSignal): Promise<void>;
}

const nextStatus: Readonly<Record<string, string>> = { placed: 'preparing', preparing: 'ready', ready: 'completed' };
const isOpen = ({ status }: Order): boolean => openOrderStatuses.includes(status);

export function openKitchen(vendor: Vendor, meter: Meter): Kitchen {
  const { client, random } = vendor;
  let orders: readonly Order[] = [];
  const unread: { orderId: string; messageId: string }[] = [];
  for (const { type, payload } of client.received) see(type, payload);
  client.socket.onAny(see);

  function see(type: string, payload: unknown): void {
    const { from, orderId, messageId } = payload as Record<string, string>;
    if (type === 'order-message' && from !== vendor.id) unread.push({ orderId: orderId!, messageId: messageId! });
    if (type !== 'new-order' && type !== 'order-status-changed') return;
    orders = reduceOrders(orders, { type, data: payload } as AnyEvent);
  }

  const move = async ({ id, status }: Order): Promise<void> => {
    const next = status === 'placed' && random.chance(0.05) ? 'rejected' : nextStatus[status]!;
    const payload = {
      orderId: id,
      status: next,
      ...(next === 'preparing' ? { estimatedTime: random.between(1, 20) } : {}),
      ...(next === 'rejected' ? { reason: 'Sold out' } : {}),
    };
    const outcome = await meter.time('order, moved on', () => vendor.emit('update-order-status', payload, { keyed: true }));
    if (!outcome.ok) return refused(meter, `moving an order to ${next}`, outcome.code);
    meter.count(next === 'rejected' ? 'rejections' : 'steps of orders');
    see('order-status-changed', { order: outcome.body });
  };

  /** Something was wrong with it: a part of the price goes back. */
  const giveBack = async ({ id, price }: Order): Promise<void> => {
    const body = { amount: random.between(1, Math.floor(price / 2)), reason: 'Spilled' };
    const answer = await meter.time('order, partly refunded', () => vendor.http('POST', `/api/orders/${id}/refunds`, body));
    if (answer.status < 300) meter.count('partial refunds');
    else refused(meter, 'a partial refund', String(answer.body['code']));
  };

  const answer = async ({ orderId, messageId }: { orderId: string; messageId: string }): Promise<void> => {
    const read = await vendor.http('POST', `/api/orders/${orderId}/messages/read`, { upTo: messageId });
    if (read.status >= 300) return refused(meter, 'reading a message', String(read.body['code']));
    meter.count('messages read');
    if (!random.chance(0.5)) return;
    const sent = await vendor.emit('send-message', { orderId, text: 'A few minutes' }, { keyed: true });
    if (sent.ok) meter.count('messages');
    else refused(meter, 'an answer', sent.code);
  };

  /** Those that the screen does not show, because their event is under way or was lost: at the end nothing may be left. */
  const fetchOpen = async (): Promise<Order[]> => {
    const { body } = await vendor.http('GET', `/api/orders?vendorId=${vendor.merchantId}&open=true&limit=100`);
    return body['items'] as Order[];
  };

  return {
    async work(over) {
      while (!over.aborted) {
        const oldest = orders.findLast(isOpen);
        if (oldest) await move(oldest);
        const message = unread.shift();
        if (message) await answer(message);
        if (oldest && random.chance(0.03)) await giveBack(oldest);
        await pause(oldest ? random.between(5, 30) : 50);
      }
      for (let open = await fetchOpen(); open.length > 0; open = await fetchOpen()) for (const one of open) await move(one);
    },
  };
}
