// The services in a process of its own, which ends by itself once they have stopped: nothing here ends it. See stopping.test.ts.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createApi } from '@tidings/api';
import { createRelay } from '@tidings/event-relay';
import { createWorker } from '@tidings/notification-worker';
import { connectMongo, createLogger, loadConfig } from '@tidings/platform';
import { createGateway } from '@tidings/socket-gateway';

const config = loadConfig();
const logger = createLogger({ name: 'child', level: 'warn' });
const mongo = await connectMongo(config.MONGODB_URL, { logger });
const deps = { config, mongo, logger };
const services = {
  api: createApi(deps),
  relay: createRelay(deps),
  worker: createWorker(deps),
  gateway: createGateway({ ...deps, httpServer: createServer() }),
};
await Promise.all(Object.values(services).map((service) => service.start()));
process.stdout.write('started\n');
// Whoever starts it closes its input to have it stopped.
await once(process.stdin.resume(), 'end');
await Promise.all(
  Object.entries(services).map(async ([name, service]) => {
    await service.stop();
    process.stdout.write(`stopped ${name}\n`);
  }),
);
await mongo.close();
