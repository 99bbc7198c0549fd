import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createShardedAdapter } from '@socket.io/redis-adapter';
import { Redis } from 'ioredis';
import { Server } from 'socket.io';
import { serveRequests } from './ipc.js';
import { pace } from './pace.js';
import { eventType, payload, type Meta } from './payloads.js';
import { settledMemory } from './settled-memory.js';

/**
 * The peer: raw Socket.IO with the sharded Redis adapter, as documented for performance: websocket only, compression off, rooms in dynamic
 * mode, the handshake's request given up. One such process holds the clients and another one emits, because the stock emitter
 * package does not reach sharded adapters. Nothing is stored and nobody is authenticated.
 */
const url = process.env['REDIS_URL']!;
const httpServer = createServer();
const io = new Server(httpServer, {
  transports: ['websocket'],
  perMessageDeflate: false,
  httpCompression: false,
  serveClient: false,
  adapter: createShardedAdapter(new Redis(url), new Redis(url), { subscriptionMode: 'dynamic' }),
});
io.engine.on('connection', (raw: { request: unknown }) => {
  raw.request = null;
});
io.on('connection', (socket) => {
  void socket.join((socket.handshake.auth as { rooms: string[] }).rooms);
});

const numbers = new Map<string, number>();
let events = 0;

function emit(room: string): void {
  const seq = (numbers.get(room) ?? 0) + 1;
  numbers.set(room, seq);
  const meta: Meta = { id: (++events).toString(16).padStart(24, '0'), feed: room, seq, at: new Date().toISOString() };
  io.to(room).emit(eventType, { ...payload(events), meta });
}

serveRequests({
  listen: () =>
    new Promise<number>((resolve) => {
      // As many as a gateway lets wait: what the kernel does with the others is not what is compared.
      httpServer.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => resolve((httpServer.address() as AddressInfo).port));
    }),
  emit,
  spread: ({ rooms, perSecond, seconds }: { rooms: string[]; perSecond: number; seconds: number }) =>
    pace({
      perSecond,
      seconds,
      emit: (from, to) => {
        for (let index = from; index < to; index++) emit(rooms[index % rooms.length]!);
      },
    }),
  memory: settledMemory,
});
process.once('SIGTERM', () => process.exit(0));
