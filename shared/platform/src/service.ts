import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { loadConfig, type Config } from './config.js';
import { createLogger, type Logger } from './logger.js';
import { createMetrics, type Metrics } from './metrics.js';
import { connectMongo, type Mongo } from './mongo.js';
import { closeServer, createOps, listen, mongoCheck } from './ops.js';
import { requireRedis } from './redis.js';
import { onShutdown, runMain } from './shutdown.js';

/** What a service is made of: connected and checked, and ended after it. */
export interface ServiceParts {
  config: Config;
  logger: Logger;
  mongo: Mongo;
  metrics: Metrics;
  /** Listens once the service has started. It answers the ops routes first. */
  server: Server;
}

export interface Service {
  start(): Promise<void>;
  /** Takes nothing new; what is under way is finished before the server closes. */
  drain?(): Promise<void> | void;
  /** After the server has closed. */
  stop?(): Promise<void>;
  /** For `/readyz`, beside MongoDB. */
  checks?: Readonly<Record<string, () => Promise<unknown>>>;
  /** For `/health`. */
  connections?(): number;
  /** Answers what is no ops route; 404 without it. */
  handle?(req: IncomingMessage, res: ServerResponse): void;
}

/** The whole life of a service's process: configuration, connections, start, and an orderly end on SIGINT and SIGTERM. */
export function runService(name: string, create: (parts: ServiceParts) => Service): void {
  runMain(async () => {
    const config = loadConfig();
    const logger = createLogger({ name, level: config.LOG_LEVEL });
    await requireRedis(config.REDIS_URL);
    const mongo = await connectMongo(config.MONGODB_URL, { logger });
    const metrics = createMetrics({ processMetrics: true });
    const server = createServer();
    const service = create({ config, logger, mongo, metrics, server });
    const ops = createOps({
      metrics: [metrics],
      checks: { mongodb: mongoCheck(mongo), ...service.checks },
      connections: () => service.connections?.() ?? 0,
    });
    // Before the start: Socket.IO takes its own path from whoever listens then, and hands on the rest.
    server.on('request', (req, res) => {
      if (ops(req, res)) return;
      if (service.handle) service.handle(req, res);
      else res.writeHead(404, { 'content-type': 'application/json' }).end('{}');
    });
    await service.start();
    const port = await listen(server, config.PORT, config.HOST);
    logger.info({ port }, `Listening to port ${port}`);
    onShutdown(logger, async () => {
      await service.drain?.();
      await closeServer(server);
      await service.stop?.();
      await mongo.close();
    });
  });
}
