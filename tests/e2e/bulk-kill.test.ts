import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { BulkOperation } from '@tidings/contracts';
import { buildServices } from '@tidings/dev';
import { collections, ensureFeedIndexes, type OutboxEvent } from '@tidings/feed';
import { createPeople, createTestStore, databaseUrl, expectStatus, waitFor, type Account, type TestStore } from '@tidings/testing';
import { freePort } from '../../tools/servers/index.mjs';

const count = 220;
const admin = { email: 'boss@example.com', password: 'the festival begins' };

let store: TestStore;
let port: number;
let api: ChildProcess | undefined;
beforeAll(async () => {
  await buildServices();
  [store, port] = await Promise.all([createTestStore(), freePort()]);
  await ensureFeedIndexes(store.mongo);
}, 180_000);
afterAll(async () => {
  await end('SIGKILL');
  await store.close();
});

/** The process that serves the API and does the steps of bulk operations. */
async function start(): Promise<void> {
  api = spawn(process.execPath, ['services/api/dist/main.js'], {
    env: {
      ...process.env,
      MONGODB_URL: databaseUrl(process.env['MONGODB_URL'], store.prefix),
      REDIS_URL: store.redisUrl,
      REDIS_PREFIX: store.prefix,
      HOST: '127.0.0.1',
      PORT: String(port),
      JWT_SECRET: 'a secret for tests only',
      ADMIN_EMAIL: admin.email,
      ADMIN_PASSWORD: admin.password,
      LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await waitFor('the api', () =>
    fetch(`http://127.0.0.1:${port}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
}

async function end(signal: NodeJS.Signals): Promise<void> {
  const ending = api;
  api = undefined;
  if (!ending || ending.exitCode !== null || ending.signalCode !== null) return;
  const ended = once(ending, 'exit');
  ending.kill(signal);
  await ended;
}

const outbox = (filter: object) => store.mongo.db.collection<OutboxEvent>(collections.outbox).find(filter).toArray();

test('a bulk operation whose process is killed in a step goes on where it was: each merchant once, and one end', async () => {
  const at = new Date();
  const fields = { ownerName: 'Ravi', isActive: true, currency: 'INR', timeZone: 'UTC', version: 1, createdAt: at, updatedAt: at };
  const ids = Array.from({ length: count }, (_, index) => `stall_${index}`);
  const merchants = store.mongo.db.collection<{ _id: string }>('merchants');
  const emailOf = (id: string) => `${id}@example.com`;
  await merchants.insertMany(
    ids.map((id) => ({ _id: id, name: id, email: emailOf(id), emailKey: emailOf(id), nameKey: id, ...fields, deletedAt: null })),
  );
  await start();
  const boss: Account = await createPeople(`http://127.0.0.1:${port}`, admin).admin();
  const operationOf = async (id: string): Promise<BulkOperation> =>
    (await expectStatus(200, boss.http.get<BulkOperation>(`/api/admin/merchants/bulk/${id}`))).body;

  // Somebody has a merchant of the third batch in hand: the process is in the middle of that when it is killed.
  const session = store.mongo.client.startSession();
  session.startTransaction();
  await merchants.updateOne({ _id: ids[125]! }, { $set: { address: 'Hall 9' } }, { session });
  const { body: started } = await expectStatus(
    202,
    boss.http.post<BulkOperation>('/api/admin/merchants/bulk', { action: 'suspend', ids, reason: 'Storm.' }),
  );
  const id = started.operationId;
  await waitFor('two batches', async () => (await operationOf(id)).succeeded === 100);
  await end('SIGKILL');
  await session.abortTransaction();
  await session.endSession();
  expect(await merchants.countDocuments({ isActive: false })).toBe(100);
  expect(await outbox({ type: 'bulk-completed' })).toEqual([]);

  await start();
  await waitFor('the end', async () => (await operationOf(id)).status === 'completed', 120_000);
  await end('SIGTERM');
  // Twice would be a version more.
  expect(await merchants.countDocuments({ isActive: false, version: 2 })).toBe(count);
  expect(await outbox({ type: 'bulk-completed' })).toMatchObject([
    { data: { operationId: id, total: count, succeeded: count, failed: [] } },
  ]);
  const changed = (await outbox({ type: 'merchants-changed' })).flatMap(({ data }) => data['ids'] as string[]);
  expect(changed.toSorted()).toEqual(ids.toSorted());
}, 300_000);
