import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createJobs, createRedis, newId } from '@tidings/platform';
import { createTestStore, waitFor, type TestStore } from '@tidings/testing';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

let store: TestStore;
let server: Server;
let url: string;
/** While it is true, Redis takes connections and commands, and answers nothing: paused, or behind a network that drops packets. */
let hung: boolean;
let sockets: Socket[];

/** Redis answers again; what it was told meanwhile is gone, with the connections. */
function wake(): void {
  hung = false;
  for (const socket of sockets.splice(0)) socket.destroy();
}

beforeEach(async () => {
  store = await createTestStore();
  hung = false;
  sockets = [];
  const { hostname, port } = new URL(store.redisUrl);
  server = createServer((near) => {
    const far = connect(Number(port), hostname);
    sockets.push(near, far);
    near.on('data', (bytes) => void (hung || far.write(bytes)));
    far.on('data', (bytes) => void near.write(bytes));
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      one.on('error', () => other.destroy());
      one.on('close', () => other.destroy());
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  await store.close();
});

test('a Redis that takes commands and answers nothing counts as one that is down, and is back when it answers', async () => {
  const redis = createRedis(url, { name: 'test', commandTimeoutMs: 200 });
  await waitFor('the connection', () => redis.status === 'ready');
  hung = true;
  await expect(redis.ping()).rejects.toThrow();
  await waitFor('the end of the connection', () => redis.status !== 'ready');
  await expect(redis.ping()).rejects.toThrow("Stream isn't writeable");
  wake();
  await waitFor('the connection again', () => redis.status === 'ready');
  expect(await redis.ping()).toBe('PONG');
  redis.disconnect();
});

test('one that is away, and what was duplicated from it, ends at once when it is told to', async () => {
  const redis = createRedis('redis://127.0.0.1:1', { name: 'test', waiting: true });
  const duplicate = redis.duplicate();
  duplicate.on('error', () => undefined); // it is away
  const ended = [redis, duplicate].map((one) => new Promise((resolve) => one.once('end', resolve)));
  const waiting = duplicate.ping();
  await waitFor('pauses between attempts', () => redis.status === 'reconnecting' && duplicate.status === 'reconnecting');
  redis.disconnect();
  await Promise.all(ended);
  await expect(waiting).rejects.toThrow('Connection is closed');
});

test('whoever has added a job does not wait for a Redis that hangs, and the job is done without it', async () => {
  const jobs = createJobs({ ...store, redisUrl: url, sweepMs: 100 });
  const done = new Promise<string>((resolve) => {
    jobs.register('test', async (job, finish) => {
      const session = store.mongo.client.startSession();
      await session.withTransaction(() => finish(session));
      await session.endSession();
      resolve(job._id);
    });
  });
  await jobs.start();
  await jobs.nudge([{ kind: 'test', key: 'warm-up', data: {} }]);
  hung = true;
  const job = { kind: 'test', key: newId(), data: {} };
  await store.mongo.client.withSession((session) => session.withTransaction(() => jobs.add(session, job)));
  await jobs.nudge([job]);
  expect(await done).toBe(job.key);
  wake();
  await jobs.stop();
});
