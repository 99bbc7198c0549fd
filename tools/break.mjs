// `npm run break`: switches off one mechanism after another in a copy of the tree, and requires the test that guards it to fail.
import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { assertNodeVersion, capture, ensurePackages, root, runMain } from './bootstrap.mjs';
import { escaped, misfits, mutate } from './break/edits.mjs';
import { mutations } from './break/mutations.mjs';
import { readCommandLine, UsageError } from './options.mjs';
import { SetupError } from './servers/errors.mjs';

/** @typedef {import('./break/mutations.mjs').Mutation} Mutation */
/** @typedef {{ name: string, status: string, message: string, ms: number, aroundMs: number }} TestResult `aroundMs`: of its file, loading and hooks */

/** One more than a small machine has cores: many of these tests wait in vain for what the mechanism would have done. */
const abreast = 3;
const testMs = 20_000;
/** Tests that wait for what does not come are the slow ones. Nothing that comes takes this long, but on a slow machine: see `patienceOf`. */
const leastPatienceMs = 5_000;
/** With everything on, no test waits in vain: it may take its time. */
const unbrokenTestMs = 60_000;
const jestMs = 180_000;

/** @param {string} line */
const log = (line) => void process.stdout.write(`${line}\n`);

/** A copy of the working tree, with the packages of this one: what is changed there harms nobody. @param {string} folder */
async function copyTree(folder) {
  const { code, output } = await capture('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z']);
  if (code !== 0) throw new SetupError(`The files of the tree cannot be listed (git ls-files):\n${output}`);
  for (const file of output.split('\0').filter(Boolean)) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    cpSync(join(root, file), join(folder, file), { force: true });
  }
  symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
}

/**
 * @param {string} tree
 * @param {{ files: string[], tests: string[], env: Record<string, string>, timeoutMs?: number, eachMs?: number }} options
 * @returns {Promise<TestResult[]>} one for each test that ran; one that could not be loaded has the status `broken`
 */
async function runTests(tree, { files, tests, env, timeoutMs = jestMs, eachMs = testMs }) {
  const results = join(tree, 'results.json');
  rmSync(results, { force: true });
  const args = [
    '--runTestsByPath',
    ...files,
    '-t',
    `(${tests.map((name) => `${escaped(name)}$`).join('|')})`,
    '--json',
    `--outputFile=${results}`,
    '--maxWorkers=1',
    `--testTimeout=${eachMs}`,
    '--forceExit',
    '--silent',
  ];
  const child = spawn(process.execPath, [join(root, 'node_modules/jest/bin/jest.js'), ...args], {
    cwd: tree,
    env: { ...process.env, ...env, NODE_ENV: 'test' },
    stdio: 'ignore',
  });
  const late = setTimeout(() => child.kill('SIGKILL'), timeoutMs);
  await new Promise((resolve) => child.once('exit', resolve));
  clearTimeout(late);
  /** @type {{ testResults: { name: string, message: string, startTime: number, endTime: number, assertionResults: { title: string, status: string, duration?: number | null, failureMessages: string[] }[] }[] }} */
  let parsed;
  try {
    parsed = JSON.parse(readFileSync(results, 'utf8'));
  } catch {
    return [{ name: '', status: 'hung', message: 'jest did not end', ms: 0, aroundMs: 0 }];
  }
  return parsed.testResults.flatMap(({ message, startTime, endTime, assertionResults }) => {
    if (assertionResults.length === 0) return [{ name: '', status: 'broken', message, ms: 0, aroundMs: 0 }];
    const inTests = assertionResults.reduce((sum, { duration }) => sum + (duration ?? 0), 0);
    const aroundMs = Math.max(0, endTime - startTime - inTests);
    return assertionResults.map(({ title, status, duration, failureMessages }) => ({
      name: title,
      status,
      message: failureMessages.join('\n'),
      ms: duration ?? 0,
      aroundMs,
    }));
  });
}

/** @param {TestResult[]} results @param {string} test */
const outcome = (results, test) => {
  const own = results.filter(({ name, status }) => name === test && status !== 'pending');
  const broken = results.find(({ status }) => status === 'broken' || status === 'hung');
  if (own.length === 0) return { state: 'not run', message: broken?.message ?? 'there is no such test' };
  const failed = own.find(({ status }) => status === 'failed');
  if (!failed) return { state: 'green', message: '' };
  // One that a slow machine did not let begin has seen nothing.
  return { state: /Exceeded timeout .* for a hook/.test(failed.message) ? 'not begun' : 'red', message: failed.message };
};

/** @param {string} text @param {number} width */
const cell = (text, width) => (text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width));

