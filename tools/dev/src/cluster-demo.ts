import { join } from 'node:path';
import { startCluster, type Cluster, type ClusterOptions } from './cluster.js';
import { demoLogins, demoPassword, ensureDemoData } from './demo-data.js';
import { devSecrets } from './dev-secrets.js';
import { removeProductFile, writeProductFile } from './product-file.js';

export interface DemoCluster extends Cluster {
  /** What to try, for a terminal. */
  guide: string;
}

const restartAfterMs = 3_000;

/**
 * A cluster with the demo's people and stall, on which `npm run demo` plays. A process that ends is started again after 3 s, as a supervisor would.
 * @throws Error as `startCluster`
 */
export async function startDemoCluster(options: ClusterOptions & { dataDir: string; log: (line: string) => void }): Promise<DemoCluster> {
  const { log, dataDir, env = {}, ...rest } = options;
  const secrets = devSecrets(join(dataDir, 'secrets.json'));
  // As many logins, from one machine, as a demo needs.
  const cluster = await startCluster({
    ...rest,
    env: { ADMIN_PASSWORD: demoPassword, LOGIN_ATTEMPTS_PER_MINUTE: '1000', ...secrets, ...env },
  });
  let stopping = false;
  const stop = async (): Promise<void> => {
    stopping = true;
    removeProductFile(dataDir);
    await cluster.stop();
  };
  try {
    const { merchant } = await ensureDemoData(cluster.url, cluster.admin);
    const { MONGODB_URL = '', REDIS_URL = '', JWT_SECRET = '', JWT_KEYS = '', REDIS_PREFIX = '' } = cluster.env;
    const shared = { MONGODB_URL, REDIS_URL, JWT_SECRET, JWT_KEYS, REDIS_PREFIX, STRIPE_WEBHOOK_SECRET: cluster.stripeSecret };
    writeProductFile({ url: cluster.url, admin: cluster.admin, env: shared }, dataDir);
    for (const one of cluster.processes) watch(one);
    return { ...cluster, stop, guide: guideOf(cluster, merchant) };
  } catch (error) {
    await stop();
    throw error;
  }

  function watch(one: Cluster['processes'][number]): void {
    const { pid } = one;
    void one.exited.then(async ({ code, signal }) => {
      if (stopping) return;
      log(`${one.name} (process ${pid}) ended by ${signal ?? `code ${code}`}; it comes back in ${restartAfterMs / 1_000} s`);
      await new Promise((resolve) => setTimeout(resolve, restartAfterMs));
      if (stopping) return;
      try {
        await one.restart();
        log(`${one.name} is back as process ${one.pid}`);
        watch(one);
      } catch (error) {
        log(error instanceof Error ? error.message : String(error));
      }
    });
  }
}

function guideOf(cluster: Cluster, merchant: { id: string; name: string }): string {
  const rows = [...cluster.processes, cluster.nginx].map(
    ({ name, pid, port }) => `    ${name.padEnd(12)} process ${String(pid).padEnd(8)} port ${port}`,
  );
  return `
  Tidings runs at ${cluster.url}

${rows.join('\n')}

  Logins (password ${demoPassword}):
    customer  ${demoLogins.customer.email}
    vendor    ${demoLogins.vendor.email}   (stall "${merchant.name}", id ${merchant.id})
    admin     ${cluster.admin.email}

  What to try:
    npm run demo                  the whole story, in another terminal
    kill -9 <process>             any of them: clients go on, and it comes back

  Stop with Ctrl-C.
`;
}
