import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { listen } from '@tidings/platform';
import { Server, type Socket } from 'socket.io';
import { io as connect, type Socket as ClientSocket } from 'socket.io-client';
import { WebSocket } from 'ws';
import { createEntry, headroom } from '../entry.js';
import { websocketFrame, Wire } from './wire.js';

const entry = (seq: number, text = '') =>
  createEntry('user:1', seq, 'news', JSON.stringify(['news', { text, meta: { id: `e${seq}`, feed: 'user:1', seq } }]));

test('the versions whose insides are used are those that were tried', () => {
  const versionOf = (name: string): string =>
    (JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')) as { version: string }).version;
  expect({ 'engine.io': versionOf('engine.io'), ws: versionOf('ws') }).toEqual({
    'engine.io': expect.stringMatching(/^6\.6\./),
    ws: expect.stringMatching(/^8\.21\./),
  });
});

test.each([0, 20, 200, 70_000])('a frame is what ws itself would send (text of %i)', (length) => {
  const given = entry(1, 'é'.repeat(length));
  const packet = given.bytes.subarray(headroom).toString();
  const { Sender } = WebSocket as unknown as { Sender: { frame(data: Buffer, options: object): Buffer[] } };
  const expected = Buffer.concat(
    Sender.frame(Buffer.from(`42${packet}`), { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: false }),
  );
  expect(websocketFrame(given).equals(expected)).toBe(true);
  expect(websocketFrame(given).equals(expected)).toBe(true);
});

describe('a stock client', () => {
  const httpServer = createServer();
  const io = new Server(httpServer, { perMessageDeflate: false });
  let url = '';
  const clients: ClientSocket[] = [];
  beforeAll(async () => {
    url = `http://127.0.0.1:${await listen(httpServer, 0, '127.0.0.1')}`;
  });
  afterAll(async () => {
    for (const client of clients) client.disconnect();
    await io.close();
  });

  const pair = async (transports: string[]): Promise<{ client: ClientSocket; server: Socket; heard: unknown[] }> => {
    const arriving = once(io, 'connection') as Promise<[Socket]>;
    const client = connect(url, { transports, forceNew: true });
    clients.push(client);
    const heard: unknown[] = [];
    client.onAny((type: string, payload: { text?: string; meta?: { seq: number } }) => heard.push(payload?.meta?.seq ?? type));
    const [server] = await arriving;
    await new Promise<void>((resolve) => (client.connected ? resolve() : client.once('connect', resolve)));
    return { client, server, heard };
  };
  const until = (client: ClientSocket, event: string): Promise<unknown> => new Promise((resolve) => client.once(event, resolve));

  test.each([
    ['websocket', ['websocket']],
    ['polling', ['polling']],
    ['polling that upgrades', ['polling', 'websocket']],
  ])('over %s gets entries and ordinary packets in the order in which they were sent', async (_name, transports) => {
    const { client, server, heard } = await pair(transports);
    const wire = new Wire(server, 1e6, { overflowed: () => undefined });
    const done = until(client, 'done');
    const expected: unknown[] = [];
    for (let round = 0; round < 200; round++) {
      wire.send(entry(round * 3));
      server.emit('ordinary');
      wire.send(entry(round * 3 + 1));
      wire.send(entry(round * 3 + 2));
      expected.push(round * 3, 'ordinary', round * 3 + 1, round * 3 + 2);
      // Rounds fall before, in and after an upgrade.
      if (round % 5 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    server.emit('done');
    await done;
    expect(heard).toEqual([...expected, 'done']);
  });

  test('with a queue that is not empty, entries go behind it', async () => {
    const { client, server, heard } = await pair(['websocket']);
    const wire = new Wire(server, 1e6, { overflowed: () => undefined });
    const done = until(client, 'done');
    // Two packets of one tick: the second waits in Engine.IO's queue for the first.
    server.emit('a', 'x'.repeat(50_000));
    server.emit('b');
    wire.send(entry(1));
    wire.flush();
    server.emit('done');
    await done;
    expect(heard).toEqual(['a', 'b', 1, 'done']);
  });

  test('a client that takes nothing overflows its bound; drained() waits for one that is slow', async () => {
    const { client, server } = await pair(['websocket']);
    const tcp = (client.io.engine as unknown as { transport: { ws: { _socket: { pause(): void; resume(): void } } } }).transport.ws._socket;
    tcp.pause();
    let overflowed = 0;
    const wire = new Wire(server, 100_000, { overflowed: () => void overflowed++ });
    for (let seq = 1; overflowed === 0; seq++) {
      wire.send(entry(seq, 'x'.repeat(60_000)));
      wire.flush();
    }
    expect(wire.bufferedBytes).toBeGreaterThan(100_000);
    const drained = wire.drained();
    tcp.resume();
    await drained;
    expect(wire.bufferedBytes).toBe(0);
    const gone = once(server, 'disconnect');
    tcp.pause();
    wire.close(true);
    await gone;
  });
});
