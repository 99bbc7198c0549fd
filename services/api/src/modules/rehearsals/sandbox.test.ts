import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newId } from '@tidings/platform';
import { createTestStore, type TestStore } from '@tidings/testing';
import { sweepSandboxes } from './sandbox.js';

let store: TestStore;
let made: string[];
const make = async (name: string): Promise<void> => {
  made.push(name);
  await store.mongo.client.db(name).collection('jobs').insertOne({});
};
const there = async (): Promise<string[]> => {
  const { databases } = await store.mongo.client.db().admin().listDatabases({ nameOnly: true });
  return databases.map(({ name }) => name).filter((name) => made.includes(name));
};

beforeAll(async () => {
  store = await createTestStore();
  made = [];
});
afterAll(async () => {
  for (const name of made) await store.mongo.client.db(name).dropDatabase();
  await store.close();
});

test('only the databases of its own rehearsals that are over go away', async () => {
  const own = store.mongo.db.databaseName;
  const minutesAgo = (minutes: number) =>
    Math.floor(Date.now() / 1_000 - minutes * 60)
      .toString(16)
      .padStart(8, '0') + newId().slice(8);
  const [left, running] = [`${own}_rehearsal_${minutesAgo(16)}`, `${own}_rehearsal_${minutesAgo(14)}`];
  const others = [`${own}_rehearsal_notes`, `${own}2_rehearsal_${minutesAgo(60)}`];
  for (const name of [left, running, ...others]) await make(name);
  expect(await sweepSandboxes(store.mongo)).toBe(1);
  expect((await there()).toSorted()).toEqual([running, ...others].toSorted());
  expect(await sweepSandboxes(store.mongo)).toBe(0);
});
