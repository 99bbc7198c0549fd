import {
  closeServer,
  connectMongo,
  createLogger,
  createMetrics,
  createOps,
  createOpsServer,
  listen,
  loadConfig,
  mongoCheck,
  onShutdown,
  requireRedis,
  runMain,
} from '@tidings/platform';
import { createWorker } from './worker.js';

runMain(async () => {
  const config = loadConfig();
  const logger = createLogger({ name: 'notification-worker', level: config.LOG_LEVEL });
  await requireRedis(config.REDIS_URL);
  const mongo = await connectMongo(config.MONGODB_URL, { logger });
  const metrics = createMetrics({ processMetrics: true });
  const worker = createWorker({ config, mongo, logger, metrics });
  const server = createOpsServer(createOps({ metrics: [metrics], checks: { mongodb: mongoCheck(mongo) } }));
  await worker.start();
  await listen(server, config.PORT, config.HOST);
  onShutdown(logger, async () => {
    await worker.stop();
    await closeServer(server);
    await mongo.close();
  });
});
