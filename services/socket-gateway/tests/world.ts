import { createServer, type Server } from 'node:http';
import { collections, encodeBusMessage, feedChannel } from '@tidings/feed';
import type { Role } from '@tidings/contracts';
import {
  connectMongo,
  createLogger,
  createRedis,
  createTokens,
  listen,
  loadConfig,
  newId,
  type Mongo,
  type Redis,
} from '@tidings/platform';
import { io as connect, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import { createGateway, type Gateway, type GatewayTuning } from '@tidings/socket-gateway';
import { createLooks } from './looks.js';

export interface Received {
  type: string;
  [field: string]: unknown;
  meta: { id: string; feed: string; seq: number; at: string };
}

export interface Person {
  userId: string;
  sessionId: string;
  token: string;
}

export interface TestClient {
  socket: Socket;
  /** Feed events, in the order of arrival. */
  received: Received[];
  messages: { type: string; payload: Record<string, unknown> }[];
  /** Resolves with the first message (past or to come) of that type that fits. */
  message(type: string, fits?: (payload: Record<string, unknown>) => boolean): Promise<Record<string, unknown>>;
  /** Resolves once that feed has brought `seq`. */
  until(feed: string, seq: number): Promise<void>;
  seqs(feed: string): number[];
  ask(event: string, ...args: unknown[]): Promise<Record<string, unknown>>;
}

export interface PublishOptions {
  /** Written to the log but not published: what a lost message of the bus looks like. */
  lost?: boolean;
  id?: string;
}

/** One gateway process' worth, with the relay's work done by hand. */
export class World {
  readonly #closers: (() => Promise<void> | void)[] = [];
  readonly tokens;
  readonly #ownsDatabase: boolean;
  private constructor(
    readonly mongo: Mongo,
    readonly redis: Redis,
    readonly config: ReturnType<typeof loadConfig>,
    readonly gateway: Gateway,
    readonly server: Server,
    readonly url: string,
    ownsDatabase: boolean,
  ) {
    this.#ownsDatabase = ownsDatabase;
    this.tokens = createTokens(config.jwtKeys, config.ACCESS_TOKEN_SECONDS);
  }

  static async start(options: { tuning?: Partial<GatewayTuning>; env?: Record<string, string> } = {}): Promise<World> {
    const config = loadConfig({
      ...process.env,
      JWT_SECRET: 'a secret for tests only',
      LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'silent',
      // Worlds of one file must not hear each other, unless they want to.
      MONGODB_URL: (process.env['MONGODB_URL'] ?? '').replace(/^([^/]+\/\/[^/?]+)(?:\/[^?]*)?/, `$1/gateway_${newId()}`),
      REDIS_PREFIX: `t${newId()}`,
      ...options.env,
    });
    const mongo = await connectMongo(config.MONGODB_URL);
    const redis = createRedis(config.REDIS_URL, { name: 'test', waiting: true });
    const server = createServer((_req, res) => res.writeHead(404).end());
    const gateway = createGateway({
      config,
      mongo,
      logger: createLogger({ name: 'gateway', level: config.LOG_LEVEL }),
      httpServer: server,
      tuning: { drainMs: 50, ...options.tuning },
    });
    await gateway.start();
    const port = await listen(server, 0, '127.0.0.1');
    return new World(mongo, redis, config, gateway, server, `http://127.0.0.1:${port}`, !options.env?.['MONGODB_URL']);
  }

  onStop(close: () => Promise<void> | void): void {
    this.#closers.push(close);
  }

  async stop(): Promise<void> {
    for (const close of this.#closers.reverse()) await close();
    await this.gateway.stop();
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
    this.redis.disconnect();
    if (this.#ownsDatabase) await this.mongo.db.dropDatabase();
    await this.mongo.close();
  }

  async person(options: { roles?: Role[]; merchants?: string[]; userId?: string } = {}): Promise<Person> {
    const { roles = ['customer'], merchants = [], userId = newId() } = options;
    await this.mongo.db.collection<{ _id: string }>('users').updateOne(
      { _id: userId },
      {
        $set: {
          name: 'Somebody',
          email: `${userId}@example.org`,
          roles,
          status: 'active',
          memberships: merchants.map((merchantId) => ({ merchantId, role: 'staff' })),
          version: 1,
          createdAt: new Date(),
        },
      },
      { upsert: true },
    );
    return this.session(userId, roles);
  }

  async session(userId: string, roles: Role[] = ['customer']): Promise<Person> {
    const sessionId = newId();
    await this.mongo.db
      .collection<{ _id: string }>('sessions')
      .insertOne({ _id: sessionId, userId, expiresAt: new Date(Date.now() + 3_600_000), revokedAt: null } as { _id: string });
    return { userId, sessionId, token: this.tokens.sign({ sub: userId, sid: sessionId, roles }) };
  }

  async grant(feed: string, containers: string[]): Promise<void> {
    await this.mongo.db
      .collection<{ _id: string }>(collections.grants)
      .updateOne({ _id: feed }, { $set: { containers } }, { upsert: true });
  }

  readonly #heads = new Map<string, number>();

  /** Appends to feeds as the relay does: log, heads, bus. One event in all of `feeds`. */
  async publish(
    feeds: string | string[],
    type = 'new-notification',
    data: Record<string, unknown> = {},
    { lost = false, id = newId() }: PublishOptions = {},
  ): Promise<number> {
    let last = 0;
    const at = new Date();
    const placed = [feeds].flat().map((feed) => {
      last = (this.#heads.get(feed) ?? 0) + 1;
      this.#heads.set(feed, last);
      const packet = JSON.stringify([type, { ...data, meta: { id, feed, seq: last, at: at.toISOString() } }]);
      return { feed, seq: last, packet };
    });
    await this.mongo.db.collection(collections.entries).insertMany(
      placed.map(({ feed, seq, packet }) => ({
        _id: { feed, seq } as never,
        eventId: id,
        type,
        packet,
        at,
        expiresAt: new Date(Date.now() + 3_600_000),
      })),
    );
    for (const { feed, seq } of placed) {
      await this.mongo.db
        .collection<{ _id: string }>(collections.heads)
        .updateOne({ _id: feed }, { $max: { head: seq }, $currentDate: { updatedAt: true } }, { upsert: true });
    }
    if (!lost)
      for (const { feed, seq, packet } of placed)
        await this.redis.spublish(feedChannel(this.config.REDIS_PREFIX, feed), encodeBusMessage([{ seq, type, packet }]));
    return last;
  }

  /** The oldest entries expire. */
  async expire(feed: string, upTo: number): Promise<void> {
    await this.mongo.db.collection(collections.entries).deleteMany({ _id: { $gte: { feed, seq: 0 }, $lte: { feed, seq: upTo } } as never });
  }

  client(
    who: Pick<Person, 'token'>,
    options: Omit<Partial<ManagerOptions & SocketOptions>, 'auth'> & {
      cursors?: Record<string, number>;
      epoch?: string;
      auth?: { [field: string]: unknown };
      url?: string;
    } = {},
  ): TestClient {
    const { cursors, epoch, auth, url = this.url, ...rest } = options;
    const socket = connect(url, {
      transports: ['websocket'],
      forceNew: true,
      reconnectionDelay: 20,
      reconnectionDelayMax: 50,
      auth: { token: who.token, ...(cursors ? { cursors } : {}), ...(epoch ? { epoch } : {}), ...auth },
      ...rest,
    });
    const received: Received[] = [];
    const messages: TestClient['messages'] = [];
    const { wait, changed } = createLooks();
    socket.onAny((type: string, payload: Received) => {
      if (payload?.meta) received.push({ ...payload, type });
      else messages.push({ type, payload });
      changed();
    });
    for (const type of ['connect_error', 'disconnect'] as const) {
      socket.on(type as 'disconnect', (reason: unknown) => {
        messages.push({
          type,
          payload: reason instanceof Error ? { message: reason.message, ...(reason as Error & { data?: object }).data } : { reason },
        });
        changed();
      });
    }
    this.onStop(() => void socket.disconnect());
    return {
      socket,
      received,
      messages,
      message: (type, fits = () => true) => wait(() => messages.find((message) => message.type === type && fits(message.payload))?.payload),
      until: (feed, seq) =>
        wait(() => (received.some(({ meta }) => meta.feed === feed && meta.seq >= seq) ? true : undefined)).then(() => undefined),
      seqs: (feed) => received.filter(({ meta }) => meta.feed === feed).map(({ meta }) => meta.seq),
      ask: (event, ...args) => socket.emitWithAck(event, ...args) as Promise<Record<string, unknown>>,
    };
  }

  /** A client that has said hello. */
  async connected(who: Pick<Person, 'token'>, options: Parameters<World['client']>[1] = {}): Promise<TestClient> {
    const client = this.client(who, options);
    await client.message('connected');
    return client;
  }
}

export const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);
