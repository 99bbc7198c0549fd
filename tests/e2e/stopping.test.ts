import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { buildServices } from '@tidings/dev';
import { waitFor } from '@tidings/testing';
import { startMongo, startRedis, type ReplicaSet, type ServerProcess } from '../../tools/servers/index.mjs';

const services = ['api', 'relay', 'worker', 'gateway'] as const;
/** Twice what a service has before it ends itself with force: this one runs beside others. */
const deadlineMs = 30_000;

let dataDir: string;
let mongo: ReplicaSet;
let redis: ServerProcess & { url: string };
let children: ChildProcessByStdio<Writable, Readable, Readable>[];

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'tidings-stopping-'));
  children = [];
  await buildServices();
  [mongo, redis] = await Promise.all([startMongo({ dataDir: join(dataDir, 'mongo') }), startRedis({ dataDir: join(dataDir, 'redis') })]);
}, 180_000);

afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await Promise.all([mongo?.stop(), redis?.stop()]);
  rmSync(dataDir, { recursive: true, force: true });
});

/** @returns the process of all four services, once they have started */
async function start(redisUrl = redis.url) {
  const env = {
    PATH: process.env['PATH'],
    NODE_ENV: 'test',
    JWT_SECRET: 'a secret for tests only',
    API_URL: 'http://127.0.0.1:1',
    REDIS_URL: redisUrl,
    MONGODB_URL: mongo.url,
  };
  const child = spawn(process.execPath, [join(__dirname, 'support/services-child.mjs')], { env, stdio: 'pipe' });
  children.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text: Buffer) => (output += text.toString()));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const says = (text: string) => waitFor(text, () => output.includes(text), 60_000);
  await says('started\n');
  return {
    says,
    /** Asks it to stop. A process that does not end in time is killed, and has no code. */
    async stop() {
      child.stdin.end();
      const late = setTimeout(() => child.kill('SIGKILL'), deadlineMs);
      const code = await ended;
      clearTimeout(late);
      return { code, stopped: services.filter((name) => output.includes(`stopped ${name}\n`)) };
    },
  };
}

const inOrder = { code: 0, stopped: services };

test('services that never reached Redis end when they are asked to', async () => {
  const running = await start('redis://127.0.0.1:1');
  expect(await running.stop()).toEqual(inOrder);
});

test('so do those whose Redis has gone', async () => {
  const running = await start();
  await redis.kill();
  await running.says('Redis cannot be reached');
  expect(await running.stop()).toEqual(inOrder);
  await redis.restart();
});

test('and those whose MongoDB has gone', async () => {
  const running = await start();
  await mongo.members[0]!.kill();
  expect(await running.stop()).toEqual(inOrder);
});
