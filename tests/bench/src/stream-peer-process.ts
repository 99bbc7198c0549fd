import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { serveRequests } from './ipc.js';
import { eventType, payload, type Meta } from './payloads.js';
import { settledMemory } from './settled-memory.js';

/**
 * The peer of streams: a bare handler of server-sent events, as tutorials have it: a list of answers, and each event written to all of them,
 * made into text once. Nobody is authenticated, nothing is stored, nothing is resumed, nobody is too slow.
 */
const answers = new Set<ServerResponse>();
const server = createServer((_req, res) => {
  res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
  res.write('event: connected\ndata: {}\n\n');
  answers.add(res);
  res.on('close', () => answers.delete(res));
});
let events = 0;

serveRequests({
  listen: () =>
    new Promise<number>((resolve) => {
      server.listen({ port: 0, host: '127.0.0.1', backlog: 4_096 }, () => resolve((server.address() as AddressInfo).port));
    }),
  emit(feed: string): void {
    const seq = ++events;
    const meta: Meta = { id: seq.toString(16).padStart(24, '0'), feed, seq, at: new Date().toISOString() };
    const text = `id: ${seq}\nevent: ${eventType}\ndata: ${JSON.stringify({ ...payload(seq), meta })}\n\n`;
    for (const answer of answers) answer.write(text);
  },
  memory: settledMemory,
});
process.once('SIGTERM', () => process.exit(0));
