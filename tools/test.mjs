// `npm test`: everything that has to hold, from a fresh clone. Its last line is `N passed, N failed`.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assertNodeVersion, capture, ensurePackages, runMain } from './bootstrap.mjs';
import { reasonOf, SetupError } from './servers/errors.mjs';

const sources = ['shared', 'services', 'tools', 'tests'];
let passed = 0;
let failed = 0;

/**
 * @param {string} name
 * @param {() => Promise<{ code: number, output: string }>} work its output is shown when the code is not 0
 */
async function step(name, work) {
  const start = performance.now();
  const { code, output } = await work().catch((error) => ({
    code: 1,
    output: error instanceof SetupError ? error.message : String(error.stack ?? error),
  }));
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stdout.write(`${code === 0 ? 'ok  ' : 'FAIL'} ${name} (${seconds} s)\n`);
  if (code === 0) passed++;
  else {
    failed++;
    process.stdout.write(`${output.trim()}\n\n`);
  }
}

/** @param {string} line */
const log = (line) => void process.stdout.write(`     ${line}\n`);

async function servers() {
  const { givenRedisUrl, mongodBinary, redisBinary } = await import('./servers/index.mjs');
  if (!process.env['MONGODB_URL']) await mongodBinary({ log });
  if (!givenRedisUrl()) await redisBinary({ log });
  return { code: 0, output: '' };
}

/** Jest counts its own tests; a file that does not even load counts as one that failed. @param {string[]} args */
async function jest(args) {
  const folder = mkdtempSync(join(tmpdir(), 'tidings-jest-'));
  const file = join(folder, 'results.json');
  try {
    // A Redis named by the environment is one for all: one file at a time.
    const workers = process.env['REDIS_URL'] || process.env['REDIS_HOST'] || process.env['REDIS_PORT'] ? ['--maxWorkers=1'] : [];
    const { code } = await capture('jest', ['--json', `--outputFile=${file}`, ...workers, ...args], {
      inherit: true,
      env: { NODE_ENV: 'test' },
    });
    const results = JSON.parse(readFileSync(file, 'utf8'));
    passed += results.numPassedTests;
    failed += results.numFailedTests + results.numRuntimeErrorTestSuites;
    if (results.numPassedTests === 0) throw new Error('no test ran');
    if (code !== 0 && failed === 0) throw new Error(`jest ended with code ${code}`);
  } catch (error) {
    failed++;
    process.stdout.write(`FAIL tests: ${reasonOf(error)}\n`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await runMain(async () => {
  assertNodeVersion();
  await step('packages', async () => {
    await ensurePackages(log);
    return { code: 0, output: '' };
  });
  if (failed > 0) return; // nothing else can run
  await step('data servers', servers);
  await step('lockfile', () => capture(process.execPath, ['tools/complete-lock.mjs', '--check']));
  // First: what checks types or follows imports between packages finds them by what the build made.
  await step('types', () => capture('tsc', ['-b']));
  await step('lint', () => capture('oxlint', []));
  await step('format', () => capture('oxfmt', ['--check']));
  await step('import directions and cycles', () => capture('depcruise', ['--config', '.dependency-cruiser.cjs', ...sources]));
  await step('unused code and packages', () => capture('knip', ['--no-config-hints']));
  await step('types of tests and tools', () => capture('tsc', ['-p', 'tsconfig.tests.json']));
  await jest(process.argv.slice(2));
});
if (process.exitCode) failed++;
process.stdout.write(`${passed} passed, ${failed} failed\n`);
if (failed > 0) process.exitCode = 1;
