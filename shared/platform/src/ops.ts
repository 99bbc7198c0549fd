import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Mongo } from './mongo.js';
import type { Metrics } from './metrics.js';

export interface OpsDeps {
  metrics: readonly Metrics[];
  /** Named checks; `/readyz` is 200 when each resolves. */
  checks: Readonly<Record<string, () => Promise<unknown>>>;
  /** Live client connections, for `/health`. */
  connections?: () => number;
}

/** The routes every service has: `/health`, `/healthz`, `/readyz`, `/metrics`. Says whether it answered. */
export function createOps({ metrics, checks, connections = () => 0 }: OpsDeps): (req: IncomingMessage, res: ServerResponse) => boolean {
  const json = (res: ServerResponse, status: number, body: unknown) => {
    res.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' }).end(JSON.stringify(body));
  };
  const ready = async (res: ServerResponse): Promise<void> => {
    const results = await Promise.all(
      Object.entries(checks).map(
        async ([name, check]) =>
          [
            name,
            await Promise.race([
              check().then(
                () => 'ok',
                () => 'failed',
              ),
              after(2_000, 'timeout'),
            ]),
          ] as const,
      ),
    );
    json(res, results.every(([, state]) => state === 'ok') ? 200 : 503, Object.fromEntries(results));
  };
  const scrape = async (res: ServerResponse): Promise<void> => {
    const texts = await Promise.all(metrics.map(({ registry }) => registry.metrics()));
    res.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }).end(texts.join('\n'));
  };
  const failed = (res: ServerResponse) => () => json(res, 500, { status: 'failed' });

  return (req, res) => {
    if (req.method !== 'GET' && req.method !== 'HEAD') return false;
    switch (req.url?.split('?')[0]) {
      case '/health':
        json(res, 200, {
          status: 'ok',
          timestamp: new Date().toISOString(),
          uptime: process.uptime(),
          memory: process.memoryUsage(),
          connections: connections(),
        });
        return true;
      case '/healthz':
        json(res, 200, { status: 'ok' });
        return true;
      case '/readyz':
        ready(res).catch(failed(res));
        return true;
      case '/metrics':
        scrape(res).catch(failed(res));
        return true;
      default:
        return false;
    }
  };
}

/** The readiness check that every service has. */
export function mongoCheck(mongo: Mongo): () => Promise<unknown> {
  return () => mongo.db.command({ ping: 1 });
}

/**
 * Connections that wait to be accepted; the kernel may allow fewer. Node's own 511 are soon full when the clients of a gateway that died come
 * to this one, and whoever finds it full tries again only after a second, then three, then seven.
 */
const backlog = 4_096;

/** @throws Error with a message for the operator, when the port is taken */
export function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(
        error.code === 'EADDRINUSE' ? new Error(`Port ${port} is in use. Stop what listens there, or set PORT to another one.`) : error,
      );
    });
    server.listen({ port, host, backlog }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : port);
    });
  });
}

/** Longer than a request takes whose transaction meets others up to its deadline, and within the 15 s that a service has to end. */
const requestPatienceMs = 7_000;

/** Answers the requests that are under way; what is not answered by then (a client that sends no more, say) is cut off. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(() => server.closeAllConnections(), requestPatienceMs);
    server.close(() => {
      clearTimeout(late);
      resolve();
    });
    server.closeIdleConnections();
  });
}

const after = <T>(ms: number, value: T): Promise<T> => new Promise((resolve) => setTimeout(resolve, ms, value).unref());
