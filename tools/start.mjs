// `npm start`: packages, data servers, build, then the product, until Ctrl-C.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { assertNodeVersion, assertPortFree, capture, dataDir, ensurePackages, portFrom, root, runMain } from './bootstrap.mjs';
import { readCommandLine } from './options.mjs';
import { SetupError } from './servers/errors.mjs';
import { ownerOf } from './servers/lock.mjs';
import { guard } from './servers/process.mjs';

/** @param {string} line */
const log = (line) => void process.stdout.write(`${line}\n`);

/** The signal that asked us to stop; set once, for every stage of the start looks at it. @type {NodeJS.Signals | undefined} */
let asked;
/** @type {(signal: NodeJS.Signals) => void} */
let onSignal = () => {};
for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
  process.on(signal, () => {
    asked ??= signal;
    onSignal(signal);
  });
}

/**
 * Runs the composed product to its end and hands signals on to it.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} its exit code
 */
function serve(env) {
  // In a group of its own: a terminal sends Ctrl-C to the whole group, and the product would hear it twice.
  const main = join(root, 'tools/dev/dist/main.js');
  const child = spawn(process.execPath, [main, dataDir], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
  guard(child);
  onSignal = (signal) => child.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal);
  return new Promise((resolve) => {
    child.on('error', () => resolve(1));
    child.on('exit', (code) => resolve(code ?? (asked ? 0 : 1)));
  });
}

await runMain(async () => {
  readCommandLine({
    usage: 'npm start',
    about: 'Runs the product until Ctrl-C, on PORT (8000 unless set). What it reads of the environment: .env.example.',
  });
  assertNodeVersion();
  const port = portFrom();
  const owner = ownerOf(dataDir);
  if (owner && (owner.port === port || !process.env['MONGODB_URL'])) {
    throw new SetupError(
      `Tidings already runs in this folder (process ${owner.pid}, http://localhost:${owner.port}). Stop that one with Ctrl-C first, ` +
        'or give this one its own PORT, MONGODB_URL and REDIS_URL.',
    );
  }
  await assertPortFree(port);
  await ensurePackages(log);
  // After the packages: the servers are prepared with their drivers.
  const { provideServers } = await import('./servers/index.mjs');
  const servers = await provideServers({ dataDir, persist: true, port, log });
  try {
    if (asked) return;
    log('Building');
    const build = await capture('tsc', ['-b']);
    if (build.code !== 0) throw new SetupError(`The build failed:\n${build.output.trim()}`);
    if (asked) return;
    process.exitCode = await serve({ MONGODB_URL: servers.mongodbUrl, REDIS_URL: servers.redisUrl, PORT: String(port) });
  } finally {
    await servers.stop();
  }
});
