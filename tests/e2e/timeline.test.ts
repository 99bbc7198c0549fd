import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Notification, Timeline, TimelineStep } from '@tidings/contracts';
import { createWorld, expectStatus, password, topUp, waitFor, type Account, type World } from '@tidings/testing';

let world: World;
let admin: Account;
beforeAll(async () => {
  world = await createWorld();
  admin = await world.admin();
});
afterAll(() => world.stop());

const timelineOf = async (eventId: string): Promise<Timeline> =>
  (await expectStatus(200, admin.http.get<Timeline>(`/api/admin/events/${eventId}/timeline`))).body;
const stepsOf = <Kind extends TimelineStep['kind']>({ steps }: Timeline, kind: Kind) =>
  steps.filter((step): step is Extract<TimelineStep, { kind: Kind }> => step.kind === kind);

test('a signed payment is followed from the provider over the ledger and the feeds to the device and the notification', async () => {
  const customer = await world.signUp('Asha');
  const phone = await world.logIn(customer.email, password, 'phone-7');
  const device = await world.connect(phone);
  const topUpId = await topUp(world, customer, 7_500);
  const { meta } = await device.event('payment-completed');
  await device.event('new-notification');
  const timeline = await waitFor('the delivery to be noted', async () => {
    const found = await timelineOf(meta!.id);
    return stepsOf(found, 'delivery').some(({ feed }) => feed === `user:${customer.id}`) ? found : undefined;
  });

  expect(timeline).toMatchObject({ eventId: meta!.id, type: 'payment-completed', truncated: false });
  expect(stepsOf(timeline, 'provider-event')).toMatchObject([
    { id: expect.stringMatching(/^stripe:evt_/), type: 'payment_intent.succeeded', state: 'processed' },
  ]);
  const [transfer] = stepsOf(timeline, 'transfer');
  expect(transfer).toMatchObject({ id: `topup:${topUpId}`, type: 'top-up', currency: 'INR' });
  expect(transfer!.postings.map(({ amount }) => amount).toSorted((a, b) => a - b)).toEqual([-7_500, 7_500]);
  const own = stepsOf(timeline, 'feed-entry').filter(({ eventId }) => eventId === meta!.id);
  expect(own.map(({ feed }) => feed).toSorted()).toEqual(['admin', `user:${customer.id}`]);
  expect(own.find(({ feed }) => feed === meta!.feed)?.seq).toBe(meta!.seq);
  expect(stepsOf(timeline, 'event').map(({ type }) => type)).toEqual(
    expect.arrayContaining(['payment-completed', 'balance-updated', 'new-notification']),
  );
  expect(stepsOf(timeline, 'notification')).toMatchObject([
    { eventId: meta!.id, userId: customer.id, channel: 'in-app', attempts: [{ outcome: 'written' }], readAt: null },
  ]);
  const sent = stepsOf(timeline, 'delivery').find(({ eventId }) => eventId === meta!.id);
  expect(sent).toMatchObject({ seq: meta!.seq, userId: customer.id, deviceId: 'phone-7', disconnectedAt: null });
  expect(sent!.sentUpTo).toBeGreaterThanOrEqual(meta!.seq);

  // Causes come before what they caused, and the times between add up.
  const places = ['provider-event', 'transfer', 'feed-entry', 'notification'].map((kind) =>
    timeline.steps.findIndex((step) => step.kind === kind),
  );
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  let total = 0;
  for (const { sincePreviousMs, sinceStartMs } of timeline.steps) expect((total += sincePreviousMs)).toBe(sinceStartMs);
});

test('the event of a notification leads back to the provider, and one that was caused by a request to that', async () => {
  const customer = await world.signUp('Ravi');
  const client = await world.connect(customer);
  await topUp(world, customer, 500);
  const told = await client.event('new-notification');
  const back = await timelineOf(told.meta!.id);
  expect(back.type).toBe('new-notification');
  expect(stepsOf(back, 'provider-event')).toHaveLength(1);
  expect(stepsOf(back, 'event').map(({ type }) => type)).toEqual(expect.arrayContaining(['payment-completed', 'new-notification']));

  const { items } = (await customer.http.get<{ items: Notification[] }>('/api/notifications')).body;
  await expectStatus(200, customer.http.post(`/api/notifications/${items[0]!.id}/read`, {}, { 'x-request-id': 'asked-by-me' }));
  const read = await client.event('notification-updated');
  expect(stepsOf(await timelineOf(read.meta!.id), 'request')).toMatchObject([{ id: 'asked-by-me' }]);
});

test('it still tells of an event that has left the outbox', async () => {
  const customer = await world.signUp('Late');
  const client = await world.connect(customer);
  await topUp(world, customer, 900);
  const { meta } = await client.event('payment-completed');
  await client.event('new-notification');
  await world.settled();
  const kinds = async () => new Set((await timelineOf(meta!.id)).steps.map(({ kind }) => kind));
  await waitFor('the delivery to be noted', async () => (await kinds()).has('delivery'));
  const before = await kinds();
  await world.mongo.db.collection('outbox').deleteMany({});
  expect(await kinds()).toEqual(before);
});

test('it is for administrators, and each look is in the audit log', async () => {
  const customer = await world.signUp('Curious');
  const client = await world.connect(customer);
  await topUp(world, customer, 100);
  const { meta } = await client.event('payment-completed');
  expect((await customer.http.get(`/api/admin/events/${meta!.id}/timeline`)).status).toBe(403);
  expect((await admin.http.get('/api/admin/events/nothing/timeline')).status).toBe(404);
  await timelineOf(meta!.id);
  const { body } = await admin.http.get<{ items: object[] }>(`/api/admin/audit?target=event:${meta!.id}`);
  expect(body.items).toMatchObject([{ actor: admin.id, action: 'event.timeline' }]);
});
