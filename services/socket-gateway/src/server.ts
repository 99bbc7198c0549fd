import { randomBytes } from 'node:crypto';
import { ServerResponse, type IncomingMessage, type Server as HttpServer } from 'node:http';
import { createAccess, createFeedLog, createPresence, createTickets, ensureFeedIndexes, ensureTicketIndexes } from '@tidings/feed';
import {
  createMetrics,
  createRedis,
  createTokens,
  type Config,
  type Logger,
  type Metrics,
  type Mongo,
  type Redis,
} from '@tidings/platform';
import { Server } from 'socket.io';
import { createFeedAdapter, type FeedAdapter } from './adapter.js';
import { createClientAddress } from './addresses.js';
import { createAuthenticator } from './authenticate.js';
import { createCallers } from './callers.js';
import { createCommands } from './commands.js';
import type { ConnectionDeps } from './connection.js';
import { createDeliveryNotes, type DeliveryNotes } from './delivery-notes.js';
import { createCounts } from './counts.js';
import { createEditing } from './editing.js';
import { createForward } from './forward.js';
import { createHeldTickets } from './held-tickets.js';
import { createLimits } from './limits.js';
import type { Live } from './live.js';
import { createGatewayMetrics } from './metrics.js';
import { createPolls } from './polls.js';
import { createRegistry } from './registry.js';
import { createStreams, type Streams } from './streams.js';
import { allowedOrigins, createHttp, serveOn } from './transports/http.js';
import { attachSocketIo } from './transports/socketio.js';
import { defaultTuning, type GatewayTuning } from './tuning.js';
import { createTyping, type ToRooms } from './typing.js';

export interface GatewayDeps {
  config: Config;
  mongo: Mongo;
  logger: Logger;
  /**
   * Socket.IO serves `/socket.io` on it, and the streams their paths; what is neither goes to whoever listened before `start`. It stays the
   * caller's: `stop` does not close it.
   */
  httpServer: HttpServer;
  /** For commands such as the rate limit's; one is made when it is absent. */
  redis?: Redis;
  metrics?: Metrics;
  tuning?: Partial<GatewayTuning>;
}

export interface Gateway {
  readonly io: Server;
  readonly adapter: FeedAdapter;
  readonly metrics: Metrics;
  connections(): number;
  /** Rejects while the gateway starts or drains: for `/readyz`. */
  check(): Promise<void>;
  start(): Promise<void>;
  /** Refuses new clients, sends the present ones away over `drainMs`, and closes. */
  stop(): Promise<void>;
}

const maxPayloadBytes = 64 * 1024;
const expiryCheckMs = 1_000;

