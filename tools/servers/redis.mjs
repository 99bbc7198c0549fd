import { mkdirSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { redisBinary } from './binaries.mjs';
import { onFreePort, startProcess } from './process.mjs';

/**
 * A Redis of ours on 127.0.0.1. What it holds can be rebuilt from MongoDB, so it is not written to disk unless `persist` says so:
 * a restart comes back empty, as the product must survive.
 * @param {{ dataDir: string, port?: number | undefined, persist?: boolean, log?: import('./binaries.mjs').Log }} options
 * @returns {Promise<import('./process.mjs').ServerProcess & { url: string }>}
 */
export async function startRedis({ dataDir, port, persist = false, log }) {
  const binary = await redisBinary(log ? { log } : {});
  mkdirSync(dataDir, { recursive: true });
  const logFile = join(dataDir, 'redis.log');
  const server = await onFreePort(port, (chosen) =>
    startProcess({
      name: 'Redis',
      binary,
      // BullMQ loses jobs under any other policy than noeviction.
      args: [
        '--port',
        String(chosen),
        '--bind',
        '127.0.0.1',
        '--dir',
        dataDir,
        '--logfile',
        logFile,
        '--daemonize',
        'no',
        '--save',
        '',
        '--appendonly',
        persist ? 'yes' : 'no',
        '--maxmemory-policy',
        'noeviction',
      ],
      port: chosen,
      logFile,
      ready: () => answersPing(chosen),
    }),
  );
  return Object.assign(server, { url: `redis://127.0.0.1:${server.port}` });
}

/** Whether a Redis that has loaded its data answers there. @param {number} port @returns {Promise<boolean>} */
function answersPing(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    /** @param {boolean} answer */
    const finish = (answer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1_000, () => finish(false));
    socket.on('error', () => finish(false));
    socket.on('data', (data) => finish(data.toString().startsWith('+PONG')));
  });
}
