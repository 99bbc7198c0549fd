import {
  connectMongo,
  createLogger,
  createMetrics,
  createOps,
  createOpsServer,
  closeServer,
  listen,
  loadConfig,
  mongoCheck,
  onShutdown,
  requireRedis,
  runMain,
} from '@tidings/platform';
import { createRelay } from './relay.js';

runMain(async () => {
  const config = loadConfig();
  const logger = createLogger({ name: 'event-relay', level: config.LOG_LEVEL });
  await requireRedis(config.REDIS_URL);
  const mongo = await connectMongo(config.MONGODB_URL, { logger });
  const metrics = createMetrics({ processMetrics: true });
  const relay = createRelay({ config, mongo, logger, metrics });
  const server = createOpsServer(createOps({ metrics: [metrics], checks: { mongodb: mongoCheck(mongo) } }));
  await relay.start();
  await listen(server, config.PORT, config.HOST);
  onShutdown(logger, async () => {
    await relay.stop();
    await closeServer(server);
    await mongo.close();
  });
});
