import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { collections, createUnitOfWork, ensureFeedIndexes, eventsIn, transactionOf, type OutboxEvent } from '@tidings/feed';
import { newId, type Mongo } from '@tidings/platform';
import { createTestStore, type TestStore } from '@tidings/testing';

interface Thing {
  _id: string;
  count: number;
}

let store: TestStore;
let mongo: Mongo;
beforeAll(async () => {
  store = await createTestStore();
  ({ mongo } = store);
  await ensureFeedIndexes(mongo);
  await mongo.db.createCollection('things');
});
afterAll(() => store.close());

const things = () => mongo.db.collection<Thing>('things');
const outbox = () => mongo.db.collection<OutboxEvent>(collections.outbox);
const unitOfWork = () => createUnitOfWork({ mongo, jobs: { add: async () => undefined, nudge: async () => undefined } });
const revoked = (sessionId: string) => ({ sessionId, reason: 'logged-out' as const });

test('a change and its events are one transaction', async () => {
  const stream = mongo.db.watch([{ $match: { operationType: 'insert' } }]);
  const { operationTime } = await mongo.db.command({ ping: 1 });
  expect(operationTime).toBeDefined();
  await stream.tryNext(); // opens it
  const id = newId();
  await unitOfWork().run({ actor: null }, async (tx) => {
    await things().insertOne({ _id: id, count: 1 }, { session: tx.session });
    tx.emit('session-revoked', revoked(id), { userId: 'u1' });
    tx.emit('access-changed', { feeds: [], reason: 'test' }, { userId: 'u1' });
  });
  const changes = [];
  while (changes.length < 3) changes.push(await stream.next());
  await stream.close();
  expect(changes.map((change) => ('ns' in change && 'coll' in change.ns ? change.ns.coll : undefined))).toEqual([
    'things',
    'outbox',
    'outbox',
  ]);
  // The number of the transaction in its session: the server names it for what was written in one, and for nothing else.
  const numbers = changes.map((change) => ('txnNumber' in change ? String(change.txnNumber) : 'in no transaction'));
  expect(new Set(numbers).size).toBe(1);
  expect(numbers[0]).not.toBe('in no transaction');
});

test('work that runs again after a conflict tells its events once', async () => {
  const id = newId();
  await things().insertOne({ _id: id, count: 0 });
  let runs = 0;
  const { events } = await unitOfWork().run({ actor: null }, async (tx) => {
    runs++;
    tx.emit('session-revoked', revoked(id), { userId: 'u2' });
    await things().findOne({ _id: id }, { session: tx.session });
    // Somebody else is quicker, the first time.
    if (runs === 1) await things().updateOne({ _id: id }, { $inc: { count: 1 } });
    await things().updateOne({ _id: id }, { $inc: { count: 1 } }, { session: tx.session });
  });
  expect(runs).toBe(2);
  expect(await things().findOne({ _id: id })).toEqual({ _id: id, count: 2 });
  const stored = await outbox().find({ 'data.sessionId': id }).toArray();
  expect(stored.map(({ _id }) => _id)).toEqual(events.map(({ _id }) => _id));
  expect(stored).toHaveLength(1);
});

test('events of one transaction are found by its id, in the order of emission, with what caused them', async () => {
  const cause = { kind: 'webhook', id: 'stripe:evt_1' } as const;
  const emit = (count: number) =>
    unitOfWork().run({ actor: null, cause }, async (tx) => {
      for (let place = 0; place < count; place++) tx.emit('session-revoked', revoked(String(place)), { userId: 'u1' });
      return tx.id;
    });
  const [{ result: id }] = await Promise.all([emit(20), emit(3)]);
  const found = await outbox()
    .find({ _id: eventsIn(id) })
    .sort({ _id: 1 })
    .toArray();
  expect(found.map(({ data }) => data['sessionId'])).toEqual(Array.from({ length: 20 }, (_, place) => String(place)));
  for (const event of found) {
    expect(transactionOf(event._id)).toBe(id);
    expect(event.cause).toEqual(cause);
  }
});

test('those who write the same take turns, with nothing open while they wait, and an error frees the turn', async () => {
  const id = newId();
  await things().insertOne({ _id: id, count: 0 });
  const { run } = unitOfWork();
  let attempts = 0;
  const results = await Promise.allSettled(
    Array.from({ length: 40 }, (_, number) =>
      run({ actor: null }, async (tx) => {
        attempts++;
        tx.turn([`thing:${id}`]);
        const thing = await things().findOne({ _id: id }, { session: tx.session });
        if (number % 4 === 0) throw new Error('not this one');
        await things().updateOne({ _id: id }, { $set: { count: thing!.count + 1 } }, { session: tx.session });
      }),
    ),
  );
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(30);
  expect((await things().findOne({ _id: id }))?.count).toBe(30);
  // All but the first began once more when their turn had come, and nobody met a conflict.
  expect(attempts).toBe(79);
});
