import {
  closeServer,
  connectMongo,
  createLogger,
  createMetrics,
  createOps,
  createOpsServer,
  createRedis,
  listen,
  loadConfig,
  mongoCheck,
  onShutdown,
  requireRedis,
  runMain,
} from '@tidings/platform';
import { createGateway } from './server.js';

runMain(async () => {
  const config = loadConfig();
  const logger = createLogger({ name: 'socket-gateway', level: config.LOG_LEVEL });
  const mongo = await connectMongo(config.MONGODB_URL, { logger });
  await requireRedis(config.REDIS_URL);
  const redis = createRedis(config.REDIS_URL, { name: 'gateway', logger });
  const metrics = createMetrics({ processMetrics: true });

  const httpServer = createOpsServer((req, res) => ops(req, res));
  const gateway = createGateway({ config, mongo, redis, logger, httpServer, metrics });
  const ops = createOps({
    metrics: [metrics],
    checks: { mongodb: mongoCheck(mongo), gateway: () => gateway.check() },
    connections: gateway.connections,
  });
  await gateway.start();
  const port = await listen(httpServer, config.PORT, config.HOST);
  logger.info({ port }, 'listening to port %d', port);

  onShutdown(logger, async () => {
    await gateway.stop();
    await closeServer(httpServer);
    redis.disconnect();
    await mongo.close();
  });
});
