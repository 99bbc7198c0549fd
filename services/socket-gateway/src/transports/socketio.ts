import { Problem } from '@tidings/contracts';
import { newId, type Logger } from '@tidings/platform';
import type { Server, Socket } from 'socket.io';
import type { Authenticator, Handshake } from '../authenticate.js';
import type { Client, Commands } from '../commands.js';
import { Connection, type ConnectionDeps } from '../connection.js';
import type { Entry } from '../entry.js';
import { greeting } from '../greeting.js';
import type { Live } from '../live.js';
import type { GatewayMetrics } from '../metrics.js';
import { originFor } from '../origin.js';
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
  clients: Set<Live>;
}

const arrivals = new WeakMap<Socket, Handshake>();

/** Binds connections, commands and delivery to Socket.IO. */
export function attachSocketIo(options: SocketIoOptions): void {
  const { io, authenticator, registry, logger } = options;
  const admit = async (socket: Socket): Promise<void> => {
    const handshake = await authenticator.handshake(socket.handshake.auth);
    registry.assertRoom(handshake.principal.userId);
    arrivals.set(socket, handshake);
  };
  const introduce = async (socket: Socket, next: (error?: Error) => void): Promise<void> => {
    try {
      await admit(socket);
      next();
    } catch (error) {
      // A stock client takes a refusal for final. When it is the database that does not answer, the transport ends instead, and the client
      // tries again by itself, with growing pauses.
      if (!(error instanceof Problem)) socket.conn.close();
      next(connectError(error, logger));
    }
  };
  io.use((socket, next) => void introduce(socket, next));
  io.on('connection', (socket) => welcome(socket, options));
}

function welcome(socket: Socket, options: SocketIoOptions): void {
  const handshake = arrivals.get(socket);
  if (!handshake) {
    socket.disconnect(true);
    return;
  }
  arrivals.delete(socket);
  const { address: remote, headers } = socket.handshake;
  const address = options.clientAddress(remote, headers['x-forwarded-for']);
  const port = new SocketPort(socket, handshake, options, originFor(handshake.principal, address, headers['user-agent']));
  const { connection } = port;
  const client: Client = {
    connection,
    token: handshake.token,
    expiresAt: handshake.expiresAt,
    renews: true,
    address,
  };
  forgetRequest(socket);
  options.clients.add(client);
  listen(socket, port, client, options);

  const started = begin(connection, handshake, options.registry).catch((error: unknown) => {
    if (connection.closed) return;
    options.logger.warn({ err: error, userId: handshake.principal.userId }, 'A connection could not be started');
    port.end('failed', { again: true });
  });
  client.ready = started.then(() => {
    client.ready = undefined;
  });
}

/** Apart from `welcome`, so that what lives as long as the connection does not keep its handshake. */
function listen(socket: Socket, port: SocketPort, client: Client, { registry, commands, metrics, clients }: SocketIoOptions): void {
  socket.on('disconnect', (reason) => {
    client.connection.close();
    commands.left(client);
    registry.remove(client.connection);
    clients.delete(client);
    metrics.disconnects.inc({ reason: port.ended ?? reason.replaceAll(' ', '-') });
  });
  socket.onAny((event: string, ...args: unknown[]) => commands.handle(client, event, args));
}

/** A connection's way to its Socket.IO client. */
class SocketPort implements Port {
  readonly connection: Connection;
  ended: EndReason | undefined;
  readonly #wire: Wire;

  constructor(
    private readonly socket: Socket,
    { principal }: Handshake,
    { maxBufferedBytes, connection }: SocketIoOptions,
    from: Connection['from'],
  ) {
    this.#wire = new Wire(socket, maxBufferedBytes, this);
    this.connection = new Connection(this, principal, connection, from);
  }

  get id(): string {
    return this.socket.id;
  }

  get transport(): string {
    return this.socket.conn.transport.name;
  }

  send(entry: Entry): void {
    this.#wire.send(entry);
  }

  emit(event: string, payload: unknown): void {
    this.socket.emit(event, payload);
  }

  drained(): Promise<void> {
    return this.#wire.drained();
  }

  enter(feed: string): void {
    void this.socket.join(feed);
  }

  exit(feed: string): void {
    void this.socket.leave(feed);
  }

  overflowed(): void {
    this.end('slow-client', { again: true });
  }

  end(reason: EndReason, { again }: { again: boolean }): void {
    if (this.ended) return;
    this.ended = reason;
    this.connection.close();
    if (again) this.#wire.close(reason === 'slow-client');
    else {
      this.#wire.flush();
      this.socket.disconnect(true);
    }
  }
}

/** Resolves when `connected` has been sent; replaying goes on behind it. */
async function begin(connection: Connection, { principal, cursors, epoch }: Handshake, registry: Registry): Promise<void> {
  // The watch comes first, and the rights are read again after it: a session that ends in between is seen by one or the other.
  await registry.add(connection);
  const { replayed } = await connection.begin({ cursors, epoch, hello: greeting(principal) });
  replayed.catch(() => connection.port.end('failed', { again: true }));
}

/** Socket.IO keeps the request of the handshake for as long as the connection lives: some KiB, and the token. Polling needs the request. */
function forgetRequest(socket: Socket): void {
  (socket as { handshake: unknown }).handshake = forgotten;
  if (socket.conn.transport.name === 'websocket') (socket.conn as { request: unknown }).request = null;
}

const forgotten = Object.freeze({ headers: {}, auth: {}, query: {} });

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
