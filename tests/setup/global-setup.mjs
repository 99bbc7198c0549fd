import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { givenRedisUrl, provideServers, startRedis } from '../../tools/servers/index.mjs';

/**
 * One MongoDB for all test files, and one Redis for each worker: publish/subscribe knows no databases, so two files that run at once
 * would hear each other on a shared one.
 * @param {{ maxWorkers: number }} globalConfig
 */
export default async function setup({ maxWorkers }) {
  const dataDir = mkdtempSync(join(tmpdir(), 'tidings-test-'));
  const given = givenRedisUrl();
  const servers = await provideServers({ dataDir, redis: given !== undefined });
  const redis = given
    ? []
    : await Promise.all(Array.from({ length: maxWorkers }, (_, index) => startRedis({ dataDir: join(dataDir, `redis-${index}`) })));
  process.env['MONGODB_URL'] = servers.mongodbUrl;
  process.env['REDIS_URL'] = given ?? redis[0]?.url;
  process.env['TIDINGS_TEST_REDIS_URLS'] = redis.map((server) => server.url).join(',');
  globalThis.stopTestServers = async () => {
    await Promise.all([servers.stop(), ...redis.map((server) => server.stop())]);
    rmSync(dataDir, { recursive: true, force: true });
  };
}
