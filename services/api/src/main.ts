import {
  closeServer,
  connectMongo,
  createLogger,
  createMetrics,
  createOps,
  createOpsServer,
  listen,
  loadConfig,
  onShutdown,
  requireRedis,
  runMain,
} from '@tidings/platform';
import { createApi } from './server.js';

runMain(async () => {
  const config = loadConfig();
  const logger = createLogger({ name: 'api', level: config.LOG_LEVEL });
  const mongo = await connectMongo(config.MONGODB_URL, { logger });
  await requireRedis(config.REDIS_URL);
  const metrics = createMetrics({ processMetrics: true });
  const api = createApi({ config, mongo, logger, metrics });
  const server = createOpsServer(createOps({ metrics: [metrics], checks: api.checks }), api.app);
  await api.start();
  const port = await listen(server, config.PORT, config.HOST);
  logger.info({ port }, `Listening to port ${port}`);
  onShutdown(logger, async () => {
    api.drain();
    await closeServer(server);
    await api.stop();
    await mongo.close();
  });
});
