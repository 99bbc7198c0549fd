import { postStripeEvent, postWebhook, stripeEvent, waitFor, zeffyHeaders, zeffyPayment } from '@tidings/testing';
import type { Scene } from './scene.js';

/** A payment of another amount than was asked for. */
export async function heldDelivery({ world, customer, admin }: Scene): Promise<{ id: string }> {
  const { body: topUp } = await customer.http.post<{ id: string }>('/api/wallet/top-ups', { amount: 700, provider: 'stripe' });
  const payload = stripeEvent({ topUpId: topUp.id, amount: 70 });
  await postStripeEvent(world.apiUrl, world.stripeSecret, payload);
  const id = `stripe:${(JSON.parse(payload) as { id: string }).id}`;
  return waitFor('the delivery to be held', async () => {
    const { body } = await admin.http.get<{ id: string; state: string }>(`/api/admin/webhook-deliveries/${id}`);
    return body.state === 'held' ? body : null;
  });
}

/** A payment that names nobody. */
export async function unmatchedPayment({ world, admin }: Scene): Promise<{ id: string }> {
  const payload = zeffyPayment({ amount: 700 });
  await postWebhook(world.apiUrl, 'zeffy', payload, zeffyHeaders(payload));
  const { paymentId } = JSON.parse(payload) as { paymentId: string };
  return waitFor('the payment to be listed', async () => {
    const { body } = await admin.http.get<{ items: { id: string; paymentId: string }[] }>('/api/admin/unmatched-payments?state=open');
    return body.items.find((payment) => payment.paymentId === paymentId);
  });
}
