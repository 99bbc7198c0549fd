import { createServer } from 'node:http';
import { randomBytes } from 'node:crypto';
import { createApi } from '@tidings/api';
import { createRelay, type Relay } from '@tidings/event-relay';
import { createWorker } from '@tidings/notification-worker';
import { closeServer, connectMongo, createLogger, listen, loadConfig, type Config, type Mongo } from '@tidings/platform';
import { createGateway } from '@tidings/socket-gateway';
import { connectClient, type ClientOptions, type TestClient } from './client.js';
import { createHttp, type Http } from './http.js';
import { createPeople, password, type Account, type People } from './people.js';
import { cloudinarySecret, razorpaySecret, zeffySecret, zeffyToken } from './providers.js';
import { databaseUrl } from './store.js';
import { waitFor } from './wait.js';

export interface WorldOptions {
  gateways?: number;
  /** Environment variables beside the usual ones. */
  env?: Record<string, string>;
  /** Services to leave out, for tests that run them otherwise. */
  without?: readonly ('relay' | 'worker')[];
}

export interface World extends People {
  config: Config;
  mongo: Mongo;
  relay: Relay | undefined;
  apiUrl: string;
  gatewayUrls: readonly string[];
  stripeSecret: string;
  /** Not logged in. */
  http: Http;
  /** A stock client; closed with the world. `gateway` counts from 0. */
  connect(account: Account, options?: Partial<ClientOptions> & { gateway?: number }): Promise<TestClient>;
  /** Waits until every committed event is numbered, every notification written and every due job done. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

const adminEmail = 'admin@example.com';

/** All services in this process, each on its own port, on a database and a Redis prefix of their own. */
export async function createWorld({ gateways = 1, env = {}, without = [] }: WorldOptions = {}): Promise<World> {
  const name = `world_${randomBytes(6).toString('hex')}`;
  const apiServer = createServer();
  const apiPort = await listen(apiServer, 0, '127.0.0.1');
  const apiUrl = `http://127.0.0.1:${apiPort}`;
  const stripeSecret = 'whsec_for_tests_only';
  const config = loadConfig({
    NODE_ENV: 'test',
    LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
    HOST: '127.0.0.1',
    PORT: String(apiPort),
    JWT_SECRET: 'a secret for tests only',
    ADMIN_EMAIL: adminEmail,
    ADMIN_PASSWORD: password,
    STRIPE_WEBHOOK_SECRET: stripeSecret,
    RAZORPAY_WEBHOOK_SECRET: razorpaySecret,
    ZEFFY_FORM_URL: 'https://zeffy.example/form',
    ZEFFY_WEBHOOK_SECRET: zeffySecret,
    ZEFFY_SOURCES: `zapier:${zeffyToken}`,
    CLOUDINARY_API_SECRET: cloudinarySecret,
    SOCKET_EVENTS_PER_MINUTE: '100000',
    HTTP_REQUESTS_PER_MINUTE: '100000',
    LOGIN_ATTEMPTS_PER_MINUTE: '100000',
    HEAVY_REQUESTS_PER_MINUTE: '100000',
    REHEARSALS_PER_MINUTE: '100000',
    SCANS_PER_CUSTOMER_PER_HOUR: '100000',
    SCANS_PER_BUSINESS_PER_MINUTE: '100000',
    POINTS_BY_HAND_PER_DAY: '1000000000000',
    API_URL: apiUrl,
    PUBLIC_URL: apiUrl,
    REDIS_URL: process.env['REDIS_URL'],
    ...env,
    MONGODB_URL: databaseUrl(process.env['MONGODB_URL'], name),
    REDIS_PREFIX: name,
  });
  const logger = createLogger({ name, level: config.LOG_LEVEL });
  // Undone in reverse: also when a later part does not start, or the test run could not end.
  const undo: (() => Promise<unknown> | void)[] = [() => closeServer(apiServer)];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const mongo = await connectMongo(config.MONGODB_URL, { logger });
    undo.push(
      () => mongo.close(),
      () => mongo.db.dropDatabase(),
    );
    const api = createApi({ config, mongo, logger });
    undo.push(() => api.stop());
    apiServer.on('request', api.app);
    await api.start();
    const relay = without.includes('relay') ? undefined : createRelay({ config, mongo, logger });
    const worker = without.includes('worker') ? undefined : createWorker({ config, mongo, logger });
    undo.push(
      () => relay?.stop(),
      () => worker?.stop(),
    );
    await Promise.all([relay?.start(), worker?.start()]);
    const gatewayUrls: string[] = [];
    for (let index = 1; index <= gateways; index++) {
      const httpServer = createServer();
      const gateway = createGateway({ config: { ...config, GATEWAY_ID: `g${index}` }, mongo, logger, httpServer });
      undo.push(
        () => closeServer(httpServer),
        () => gateway.stop(),
      );
      gatewayUrls.push(`http://127.0.0.1:${await listen(httpServer, 0, '127.0.0.1')}`);
      await gateway.start();
    }
    return assemble({ config, mongo, relay, apiUrl, gatewayUrls, stripeSecret }, undo, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

function assemble(
  parts: Pick<World, 'config' | 'mongo' | 'relay' | 'apiUrl' | 'gatewayUrls' | 'stripeSecret'>,
  undo: (() => void)[],
  stop: () => Promise<void>,
): World {
  const http = createHttp(parts.apiUrl);
  const world: World = {
    ...parts,
    http,
    ...createPeople(parts.apiUrl, { email: adminEmail, password }),
    async connect(account, { gateway = 0, ...options } = {}) {
      const client = await connectClient({ url: parts.gatewayUrls[gateway]!, token: account.token, ...options });
      undo.push(() => client.close());
      return client;
    },
    settled: () => settled(parts.mongo),
    stop,
  };
  return world;
}

/**
 * See `World.settled`; for worlds of other processes too.
 * @throws Error that names what is left
 */
export async function settled(mongo: Mongo): Promise<void> {
  let left: unknown;
  await waitFor('the event path to settle', async () => {
    const [pending, due, unnumbered] = await Promise.all([
      mongo.db.collection('outbox').find({ pending: true }).limit(10).toArray(),
      mongo.db
        .collection('jobs')
        .find({ state: 'due', dueAt: { $lte: new Date() } })
        .limit(10)
        .toArray(),
      unnumberedEvents(mongo),
    ]);
    left = { pending, due, unnumbered };
    return pending.length === 0 && due.length === 0 && unnumbered === 0;
  }).catch((cause: unknown) => {
    throw new Error(`${(cause as Error).message}; left: ${JSON.stringify(left)}`, { cause });
  });
}

async function unnumberedEvents(mongo: Mongo): Promise<number> {
  const missing = await mongo.db
    .collection('outbox')
    .aggregate([
      {
        $lookup: { from: 'feed_entries', localField: '_id', foreignField: 'eventId', as: 'entries', pipeline: [{ $project: { _id: 1 } }] },
      },
      { $match: { $expr: { $lt: [{ $size: '$entries' }, { $size: '$feeds' }] } } },
      { $count: 'count' },
    ])
    .toArray();
  return (missing[0]?.['count'] as number | undefined) ?? 0;
}
