import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { postStripeEvent, postWebhook, stripeEvent, waitFor, zeffyPayment, zeffyToken } from '@tidings/testing';
import { stripeSecret } from './support/domain.js';
import { startApi, type Person, type TestApi } from './support/api.js';

/** What administrators do not decide for themselves. */
let api: TestApi;
let root: Person;
beforeAll(async () => {
  api = await startApi({ env: { STRIPE_WEBHOOK_SECRET: stripeSecret, ZEFFY_SOURCES: `zapier:${zeffyToken}`, ADJUSTMENT_LIMIT: '1000' } });
  root = await api.admin();
});
afterAll(() => api.stop());

const post = async (as: Person, path: string, body: object): Promise<Record<string, unknown>> => {
  const { status, body: answer } = await as.http.post(path, body);
  return { status, ...answer };
};
const refused = { status: 403, code: 'forbidden' };
const appoint = async (): Promise<Person> => {
  const helper = await api.register({ name: 'Helper' });
  expect((await root.http.send('PUT', `/api/admin/users/${helper.id}/roles`, { roles: ['admin'] })).status).toBe(200);
  return helper;
};
const verify = (as: Person, whose: Person) => as.http.send('PUT', `/api/admin/users/${whose.id}/verified-email`, { verified: true });
const audited = async (target: string) => {
  const { body } = await root.http.get<{ items: { details: object }[] }>(`/api/admin/audit?target=${target}`);
  return body.items.map(({ details }) => details);
};
const unmatched = async (): Promise<string> => {
  const paymentId = `z_${Math.random().toString(36).slice(2)}`;
  await postWebhook(api.url, 'zeffy', zeffyPayment({ amount: 300, paymentId }), { authorization: `Bearer ${zeffyToken}` });
  return waitFor('it to be listed', async () => {
    const { body } = await root.http.get<{ items: { id: string; paymentId: string }[] }>('/api/admin/unmatched-payments?state=open');
    return body.items.find((payment) => payment.paymentId === paymentId)?.id;
  });
};

test('a superadmin who is the only administrator decides their own matters, and the audit log says so', async () => {
  expect(await verify(root, root)).toMatchObject({ status: 200, body: { emailVerified: true } });
  const id = await unmatched();
  expect(await post(root, `/api/admin/unmatched-payments/${id}/assign`, { userId: root.id })).toMatchObject({ status: 200 });
  expect(await audited(`user:${root.id}`)).toMatchObject([{ verified: true, alone: true }]);
  expect(await audited(`payment:${id}`)).toMatchObject([{ userId: root.id, alone: true }]);
});

describe('where there is another administrator', () => {
  let helper: Person;
  beforeAll(async () => {
    helper = await appoint();
  });

  test('nobody vouches for the own address; the other one does', async () => {
    expect(await verify(helper, helper)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
    expect(await verify(root, helper)).toMatchObject({ status: 200, body: { emailVerified: true } });
    const [entry] = await audited(`user:${helper.id}`);
    expect(entry).not.toHaveProperty('alone');
  });

  test('nobody assigns a payment to themselves, a superadmin neither', async () => {
    const id = await unmatched();
    const path = `/api/admin/unmatched-payments/${id}/assign`;
    for (const one of [helper, root]) expect(await post(one, path, { userId: one.id })).toMatchObject(refused);
    expect((await helper.http.get('/api/wallet')).body['balance']).toBe(0);
    expect(await post(root, path, { userId: helper.id })).toMatchObject({ status: 200, state: 'assigned' });
    expect((await helper.http.get('/api/wallet')).body['balance']).toBe(300);
  });

  test('nobody credits a payment of their own that was held', async () => {
    const topUp = await post(helper, '/api/wallet/top-ups', { amount: 500, provider: 'stripe' });
    await postStripeEvent(api.url, stripeSecret, stripeEvent({ topUpId: String(topUp['id']), amount: 900 }));
    const held = await waitFor('it to be held', async () => {
      const { body } = await root.http.get<{ items: { id: string }[] }>('/api/admin/webhook-deliveries?state=held');
      return body.items[0];
    });
    const path = `/api/admin/webhook-deliveries/${held.id}/resolve`;
    expect(await post(helper, path, { decision: 'credit', reason: 'It is mine' })).toMatchObject(refused);
    expect(await post(root, path, { decision: 'credit', reason: 'Looked at' })).toMatchObject({ status: 200, state: 'processed' });
  });

  test('nobody dismisses what their bank has taken back', async () => {
    const topUp = await post(helper, '/api/wallet/top-ups', { amount: 500, provider: 'stripe' });
    const topUpId = String(topUp['id']);
    await postStripeEvent(api.url, stripeSecret, stripeEvent({ topUpId, amount: 500 }));
    const charge = { amount_refunded: 900, currency: 'inr', payment_intent: `pi_${topUpId}`, metadata: { topUpId } };
    const refund = { id: `evt_${topUpId}`, object: 'event', type: 'charge.refunded', data: { object: charge } };
    await postStripeEvent(api.url, stripeSecret, JSON.stringify(refund));
    const path = `/api/admin/webhook-deliveries/stripe:evt_${topUpId}`;
    await waitFor('it to be held', async () => (await root.http.get(path)).body['state'] === 'held');
    expect(await post(helper, `${path}/resolve`, { decision: 'dismiss', reason: 'It is mine' })).toMatchObject(refused);
    expect(await post(root, `${path}/resolve`, { decision: 'dismiss', reason: 'Asked Stripe' })).toMatchObject({ state: 'dismissed' });
  });

  test('what a user is given and taken in a day above the limit is for a superadmin, asked for in parts too', async () => {
    const [one, two] = [await api.register(), await api.register()];
    const adjust = (as: Person, whose: Person, amount: number) =>
      post(as, `/api/admin/users/${whose.id}/adjustments`, { amount, reason: 'So' });
    expect(await adjust(helper, one, 1_001)).toMatchObject(refused);
    expect(await adjust(helper, one, 600)).toMatchObject({ status: 201 });
    expect(await adjust(helper, one, -401)).toMatchObject(refused);
    expect(await adjust(root, one, 5_000)).toMatchObject({ status: 201, newBalance: 5_600 });
    const together = await Promise.all(Array.from({ length: 6 }, () => adjust(helper, two, 300)));
    expect(together.filter(({ status }) => status === 201)).toHaveLength(3);
    expect((await two.http.get('/api/wallet')).body['balance']).toBe(900);
  });

  test('one who is suspended is no other', async () => {
    expect((await root.http.patch(`/api/admin/users/${helper.id}`, { status: 'suspended' })).status).toBe(200);
    const id = await unmatched();
    expect(await post(root, `/api/admin/unmatched-payments/${id}/assign`, { userId: root.id })).toMatchObject({ status: 200 });
  });
});
