// `npm run cluster -- --api 2 --gateways 2 --relays 2 --workers 2`: real processes behind nginx, with production's nginx.conf, until Ctrl-C.
import { assertNodeVersion, assertPortFree, capture, dataDir, ensurePackages, portFrom, runMain } from './bootstrap.mjs';
import { readCommandLine } from './options.mjs';
import { SetupError } from './servers/errors.mjs';
import { ownerOf } from './servers/lock.mjs';

/** @param {string} line */
const log = (line) => void process.stdout.write(`${line}\n`);

/** How many replicas of each service, and the port. */
function flags() {
  /** @param {string} what @returns {import('./options.mjs').Option} */
  const replicas = (what) => ({ value: 'n', whole: [1, 16], help: `${what} (2)` });
  const { values } = readCommandLine({
    usage: 'npm run cluster',
    about: 'Runs real processes behind nginx, with the configuration of production, until Ctrl-C.',
    options: {
      api: replicas('processes of the API'),
      gateways: replicas('processes of the gateway'),
      relays: replicas('processes of the relay'),
      workers: replicas('processes of the notification worker'),
      port: { value: 'n', whole: [1, 65_535], help: 'where nginx listens (PORT, or else 8000)' },
    },
  });
  /** @param {string} name */
  const count = (name) => Number(values[name] ?? 2);
  return {
    api: count('api'),
    gateways: count('gateways'),
    relays: count('relays'),
    workers: count('workers'),
    port: values['port'] === undefined ? portFrom() : Number(values['port']),
  };
}

await runMain(async () => {
  const { port, ...replicas } = flags();
  assertNodeVersion();
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
