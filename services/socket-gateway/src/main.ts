import { runService } from '@tidings/platform';
import { createGateway } from './server.js';

runService('socket-gateway', ({ server, ...parts }) => {
  const gateway = createGateway({ ...parts, httpServer: server });
  return {
    start: () => gateway.start(),
    // Its clients' connections are the server's: they leave first.
    drain: () => gateway.stop(),
    checks: { gateway: () => gateway.check() },
    connections: () => gateway.connections(),
  };
});