/** Creates the gateway; nothing is served before `start`. */
export function createGateway({
  config,
  mongo,
  logger,
  httpServer,
  redis: given,
  metrics = createMetrics(),
  tuning: overrides = {},
}: GatewayDeps): Gateway {
  const tuning = { ...defaultTuning, ...overrides };
  const clients = new Set<Live>();
  const polls = new Set<Live>();
  const connections = () => Array.from([...clients, ...polls], ({ connection }) => connection);
  const gatewayMetrics = createGatewayMetrics(metrics, connections);
  const redis = given ?? createRedis(config.REDIS_URL, { name: 'gateway', logger });
  const access = createAccess(mongo);
  const adapter = createFeedAdapter({
    log: createFeedLog(mongo),
    redisUrl: config.REDIS_URL,
    prefix: config.REDIS_PREFIX,
    logger,
    metrics: gatewayMetrics,
    sweepMs: tuning.sweepMs,
    lingerMs: tuning.lingerMs,
    gapMs: tuning.gapMs,
  });
  const { hubs } = adapter;
  const registry = createRegistry({ hubs, logger });
  const authenticator = createAuthenticator({ tokens: createTokens(config.jwtKeys, config.ACCESS_TOKEN_SECONDS), access });
  let state: 'new' | 'serving' | 'draining' = 'new';
  // nginx sends the requests of a polling session to the gateway that its sid names.
  const gatewayId = config.GATEWAY_ID ?? randomBytes(4).toString('hex');
  const presence = createPresence(redis, config.REDIS_PREFIX);
  const limits = createLimits({ redis, prefix: config.REDIS_PREFIX, perMinute: config.SOCKET_EVENTS_PER_MINUTE });
  const tickets = createTickets(mongo);
  const held = createHeldTickets(tickets, logger);
  const callers = createCallers({ authenticator, tickets, access });
  const clientAddress = createClientAddress(config.TRUST_PROXY);
  const counts = createCounts({
    presence,
    gatewayId,
    connections,
    logger,
    intervalMs: tuning.countsMs,
  });
  let expiryTimer: NodeJS.Timeout | undefined;
  let notes: DeliveryNotes | undefined;
  let streams: Streams | undefined;

  const io = new Server({
    path: '/socket.io',
    serveClient: false,
    maxHttpBufferSize: maxPayloadBytes,
    perMessageDeflate: false,
    httpCompression: false,
    cors: { origin: config.CORS_ORIGINS.includes('*') ? true : config.CORS_ORIGINS, credentials: true },
    adapter,
  });

  const toRooms: ToRooms = (rooms, event, payload) => io.to([...rooms]).emit(event, payload);
  const users = mongo.db.collection<{ _id: string; email: string }>('users');
  const commands = createCommands({
    authenticator,
    forward: createForward(() => config.API_URL ?? ownUrl(httpServer)),
    limits,
    typing: createTyping({ access, toRooms }),
    editing: createEditing({
      redis,
      prefix: config.REDIS_PREFIX,
      logger,
      holdMs: tuning.editingMs,
      toRooms,
      emailOf: async (userId) => (await users.findOne({ _id: userId }, { projection: { email: 1 } }))?.email ?? '',
    }),
    logger,
    metrics: gatewayMetrics,
  });

  const checkExpiry = (): void => {
    const now = Date.now();
    void held.check();
    for (const client of [...clients, ...polls]) {
      if (now < client.expiresAt) continue;
      if (!client.renews || now >= client.expiresAt + tuning.tokenGraceMs) client.connection.port.end('token-expired', { again: true });
      else if (!client.warned) {
        client.warned = true;
        client.connection.port.emit('error', { code: 'token-expired', message: 'The access token has expired; renew it by authenticate' });
      }
    }
  };

  const drain = async (): Promise<void> => {
    // They come back at once anyway, to another gateway.
    for (const { connection } of polls) connection.port.end('draining', { again: true });
    const leaving = [...clients];
    // Spread out, so that the other gateways do not get everybody at once; a few leave at once.
    const overMs = Math.min(tuning.drainMs, leaving.length * 2);
    await Promise.all(
      leaving.map(async (client) => {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * overMs));
        client.connection.port.end('draining', { again: true });
      }),
    );
  };

  return {
    io,
    adapter,
    metrics,
    connections: () => clients.size + polls.size,
    async check() {
      if (state !== 'serving') throw new Error(state === 'new' ? 'not started' : 'draining');
    },
    async start() {
      await ensureFeedIndexes(mongo);
      await ensureTicketIndexes(mongo);
      await adapter.start();
      notes = createDeliveryNotes({
        mongo,
        logger,
        gateway: gatewayId,
        keptDays: config.DELIVERY_NOTES_DAYS,
        clients,
        everyMs: tuning.notesMs,
      });
      await notes.start();
      const { ended } = notes;
      const connection: ConnectionDeps = {
        hubs,
        access,
        logger,
        metrics: gatewayMetrics,
        maxReplay: tuning.maxReplay,
        onReplay: (of, entry) => registry.enforce(entry, [of]),
        onClose: ended,
      };
      const shared = { registry, limits, callers, logger, metrics: gatewayMetrics, clients, maxBufferedBytes: tuning.maxBufferedBytes };
      streams = createStreams({
        ...shared,
        tickets: held,
        presence,
        connection,
        beatMs: tuning.beatMs,
        maxAnonymous: config.ANONYMOUS_STREAMS_PER_ADDRESS,
        gatewayId,
      });
      // Notes are of connections; a poll has ended before there is anything to note.
      const { onClose: _, ...ofPolls } = connection;
      serveOn(
        httpServer,
        createHttp({
          serve: { ...streams.serve, ...createPolls({ ...shared, connection: ofPolls, waiting: polls, gatewayId }) },
          origins: allowedOrigins(config),
          clientAddress,
          isServing: () => state === 'serving',
          logger,
          metrics: gatewayMetrics,
        }),
      );
      streams.start();
      attachSocketIo({ ...shared, io, authenticator, commands, connection, clientAddress });
      io.attach(httpServer);
      io.engine.generateId = () => `${gatewayId}_${randomBytes(15).toString('base64url')}`;
      io.engine.use((request: IncomingMessage, response: unknown, next: () => void) => {
        // While draining, a client that comes back must get to another gateway: a proxy that sees 503 tries the next one.
        if (state !== 'draining' || request.url?.includes('sid=')) return next();
        if (response instanceof ServerResponse) response.writeHead(503, { 'retry-after': '1' }).end();
        else request.socket.end('HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nConnection: close\r\n\r\n');
      });
      expiryTimer = setInterval(checkExpiry, expiryCheckMs);
      counts.start();
      state = 'serving';
      logger.info({ gatewayId }, 'Socket.IO initialized successfully');
      logger.info('WebSocket server ready for connections');
    },
    async stop() {
      if (state === 'draining') return;
      const wasServing = state === 'serving';
      state = 'draining';
      clearInterval(expiryTimer);
      await drain();
      if (wasServing) {
        for (const namespace of io._nsps.values()) await namespace.adapter.close();
        io.engine.close();
      }
      streams?.stop();
      await counts.stop();
      await held.stop();
      await adapter.stop();
      await notes?.stop();
      if (!given) redis.disconnect();
    },
  };
}

/** Composed with the API on one port, the gateway calls it there. */
function ownUrl(server: HttpServer): string {
  const address = server.address();
  if (typeof address !== 'object' || !address) throw new Error('API_URL is not set');
  return `http://127.0.0.1:${address.port}`;
}
