// `npm run cluster -- --api 2 --gateways 2 --relays 2 --workers 2`: real processes behind nginx, with production's nginx.conf, until Ctrl-C.
import { parseArgs } from 'node:util';
import { assertNodeVersion, assertPortFree, capture, dataDir, ensurePackages, portFrom, runMain } from './bootstrap.mjs';
import { reasonOf, SetupError } from './servers/errors.mjs';
import { ownerOf } from './servers/lock.mjs';

const MOST = 16;
const usage = 'Usage: npm run cluster -- [--api 2] [--gateways 2] [--relays 2] [--workers 2] [--port 8000]';

/** @param {string} line */
const log = (line) => void process.stdout.write(`${line}\n`);

/** @throws SetupError with the usage */
function flags() {
  const option = /** @type {const} */ ({ type: 'string' });
  try {
    const { values } = parseArgs({ options: { api: option, gateways: option, relays: option, workers: option, port: option } });
    /** @param {'api' | 'gateways' | 'relays' | 'workers'} name */
    const count = (name) => {
      const text = values[name] ?? '2';
      if (!/^\d+$/.test(text) || Number(text) < 1 || Number(text) > MOST)
        throw new Error(`--${name} ${text}: a whole number from 1 to ${MOST} is needed.`);
      return Number(text);
    };
    return {
      api: count('api'),
      gateways: count('gateways'),
      relays: count('relays'),
      workers: count('workers'),
      port: portFrom(values.port === undefined ? process.env : { PORT: values.port }),
    };
  } catch (error) {
    throw new SetupError(`${reasonOf(error)}\n${usage}`);
  }
}

await runMain(async () => {
  assertNodeVersion();
  const { port, ...replicas } = flags();
  /** @type {() => void} */
  let onSignal = () => {};
  const asked = new Promise((resolve) => (onSignal = () => resolve(true)));
  let stopping = false;
  for (const signal of /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.on(signal, () => {
      stopping = true;
      onSignal();
    });
  }
  const owner = ownerOf(dataDir);
  if (owner && (owner.port === port || !process.env['MONGODB_URL'])) {
    throw new SetupError(
      `Tidings already runs in this folder (process ${owner.pid}, port ${owner.port}). Stop that one with Ctrl-C first, ` +
        'or give this one its own PORT, MONGODB_URL and REDIS_URL.',
    );
  }
  await assertPortFree(port, 'npm run cluster');
  await ensurePackages(log);
  // After the packages: the servers are prepared with their drivers.
  const { provideNginx, provideServers } = await import('./servers/index.mjs');
  const nginxPath = await provideNginx({ log });
  const servers = await provideServers({ dataDir, persist: true, port, log });
  try {
    if (stopping) return;
    log('Building');
    const build = await capture('tsc', ['-b']);
    if (build.code !== 0) throw new SetupError(`The build failed:\n${build.output.trim()}`);
    if (stopping) return;
    log('Starting');
    const { startDemoCluster } = await import('@tidings/dev');
    const env = Object.fromEntries(Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])));
    const cluster = await startDemoCluster({ ...replicas, ...servers, dataDir, nginxPath, port, env, log });
    if (!stopping) log(cluster.guide);
    await asked;
    log('Stopping');
    await cluster.stop();
  } finally {
    await servers.stop();
  }
});
