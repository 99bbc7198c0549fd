import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Rehearsal } from '@tidings/contracts';
import { createCustomer, createWorld, expectStatus, waitFor, type Account, type World } from '@tidings/testing';

let world: World;
let admin: Account;
let customer: Account;
beforeAll(async () => {
  world = await createWorld();
  [admin, customer] = await Promise.all([world.admin(), createCustomer(world, 1_000)]);
  // Administrators are told of the transfer within half a second: an event of its own, which is none of a rehearsal's.
  const untold = () => world.mongo.db.collection('transfers').countDocuments({ untold: true });
  await waitFor('administrators to be told of it', async () => (await untold()) === 0);
  const pending = () => world.mongo.db.collection('postings').countDocuments({ pending: true });
  await waitFor('its roll-up', async () => (await pending()) === 0);
  await world.settled();
});
afterAll(() => world.stop());

const rehearse = async (body: object): Promise<Rehearsal> =>
  (await expectStatus(201, admin.http.post<Rehearsal>('/api/admin/rehearsals', { userId: customer.id, ...body }))).body;

/** What a rehearsal works on, in the database of the installation. */
const real = async (): Promise<Record<string, unknown[]>> => {
  const names = ['accounts', 'disputes', 'outbox', 'postings', 'topups', 'transfers', 'unmatched_payments', 'users', 'webhook_deliveries'];
  const read = (name: string) => world.mongo.db.collection(name).find().sort({ _id: 1 }).toArray();
  return Object.fromEntries(await Promise.all(names.map(async (name): Promise<[string, unknown[]]> => [name, await read(name)])));
};

test('made-up events, disturbed in every way, come to what they come to in order, and touch nothing real', async () => {
  const before = await real();
  const report = await rehearse({
    events: [
      { kind: 'failed', payment: 'a', amount: 500 },
      { kind: 'succeeded', payment: 'a', amount: 500 },
      { kind: 'refunded', payment: 'a', amount: 200 },
      { kind: 'succeeded', payment: 'b', amount: 300 },
      { kind: 'disputed', payment: 'b', amount: 300 },
      { kind: 'dispute-won', payment: 'b', amount: 300 },
    ],
    shuffle: { duplicate: 1, late: 0.5, tamper: 1, reorder: true, seed: 5 },
  });
  expect(report).toMatchObject({ before: { balance: 1_000 }, after: { balance: 1_600 }, sums: { sound: true }, sameAsPlain: true });
  const answers = (how: string) => new Set(report.steps.filter((step) => step.how === how).map(({ answer }) => answer));
  expect(answers('tampered')).toEqual(new Set(['invalid-signature']));
  expect(answers('stale')).toEqual(new Set(['invalid-signature']));
  expect(answers('duplicate')).toEqual(new Set(['accepted']));
  for (const { how, before, after } of report.steps) if (how === 'tampered' || how === 'stale') expect(after).toEqual(before);
  const told = report.steps.flatMap(({ events }) => events);
  expect(told.filter((type) => type === 'payment-completed')).toHaveLength(2);
  expect(await real()).toEqual(before);
  expect((await customer.http.get('/api/wallet')).body).toMatchObject({ balance: 1_000 });
});

test.each(['stripe', 'razorpay'])('an event of %s says what it would say of such a payment', async (provider) => {
  const kinds = ['failed', 'succeeded', 'refunded', 'disputed', 'dispute-lost'] as const;
  const events = kinds.map((kind) => ({
    provider,
    kind,
    amount: { refunded: 200, disputed: 300, 'dispute-lost': 300 }[kind as string] ?? 500,
  }));
  const report = await rehearse({ events, shuffle: {} });
  expect(report).toMatchObject({ after: { balance: 1_000 }, sums: { sound: true }, sameAsPlain: true });
  expect(report.steps.map(({ type, state, after }) => [type, state, after.balance])).toEqual(
    provider === 'stripe'
      ? [
          ['payment_intent.payment_failed', 'processed', 1_000],
          ['payment_intent.succeeded', 'processed', 1_500],
          ['charge.refunded', 'processed', 1_300],
          ['charge.dispute.created', 'processed', 1_000],
          ['charge.dispute.closed', 'processed', 1_000],
        ]
      : [
          ['payment.failed', 'processed', 1_000],
          ['payment.captured', 'processed', 1_500],
          ['refund.processed', 'processed', 1_300],
          ['payment.dispute.created', 'processed', 1_000],
          ['payment.dispute.lost', 'processed', 1_000],
        ],
  );
});

test('a captured event is played as if it had not come yet, twice, and credits once', async () => {
  const delivery = await world.mongo.db.collection<{ _id: string }>('webhook_deliveries').findOne({});
  const report = await rehearse({ events: [{ deliveryId: delivery!._id }], shuffle: { duplicate: 1 } });
  expect(report).toMatchObject({ before: { balance: 0 }, after: { balance: 1_000 }, sameAsPlain: true });
  expect(report.steps.map(({ how, postings }) => [how, postings.length])).toEqual([
    ['genuine', 2],
    ['duplicate', 0],
  ]);
  expect(await admin.http.post('/api/admin/rehearsals', { userId: admin.id, events: [{ deliveryId: delivery!._id }] })).toMatchObject({
    status: 404,
  });
});

test('shows of what the user has and of what was sent no more than the events are about', async () => {
  const { db } = world.mongo;
  const [delivery, topUp] = await Promise.all([
    db.collection<{ _id: string; body: string }>('webhook_deliveries').findOne({}),
    db.collection<{ _id: string; userId: string }>('topups').findOne({ userId: customer.id }),
  ]);
  const others = Array.from({ length: 300 }, (_, at) => ({ ...topUp!, _id: `other_${at}`, providerRef: `pi_other_${at}` }));
  await db.collection<{ _id: string }>('topups').insertMany(others);
  const long = { ...(JSON.parse(delivery!.body) as object), padding: 'x'.repeat(50_000) };
  const _id = `${delivery!._id}_long`;
  await db.collection<{ _id: string; body: string }>('webhook_deliveries').insertOne({ ...delivery!, _id, body: JSON.stringify(long) });
  const events = [{ deliveryId: _id }, ...Array.from({ length: 9 }, (_, at) => ({ kind: 'succeeded', amount: 5, payment: `p${at}` }))];
  const report = await rehearse({ events, shuffle: { duplicate: 1, tamper: 1 } });
  expect(report.sameAsPlain).toBe(true);
  expect(report.steps).toHaveLength(30);
  expect(report.steps.map(({ topUps }) => topUps.length)).toEqual(report.steps.map(() => 1));
  expect(report.steps[0]?.topUps).toMatchObject([{ id: topUp!._id }]);
  expect(Math.max(...report.steps.map(({ body }) => body.length))).toBe(2_000);
});

test('leaves no database behind, and is in the audit log', async () => {
  const noted = () => world.mongo.db.collection('audit_log').countDocuments({ action: 'rehearsal.run', target: `user:${customer.id}` });
  const before = await noted();
  await rehearse({ events: [{ kind: 'succeeded', amount: 100 }], shuffle: {} });
  const { databases } = await world.mongo.client.db().admin().listDatabases({ nameOnly: true });
  expect(databases.filter(({ name }) => name.startsWith(`${world.mongo.db.databaseName}_rehearsal_`))).toEqual([]);
  expect(await noted()).toBe(before + 1);
});
