import { freePort } from '../../../tools/servers/index.mjs';
import { createBalancer, type Balancer } from './balancer.js';
import { createServiceProcess, type ServiceProcess } from './service-process.js';

export interface Cluster {
  readonly apis: readonly ServiceProcess[];
  readonly relays: readonly ServiceProcess[];
  readonly gateways: readonly ServiceProcess[];
  readonly workers: readonly ServiceProcess[];
  /** In front of the gateways; for websockets. */
  readonly gatewayUrl: string;
  readonly secrets: { admin: { email: string; password: string }; stripe: string };
  /** The relay that numbers events now. Undefined while there is none. */
  leader(): Promise<ServiceProcess | undefined>;
  stop(): Promise<void>;
}

export interface ClusterOptions {
  mongodbUrl: string;
  redisUrl: string;
  /** Of each service. */
  replicas?: number;
}

/** It is at the beginning of each `sid`, which so tells where a client is connected. */
export const gatewayId = (index: number): string => `g${index + 1}`;

/** Every service as compiled, each replica in a process of its own. */
export async function startCluster({ mongodbUrl, redisUrl, replicas = 2 }: ClusterOptions): Promise<Cluster> {
  const admin = { email: 'admin@example.com', password: 'correct horse battery' };
  const stripe = 'whsec_for_chaos_only';
  const apiPort = await freePort();
  const env = {
    NODE_ENV: 'production',
    LOG_LEVEL: process.env['CHAOS_LOG_LEVEL'] ?? 'silent',
    MONGODB_URL: mongodbUrl,
    REDIS_URL: redisUrl,
    JWT_SECRET: 'a secret for chaos runs only',
    ACCESS_TOKEN_SECONDS: '86400',
    ADMIN_EMAIL: admin.email,
    ADMIN_PASSWORD: admin.password,
    STRIPE_WEBHOOK_SECRET: stripe,
    SANDBOX_PAYMENTS: 'true',
    SOCKET_EVENTS_PER_MINUTE: '1000000',
    HTTP_REQUESTS_PER_MINUTE: '1000000',
    LOGIN_ATTEMPTS_PER_MINUTE: '1000000',
    API_URL: `http://127.0.0.1:${apiPort}`,
    PUBLIC_URL: `http://127.0.0.1:${apiPort}`,
  };
  const processes: ServiceProcess[] = [];
  const make = async (name: ServiceProcess['name'], first?: number): Promise<ServiceProcess[]> => {
    const made: ServiceProcess[] = [];
    for (let index = 0; index < replicas; index++) {
      const port = index === 0 && first ? first : await freePort();
      made.push(createServiceProcess(name, port, { ...env, ...(name === 'socket-gateway' ? { GATEWAY_ID: gatewayId(index) } : {}) }));
    }
    processes.push(...made);
    return made;
  };
  const apis = await make('api', apiPort);
  const relays = await make('event-relay');
  const gateways = await make('socket-gateway');
  const workers = await make('notification-worker');
  let balancer: Balancer | undefined;
  const stop = async (): Promise<void> => {
    await balancer?.close();
    await Promise.all(processes.map((process) => process.stop()));
  };
  try {
    // One API first: it makes the indexes, which the others then find.
    await apis[0]!.start();
    await Promise.all(processes.slice(1).map((process) => process.start()));
    balancer = await createBalancer(gateways.map(({ url }) => Number(new URL(url).port)));
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    apis,
    relays,
    gateways,
    workers,
    gatewayUrl: `http://127.0.0.1:${balancer.port}`,
    secrets: { admin, stripe },
    async leader() {
      for (const relay of relays) if ((await relay.metric('relay_leader')) === 1) return relay;
      return undefined;
    },
    stop,
  };
}