await runMain(async () => {
  const { values } = readCommandLine({
    usage: 'npm run break',
    about: 'Switches off one mechanism after another in a copy of the tree, and requires the test that guards it to fail.',
    options: {
      only: { value: 'mutation', many: true, help: 'this mutation alone' },
      why: { help: 'what each test that failed has seen' },
    },
  });
  const only = Array.isArray(values['only']) ? values['only'] : undefined;
  const chosen = only ? mutations.filter(({ name }) => only.includes(name)) : mutations;
  const unknown = only?.filter((name) => !mutations.some((mutation) => mutation.name === name)) ?? [];
  if (unknown.length > 0)
    throw new UsageError(`There is no mutation ${unknown.join(', ')}. There are: ${mutations.map(({ name }) => name).join(', ')}`);
  assertNodeVersion();
  await ensurePackages(log);
  const { provideServers, startRedis } = await import('./servers/index.mjs');
  const folder = mkdtempSync(join(tmpdir(), 'tidings-break-'));
  const servers = await provideServers({ dataDir: join(folder, 'servers'), redis: false });
  // A Redis each: publish/subscribe knows no databases.
  const redis = await Promise.all(Array.from({ length: abreast }, (_, index) => startRedis({ dataDir: join(folder, `redis-${index}`) })));
  const slots = redis.map(({ url }, index) => ({
    tree: join(folder, `tree-${index}`),
    env: { MONGODB_URL: servers.mongodbUrl, REDIS_URL: url },
  }));
  let failures = 0;
  try {
    for (const { tree } of slots) await copyTree(tree);
    // Before anything is broken: every edit fits, and every test is green.
    const faults = misfits(root, chosen);
    if (faults.length > 0) throw new SetupError(`tools/break has to follow the source:\n${faults.join('\n')}`);
    const began = performance.now();
    const files = [...new Set(chosen.map(({ testFile }) => testFile))];
    const unbroken = (
      await Promise.all(
        slots.map(async ({ tree, env }, index) => {
          const mine = files.filter((_, position) => position % abreast === index);
          const tests = [...new Set(chosen.filter(({ testFile }) => mine.includes(testFile)).map(({ test }) => test))];
          return mine.length > 0 ? runTests(tree, { files: mine, tests, env, timeoutMs: jestMs * 5, eachMs: unbrokenTestMs }) : [];
        }),
      )
    ).flat();
    /** How long it took with everything on: a slow machine is slow with something off, too. @param {string} test */
    const tookMs = (test) => Math.max(0, ...unbroken.filter(({ name }) => name === test).map(({ ms }) => ms));
    /** Loading and hooks of its file. @param {string} test */
    const aroundMs = (test) => Math.max(0, ...unbroken.filter(({ name }) => name === test).map((result) => result.aroundMs));
    /** @param {string} test */
    const limitOf = (test) => Math.max(testMs, 3 * tookMs(test));
    /** How long one wait may take: longer than any took with everything on, in the test and in the hooks before it. @param {string} test */
    const patienceOf = (test) => Math.min(limitOf(test), Math.max(leastPatienceMs, 3 * tookMs(test), 2 * aroundMs(test)));
    for (const { name, test, testFile } of chosen) {
      let { state, message } = outcome(unbroken, test);
      // Once more by itself: on a busy machine a test may have run out of time.
      if (state !== 'green')
        ({ state, message } = outcome(
          await runTests(slots[0]?.tree ?? '', { files: [testFile], tests: [test], env: slots[0]?.env ?? {}, eachMs: unbrokenTestMs }),
          test,
        ));
      if (state !== 'green') throw new Error(`${name}: the test "${test}" is ${state} before anything is switched off\n${message}`);
    }
    log(
      `${new Set(chosen.map(({ test }) => test)).size} tests are green with everything on (${((performance.now() - began) / 1_000).toFixed(0)} s)\n`,
    );
    log(`${cell('switched off', 76)} ${cell('inv.', 4)} ${cell('test', 82)} result     s`);

    const waiting = [...chosen];
    await Promise.all(
      slots.map(async ({ tree, env }) => {
        for (let mutation = waiting.shift(); mutation; mutation = waiting.shift()) {
          const start = performance.now();
          const back = mutate(tree, mutation);
          const results = await runTests(tree, {
            files: [mutation.testFile],
            tests: [mutation.test],
            // The wait is given up first, and says what did not come.
            env: { ...env, TEST_PATIENCE_MS: String(Math.round(patienceOf(mutation.test))) },
            eachMs: limitOf(mutation.test),
            // Loading, hooks, and then the test's own limit: on a slow machine more than the least.
            timeoutMs: Math.max(jestMs, 4 * aroundMs(mutation.test) + 2 * limitOf(mutation.test)),
          });
          back();
          const { state, message } = outcome(results, mutation.test);
          const seconds = ((performance.now() - start) / 1_000).toFixed(0);
          log(
            `${cell(mutation.mechanism, 76)} ${cell(String(mutation.invariant), 4)} ${cell(mutation.test, 82)} ${cell(state === 'red' ? 'red' : state.toUpperCase(), 8)} ${seconds.padStart(3)}`,
          );
          if (state === 'red' && values['why']) log(`  ${message.split('\n').slice(0, 6).join('\n  ')}`);
          if (state === 'red') continue;
          failures++;
          if (message) log(message);
        }
      }),
    );
  } finally {
    await Promise.all([servers.stop(), ...redis.map((server) => server.stop())]);
    rmSync(folder, { recursive: true, force: true });
  }
  log(`\n${chosen.length - failures} of ${chosen.length} mechanisms are guarded: their test fails without them`);
  if (failures > 0) process.exitCode = 1;
});
