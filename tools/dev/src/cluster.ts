import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../servers/index.mjs';
import { startNginx, type Nginx } from './cluster-nginx.js';
import { startProcess, type RunningProcess } from './cluster-process.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

const services = { api: 'api', gateway: 'socket-gateway', relay: 'event-relay', worker: 'notification-worker' } as const;
export type ClusterService = keyof typeof services;

export interface ClusterOptions {
  /** Replicas of each service; default 1. */
  api?: number;
  gateways?: number;
  relays?: number;
  workers?: number;
  mongodbUrl: string;
  redisUrl: string;
  /** The nginx binary, as `provideNginx` finds it. */
  nginxPath: string;
  /** Where nginx listens on 127.0.0.1; a free port unless given. */
  port?: number;
  /** Variables of the services and of nginx/render.sh, beside those that the cluster sets itself. */
  env?: Readonly<Record<string, string>>;
}

export interface ClusterProcess extends RunningProcess {
  service: ClusterService;
}

export interface Cluster {
  /** nginx: what clients use. */
  url: string;
  /** Each replica itself, past nginx. */
  apiUrls: readonly string[];
  gatewayUrls: readonly string[];
  /** In the order api-1, api-2, …, gateway-1, …, relay-1, …, worker-1, … */
  processes: readonly ClusterProcess[];
  of(service: ClusterService): ClusterProcess[];
  nginx: Nginx;
  /** The relay that leads now, by its metrics; undefined between two leaders. */
  leader(): Promise<ClusterProcess | undefined>;
  /** What the services run with. */
  env: Readonly<Record<string, string>>;
  stripeSecret: string;
  admin: { email: string; password: string };
  /** Stops everything that was started and removes logs and configuration. */
  stop(): Promise<void>;
}

/**
 * Runs the compiled services as processes of their own on free ports of 127.0.0.1, behind nginx with production's configuration. They end with
 * `stop`, and when this process dies without it. Build first: `tsc -b`.
 * @throws Error with the end of the log of what did not start; nothing is left running then
 */
export async function startCluster(options: ClusterOptions): Promise<Cluster> {
  const { api = 1, gateways = 1, relays = 1, workers = 1, nginxPath, port = await freePort(), env: given = {} } = options;
  const folder = mkdtempSync(join(tmpdir(), 'tidings-cluster-'));
  const internalPort = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const env: Record<string, string> = {
    PATH: process.env['PATH'] ?? '',
    NODE_ENV: 'development',
    JWT_SECRET: randomBytes(32).toString('base64url'),
    STRIPE_WEBHOOK_SECRET: `whsec_${randomBytes(24).toString('base64url')}`,
    ADMIN_EMAIL: 'admin@tidings.example',
    ADMIN_PASSWORD: randomBytes(12).toString('base64url'),
    PUBLIC_URL: url,
    ...given,
    HOST: '127.0.0.1',
    MONGODB_URL: options.mongodbUrl,
    REDIS_URL: options.redisUrl,
    API_URL: `http://127.0.0.1:${internalPort}`,
    TRUST_PROXY: 'loopback',
  };
  const processes: ClusterProcess[] = [];
  let nginx: Nginx | undefined;

  const stop = async (): Promise<void> => {
    await Promise.all([...processes, ...(nginx ? [nginx] : [])].map((one) => one.stop()));
    rmSync(folder, { recursive: true, force: true });
  };

  const startReplica = async (service: ClusterService, index: number): Promise<ClusterProcess> => {
    const name = `${service}-${index}`;
    const own = await freePort();
    const replica = await startProcess({
      name,
      command: process.execPath,
      args: [join(root, 'services', services[service], 'dist', 'main.js')],
      env: { ...env, PORT: String(own), ...(service === 'gateway' ? { GATEWAY_ID: `g${index}` } : {}) },
      cwd: root,
      port: own,
      logFile: join(folder, `${name}.log`),
      readyUrl: `http://127.0.0.1:${own}/readyz`,
    });
    return Object.assign(replica, { service });
  };

  try {
    const wanted = Object.entries({ api, gateway: gateways, relay: relays, worker: workers } satisfies Record<ClusterService, number>);
    const starts = wanted.flatMap(([service, count]) =>
      Array.from({ length: count }, (_, index) => ({ service: service as ClusterService, index: index + 1 })),
    );
    // All are awaited, also when one fails: a process that came up late must be known to `stop`.
    const started = await Promise.allSettled(
      starts.map(async ({ service, index }, place) => {
        processes[place] = await startReplica(service, index);
      }),
    );
    const failed = started.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
    const of = (service: ClusterService): ClusterProcess[] => processes.filter((one) => one.service === service);
    nginx = await startNginx({
      nginxPath,
      folder,
      port,
      internalPort,
      api: of('api').map(addressOf),
      gateways: Object.fromEntries(of('gateway').map((one, index) => [`g${index + 1}`, addressOf(one)])),
      env: Object.fromEntries(Object.entries(given).filter(([name]) => name.startsWith('NGINX_'))),
    });
    return {
      url,
      apiUrls: of('api').map((one) => `http://${addressOf(one)}`),
      gatewayUrls: of('gateway').map((one) => `http://${addressOf(one)}`),
      processes,
      of,
      nginx,
      leader: () => leaderOf(of('relay')),
      env,
      stripeSecret: env['STRIPE_WEBHOOK_SECRET']!,
      admin: { email: env['ADMIN_EMAIL']!, password: env['ADMIN_PASSWORD']! },
      stop,
    };
  } catch (error) {
    const live = Object.values(processes); // places whose process did not start are empty
    processes.splice(0, processes.length, ...live);
    await stop();
    throw error;
  }
}

async function leaderOf(relays: readonly ClusterProcess[]): Promise<ClusterProcess | undefined> {
  for (const relay of relays) {
    if (relay.pid === undefined) continue;
    try {
      const response = await fetch(`http://127.0.0.1:${relay.port}/metrics`, { signal: AbortSignal.timeout(2_000) });
      if (/^tidings_relay_leader 1$/m.test(await response.text())) return relay;
    } catch {
      continue; // it ends, or is paused
    }
  }
  return undefined;
}

const addressOf = ({ port }: RunningProcess): string => `127.0.0.1:${port}`;
