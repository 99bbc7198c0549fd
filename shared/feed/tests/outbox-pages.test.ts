import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { collections, outboxPages, type OutboxEvent } from '@tidings/feed';
import { createTestStore, type TestStore } from '@tidings/testing';

let store: TestStore;
const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute));
/** Three share a time, so that a page ends among them. */
const places = [
  { _id: 'e', at: at(1) },
  { _id: 'b', at: at(2) },
  { _id: 'c', at: at(2) },
  { _id: 'd', at: at(2) },
  { _id: 'a', at: at(3) },
];

beforeAll(async () => {
  store = await createTestStore();
  const events = places.map(({ _id, at }) => ({ _id, at, type: 't', data: {}, to: {}, feeds: [], actor: null }));
  const outbox = store.mongo.db.collection<OutboxEvent>(collections.outbox);
  await outbox.insertMany(events.map((event) => (event._id === 'c' ? event : { ...event, pending: true as const })));
});
afterAll(() => store.close());

async function idsOf(options: Parameters<typeof outboxPages>[1]): Promise<string[][]> {
  const pages: string[][] = [];
  for await (const page of outboxPages(store.mongo, options)) pages.push(page.map(({ _id }) => _id));
  return pages;
}

test('come in the order of time and id, each event once', async () => {
  expect(await idsOf({ size: 2 })).toEqual([['e', 'b'], ['c', 'd'], ['a']]);
  expect(await idsOf({ size: 5 })).toEqual([['e', 'b', 'c', 'd', 'a']]);
});

test('go on behind a place, also in the middle of a time', async () => {
  expect(await idsOf({ size: 2, after: { at: at(2), _id: 'b' } })).toEqual([['c', 'd'], ['a']]);
  expect(await idsOf({ size: 9, after: { at: at(2), _id: '' } })).toEqual([['b', 'c', 'd', 'a']]);
  expect(await idsOf({ size: 9, after: { at: at(3), _id: 'a' } })).toEqual([]);
});

test('hold what is asked for', async () => {
  expect(await idsOf({ size: 2, filter: { pending: true, at: { $lte: at(2) } } })).toEqual([['e', 'b'], ['d']]);
  const { value } = await outboxPages(store.mongo, { size: 1, fields: ['type'] }).next();
  expect(value).toEqual([{ _id: 'e', at: at(1), type: 't' }]);
});
