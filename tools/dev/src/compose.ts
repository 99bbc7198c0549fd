import { createServer, type Server, type ServerResponse } from 'node:http';
import { createApi } from '@tidings/api';
import { Problem } from '@tidings/contracts';
import { createRelay } from '@tidings/event-relay';
import { createWorker } from '@tidings/notification-worker';
import { closeServer, connectMongo, createLogger, createMetrics, createOps, listen, requireRedis, type Config } from '@tidings/platform';
import { createGateway } from '@tidings/socket-gateway';

export interface Product {
  url: string;
  stop(): Promise<void>;
}

/** All four services in this process, on one port: what production runs apart. */
export async function composeProduct(config: Config): Promise<Product> {
  const logger = createLogger({ name: 'tidings', level: config.LOG_LEVEL });
  await requireRedis(config.REDIS_URL);
  const mongo = await connectMongo(config.MONGODB_URL, { logger });
  const server: Server = createServer();
  const port = await listen(server, config.PORT, config.HOST);
  const url = `http://localhost:${port}`;
  const here: Config = { ...config, API_URL: config.API_URL ?? `http://127.0.0.1:${port}`, PUBLIC_URL: config.PUBLIC_URL ?? url };
  const metrics = createMetrics({ processMetrics: true });
  const api = createApi({ config: here, mongo, logger, metrics });
  const relay = createRelay({ config: here, mongo, logger, metrics });
  const worker = createWorker({ config: here, mongo, logger, metrics });
  const gateway = createGateway({ config: here, mongo, logger, httpServer: server, metrics });
  const ops = createOps({
    metrics: [metrics],
    checks: { ...api.checks, gateway: () => gateway.check() },
    connections: () => gateway.connections(),
  });

  // Before anything is awaited: the port is open, and a request that nobody takes would never be answered. Socket.IO takes `/socket.io`
  // from whoever listens when it is attached, and hands on the rest.
  let isStarted = false;
  server.on('request', (req, res) => {
    if (ops(req, res)) return;
    if (isStarted) api.app(req, res);
    else answerStarting(res);
  });
  await api.start();
  await relay.start();
  await worker.start();
  await gateway.start();
  isStarted = true;
  logger.info({ port }, `Listening to port ${port}`);

  return {
    url,
    async stop() {
      api.drain();
      await gateway.stop();
      await closeServer(server);
      await worker.stop();
      await relay.stop();
      await api.stop();
      await mongo.close();
    },
  };
}

function answerStarting(res: ServerResponse): void {
  const problem = new Problem('unavailable', 'Tidings is starting; try again');
  res.writeHead(problem.status, { 'content-type': 'application/problem+json', 'retry-after': '1' }).end(JSON.stringify(problem.toBody()));
}
