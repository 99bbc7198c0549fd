// `npm run bench`: what the promise costs, measured on real processes, beside raw Socket.IO. See docs/benchmarks.md.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assertNodeVersion, capture, ensurePackages, root, runMain } from './bootstrap.mjs';
import { readCommandLine } from './options.mjs';
import { SetupError } from './servers/errors.mjs';

/** @param {string} line */
const log = (line) => void process.stdout.write(`${line}\n`);

await runMain(async () => {
  readCommandLine({
    usage: 'npm run bench',
    about: 'Measures latency, throughput and memory on real processes, beside raw Socket.IO. See docs/benchmarks.md.',
    options: {
      only: { value: 'row', many: true, help: 'this row alone' },
      rounds: { value: 'n', whole: [1, 100], help: 'rounds of each row' },
      short: { help: 'a tenth of everything: does it run?' },
      profile: { value: 'folder', help: 'each service writes a V8 CPU profile there when it stops' },
    },
  });
  assertNodeVersion();
  await ensurePackages(log);
  const { provideServers } = await import('./servers/index.mjs');
  const dataDir = mkdtempSync(join(tmpdir(), 'tidings-bench-'));
  const servers = await provideServers({ dataDir, log });
  try {
    log('Building');
    const build = await capture('tsc', ['-b']);
    if (build.code !== 0) throw new SetupError(`The build failed:\n${build.output.trim()}`);
    const { code } = await capture(process.execPath, [join(root, 'tests/bench/dist/main.js'), ...process.argv.slice(2)], {
      inherit: true,
      env: { MONGODB_URL: servers.mongodbUrl, REDIS_URL: servers.redisUrl },
    });
    process.exitCode = code;
  } finally {
    await servers.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
