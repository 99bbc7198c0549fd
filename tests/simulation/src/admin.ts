import { setTimeout as pause } from 'node:timers/promises';
import type { Answer } from '@tidings/testing';
import type { Actor } from './actor.js';
import { refused } from './fair.js';
import type { Meter } from './meter.js';

/** What administrators do now and then: corrections with a reason, and payments given back. */
export async function supervise(
  admin: Actor,
  guests: readonly Actor[],
  options: { meter: Meter; pauseMs: number; over: AbortSignal },
): Promise<void> {
  const { meter, pauseMs, over } = options;
  const { random, client } = admin;
  const note = (what: string, { status, body }: Answer): void => {
    if (status < 300) meter.count(what);
    else refused(meter, what, String(body['code']));
  };

  const adjust = async (): Promise<void> => {
    const { id } = random.pick(guests);
    const amount = random.between(1, 20) * 100 * (random.chance(0.3) ? -1 : 1);
    note('adjustments', await admin.http('POST', `/api/admin/users/${id}/adjustments`, { amount, reason: 'Correction' }));
  };
  const refund = async (what: string, about: Record<string, unknown>, amount: number): Promise<void> => {
    if (amount < 1) return;
    note(what, await admin.http('POST', '/api/admin/refunds', { ...about, amount, reason: 'Complaint' }));
  };
  const refundOrder = async (): Promise<void> => {
    const orders = client.of('new-order');
    if (orders.length === 0) return;
    const { orderId, price } = random.pick(orders);
    await refund('refunds of orders by admins', { orderId }, Math.floor(Number(price) / 4));
  };
  const refundPayment = async (): Promise<void> => {
    const payments = client.of('payment-completed').filter(({ paymentRequestId }) => paymentRequestId !== undefined);
    if (payments.length === 0) return;
    const { paymentRequestId, amount } = random.pick(payments);
    await refund('refunds at the counter by admins', { paymentRequestId }, Math.floor(Number(amount) / 5));
  };
  /** Through the provider: the amount is set aside first, and leaves when the provider has said yes. */
  const refundTopUp = async (): Promise<void> => {
    const payments = client
      .of('payment-completed')
      .filter(({ paymentMethod, topUpId }) => paymentMethod === 'sandbox' && topUpId !== undefined);
    if (payments.length === 0) return;
    const { topUpId, amount } = random.pick(payments);
    await refund('refunds of top-ups by admins', { topUpId }, Math.floor(Number(amount) / 10));
  };

  while (!over.aborted) {
    await pause(random.between(pauseMs / 2, pauseMs * 1.5));
    if (over.aborted) return;
    await meter.time('admin’s change', random.pick([adjust, refundOrder, refundPayment, refundTopUp])).catch((error: unknown) => {
      meter.fault(`${admin.name} failed: ${String(error)}`);
    });
  }
}
