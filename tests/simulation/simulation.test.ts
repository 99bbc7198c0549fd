import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildServices } from '@tidings/dev';
import { holdFestival } from '@tidings/simulation';
import { provideNginx, startMongo, startRedis, type ReplicaSet, type ServerProcess } from '../../tools/servers/index.mjs';

// A small festival; `npm run simulate:festival` holds the one of 200 guests.
const seed = Number(process.env['FESTIVAL_SEED'] ?? Math.floor(Math.random() * 1_000_000_000));
const dataDir = mkdtempSync(join(tmpdir(), 'tidings-festival-test-'));
let nginxPath: string;
let mongo: ReplicaSet;
let redis: ServerProcess & { url: string };

beforeAll(async () => {
  await buildServices();
  nginxPath = await provideNginx();
  mongo = await startMongo({ dataDir: join(dataDir, 'mongo') });
  redis = await startRedis({ dataDir: join(dataDir, 'redis') });
}, 180_000);

afterAll(async () => {
  await Promise.all([mongo?.stop(), redis?.stop()]);
  rmSync(dataDir, { recursive: true, force: true });
}, 60_000);

test('a festival ends with the money right, every order final, every screen as it is fetched, and no stranger’s event on any', async () => {
  const size = { guests: 20, vendors: 3, admins: 2, seconds: 20, thinkMs: 3_000 };
  const report = await holdFestival({ ...size, seed, mongodbUrl: mongo.url, redisUrl: redis.url, nginxPath });
  // The seed is part of what is compared, so that a failure names it.
  expect({ seed: report.seed, faults: report.faults }).toEqual({ seed, faults: [] });
  // It proves something only when something happened.
  const missing = ['orders', 'top-ups', 'steps of orders', 'connections at g1', 'connections at g2'].filter(
    (what) => (report.meter.counts.get(what) ?? 0) === 0,
  );
  expect(missing).toEqual([]);
}, 400_000);
