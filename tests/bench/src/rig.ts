import { collections, ensureFeedIndexes, type OutboxEvent } from '@tidings/feed';
import { connectMongo, createTokens, newId, type Mongo } from '@tidings/platform';
import { databaseUrl, waitFor } from '@tidings/testing';
import { freePort } from '../../../tools/servers/index.mjs';
import { pace } from './pace.js';
import { eventType, payload } from './payloads.js';
import { startChild, type Child } from './processes.js';

export type ServiceName = 'api' | 'event-relay' | 'socket-gateway' | 'notification-worker';

export interface Service extends Child {
  readonly url: string;
  readonly port: number;
}

export interface Person {
  id: string;
  token: string;
}

/** The product's own processes, as compiled, on a database and a Redis prefix that nobody else uses. */
export interface Rig {
  readonly mongo: Mongo;
  readonly stripeSecret: string;
  readonly admin: { email: string; password: string };
  start(
    name: ServiceName,
    options?: { preload?: string; flags?: readonly string[]; env?: Readonly<Record<string, string>>; readyMs?: number },
  ): Promise<Service>;
  /** People with a session and a token, written straight to the database: registering thousands would take minutes of password hashing. */
  people(count: number): Promise<Person[]>;
  /** Commits an event of this audience to the outbox. */
  commit(feedsOfEvents: readonly (readonly string[])[], options?: { notifies?: boolean }): Promise<void>;
  /** Commits events at a rate, the nth for the nth feed, in turns. */
  spread(options: { feeds: readonly string[]; perSecond: number; seconds: number }): Promise<number>;
  stop(): Promise<void>;
}

const secret = 'a secret for benchmarks only';
let rigs = 0;

/** @param servers whose they are; those that the environment names, unless given */
export async function createRig(servers = { mongodbUrl: process.env['MONGODB_URL']!, redisUrl: process.env['REDIS_URL']! }): Promise<Rig> {
  const database = `bench_${process.pid}_${++rigs}`;
  const { redisUrl } = servers;
  const mongodbUrl = databaseUrl(servers.mongodbUrl, database);
  const mongo = await connectMongo(mongodbUrl);
  await ensureFeedIndexes(mongo);
  const tokens = createTokens([{ kid: 'default', secret }], 86_400);
  const outbox = mongo.db.collection<OutboxEvent>(collections.outbox);
  const services: Service[] = [];
  const stripeSecret = 'whsec_for_benchmarks_only';
  const admin = { email: 'admin@example.com', password: 'correct horse battery' };
  const apiPort = await freePort();
  let events = 0;

  const rig: Rig = {
    mongo,
    stripeSecret,
    admin,

    async start(name, { preload, flags = [], env = {}, readyMs } = {}) {
      const port = name === 'api' ? apiPort : await freePort();
      const url = `http://127.0.0.1:${port}`;
      const child = startChild({
        name: `${name}-${services.length + 1}`,
        file: `../../../services/${name}/dist/main.js`,
        ...(preload ? { preload } : {}),
        flags,
        env: {
          LOG_LEVEL: 'silent',
          MONGODB_URL: mongodbUrl,
          REDIS_URL: redisUrl,
          REDIS_PREFIX: database,
          JWT_SECRET: secret,
          ADMIN_EMAIL: admin.email,
          ADMIN_PASSWORD: admin.password,
          STRIPE_WEBHOOK_SECRET: stripeSecret,
          SANDBOX_PAYMENTS: 'true',
          HTTP_REQUESTS_PER_MINUTE: '10000000',
          SOCKET_EVENTS_PER_MINUTE: '10000000',
          LOGIN_ATTEMPTS_PER_MINUTE: '10000000',
          API_URL: `http://127.0.0.1:${apiPort}`,
          PUBLIC_URL: `http://127.0.0.1:${apiPort}`,
          HOST: '127.0.0.1',
          PORT: String(port),
          ...env,
        },
      });
      const service = Object.assign(child, { url, port });
      await ready(service, readyMs);
      services.push(service);
      return service;
    },

    async people(count) {
      const now = new Date();
      const people = Array.from({ length: count }, () => ({ id: newId(), sessionId: newId() }));
      await mongo.db.collection<{ _id: string }>('users').insertMany(
        people.map(({ id }) => {
          const document = {
            _id: id,
            name: 'Bench Customer',
            email: `${id}@example.com`,
            passwordHash: 'nobody logs in',
            roles: ['customer'],
            status: 'active',
            memberships: [],
            version: 1,
            createdAt: now,
          };
          return document;
        }),
      );
      await mongo.db.collection<{ _id: string }>('sessions').insertMany(
        people.map(({ id, sessionId }) => {
          const document = {
            _id: sessionId,
            userId: id,
            deviceId: null,
            userAgent: null,
            ip: null,
            refreshHash: sessionId,
            createdAt: now,
            lastUsedAt: now,
            expiresAt: new Date(now.getTime() + 86_400_000),
            revokedAt: null,
            revokedReason: null,
          };
          return document;
        }),
      );
      return people.map(({ id, sessionId }) => ({ id, token: tokens.sign({ sub: id, sid: sessionId, roles: ['customer'] }) }));
    },

    async commit(feedsOfEvents, { notifies = false } = {}) {
      await outbox.insertMany(
        feedsOfEvents.map((feeds): OutboxEvent => ({
          _id: newId(),
          type: eventType,
          data: payload(++events),
          to: {},
          feeds: [...feeds],
          actor: null,
          at: new Date(),
          ...(notifies ? { pending: true as const } : {}),
        })),
      );
    },

    async spread({ feeds, perSecond, seconds }) {
      const commits: Promise<void>[] = [];
      const total = await pace({
        perSecond,
        seconds,
        emit: (from, to) => {
          commits.push(rig.commit(Array.from({ length: to - from }, (_, index) => [feeds[(from + index) % feeds.length]!])));
        },
      });
      await Promise.all(commits);
      return total;
    },

    async stop() {
      await Promise.all(services.map((service) => service.stop()));
      await mongo.db.dropDatabase();
      await mongo.close();
    },
  };
  return rig;
}

/** It answers, and has what it needs. */
export async function ready({ name, url }: Pick<Service, 'name' | 'url'>, timeoutMs?: number): Promise<void> {
  const asked = (): Promise<boolean> =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    );
  await waitFor(`${name} to be ready`, asked, timeoutMs);
}

/** A metric without labels of a service. */
export async function metric({ url }: Service, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(new RegExp(`^tidings_${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
}

/** Every event that was committed is numbered, and every notification written. */
export async function settled({ mongo }: Rig): Promise<void> {
  const outbox = mongo.db.collection('outbox');
  await waitFor('the event path to settle', async () => {
    const [newest] = await outbox
      .find({}, { projection: { _id: 1 } })
      .sort({ _id: -1 })
      .limit(1)
      .toArray();
    const pending = await outbox.countDocuments({ pending: true });
    return (
      pending === 0 &&
      (!newest || (await mongo.db.collection('feed_entries').countDocuments({ eventId: newest._id as unknown as string })) > 0)
    );
  });
}
