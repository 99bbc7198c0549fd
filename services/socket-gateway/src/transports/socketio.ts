import { Problem, userType, type Principal } from '@tidings/contracts';
import { newId, type Logger } from '@tidings/platform';
import type { Server, Socket } from 'socket.io';
import type { Authenticator, Handshake } from '../authenticate.js';
import type { Client, Commands } from '../commands.js';
import { Connection, type ConnectionDeps } from '../connection.js';
import type { GatewayMetrics } from '../metrics.js';
import type { EndReason, Port } from '../port.js';
import type { Registry } from '../registry.js';
import { Wire } from './wire.js';

export interface SocketIoOptions {
  io: Server;
  authenticator: Authenticator;
  registry: Registry;
  commands: Commands;
  connection: ConnectionDeps;
  logger: Logger;
  metrics: GatewayMetrics;
  maxBufferedBytes: number;
  /** The client's own address, behind the proxies that are trusted. */
  clientAddress: (remote: string, forwardedFor: string | string[] | undefined) => string;
  clients: Set<Client>;
}

const arrivals = new WeakMap<Socket, Handshake>();

/** Binds connections, commands and delivery to Socket.IO. */
export function attachSocketIo(options: SocketIoOptions): void {
  const { io, authenticator, logger } = options;
  const admit = async (socket: Socket): Promise<Error | undefined> => {
    try {
      arrivals.set(socket, await authenticator.handshake(socket.handshake.auth));
      return undefined;
    } catch (error) {
      return connectError(error, logger);
    }
  };
  const introduce = async (socket: Socket, next: (error?: Error) => void): Promise<void> => next(await admit(socket));
  io.use((socket, next) => void introduce(socket, next));
  io.on('connection', (socket) => welcome(socket, options));
}

function welcome(socket: Socket, options: SocketIoOptions): void {
  const { registry, commands, logger, metrics, clients } = options;
  const handshake = arrivals.get(socket);
  if (!handshake) {
    socket.disconnect(true);
    return;
  }
  arrivals.delete(socket);
  let ended: EndReason | undefined;

  const wire = new Wire(socket, { maxBufferedBytes: options.maxBufferedBytes, onOverflow: () => port.end('slow-client', { again: true }) });
  const port: Port = {
    id: socket.id,
    send: (entry) => wire.send(entry),
    emit: (event, payload) => void socket.emit(event, payload),
    drained: () => wire.drained(),
    enter: (feed) => void socket.join(feed),
    exit: (feed) => void socket.leave(feed),
    end: (reason, { again }) => {
      if (ended) return;
      ended = reason;
      connection.close();
      if (again) wire.close(reason === 'slow-client');
      else {
        wire.flush();
        socket.disconnect(true);
      }
    },
  };
  const connection = new Connection(port, handshake.principal, options.connection);
  const client: Client = {
    connection,
    token: handshake.token,
    expiresAt: handshake.expiresAt,
    address: options.clientAddress(socket.handshake.address, socket.handshake.headers['x-forwarded-for']),
  };
  forgetRequest(socket);
  clients.add(client);
  metrics.connections.set(clients.size);

  socket.on('disconnect', (reason) => {
    connection.close();
    registry.remove(connection);
    clients.delete(client);
    metrics.connections.set(clients.size);
    metrics.disconnects.inc({ reason: ended ?? reason.replaceAll(' ', '-') });
  });

  const started = begin(connection, handshake, registry);
  started.catch((error: unknown) => {
    if (connection.closed) return;
    logger.warn({ err: error, userId: handshake.principal.userId }, 'A connection could not be started');
    port.end('failed', { again: true });
  });
  const ready = started.then(
    () => undefined,
    () => undefined, // reported above; the connection ends
  );
  socket.onAny((event: string, ...args: unknown[]) => commands.handle(client, event, args, ready));
}

/** Resolves when `connected` has been sent; replaying goes on behind it. */
async function begin(connection: Connection, { principal, cursors, epoch }: Handshake, registry: Registry): Promise<void> {
  // The watch comes first, and the rights are read again after it: a session that ends in between is seen by one or the other.
  await registry.add(connection);
  const { replayed } = await connection.begin({ cursors, epoch, hello: greeting(principal) });
  replayed.catch(() => connection.port.end('failed', { again: true }));
}

function greeting({ userId, roles }: Principal): Record<string, unknown> {
  return { userId, userType: userType(roles), roles, message: 'Connected: your feeds follow' };
}

/** Socket.IO keeps the request of the handshake for as long as the connection lives: about 2 KiB, and the token. Polling needs it. */
function forgetRequest(socket: Socket): void {
  const { handshake } = socket;
  handshake.auth = {};
  handshake.headers = {};
  handshake.query = {};
  if (socket.conn.transport.name === 'websocket') (socket.conn as { request: unknown }).request = null;
}

function connectError(error: unknown, logger: Logger): Error {
  if (error instanceof Problem)
    return Object.assign(new Error(error.message), {
      data: { code: error.code, message: error.message, ...(error.errors ? { errors: error.errors } : {}) },
    });
  const errorId = newId();
  logger.error({ err: error, errorId }, 'A handshake failed');
  return Object.assign(new Error('Busy; try again shortly'), {
    data: { code: 'unavailable', message: 'Busy; try again shortly', errorId },
  });
}
