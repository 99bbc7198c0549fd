import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { scenarios, startChaos, type Chaos } from '@tidings/chaos';
import { buildServices } from '@tidings/dev';
import { provideNginx, startMongo, startRedis, type ReplicaSet, type ServerProcess } from '../../tools/servers/index.mjs';

// Each scenario once; `npm run chaos` repeats them. Servers of its own: it kills them.
const seed = Number(process.env['CHAOS_SEED'] ?? Math.floor(Math.random() * 1_000_000_000));
const dataDir = mkdtempSync(join(tmpdir(), 'tidings-chaos-test-'));
let mongo: ReplicaSet;
let redis: ServerProcess & { url: string };
let chaos: Chaos;

beforeAll(async () => {
  await buildServices();
  const nginxPath = await provideNginx();
  mongo = await startMongo({ dataDir: join(dataDir, 'mongo'), members: 3 });
  redis = await startRedis({ dataDir: join(dataDir, 'redis') });
  chaos = await startChaos({ mongo, redis, nginxPath, seed, database: 'chaos', customers: 10, loadMs: 900 });
}, 180_000);

afterAll(async () => {
  await chaos?.stop();
  await Promise.all([mongo?.stop(), redis?.stop()]);
  rmSync(dataDir, { recursive: true, force: true });
}, 60_000);

test.each(scenarios)(
  '%s under load loses nothing, repeats nothing and keeps the order',
  async (scenario) => {
    const report = await chaos.run(scenario);
    // The seed and what was hit are part of what is compared, so that a failure names them.
    expect(report).toEqual({ ...report, seed, hit: expect.stringMatching(/\d/), faults: [] });
    expect(report.deliveries).toBeGreaterThan(0);
  },
  180_000,
);
