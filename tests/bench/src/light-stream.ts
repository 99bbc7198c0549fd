import { openBareSocket } from './bare-socket.js';

export interface LightStreamOptions {
  port: number;
  /** With its query. */
  path: string;
  token?: string;
  /** One event with its lines, as bytes that are valid only during the call. */
  onEvent: (block: Buffer) => void;
  onEnd: (reason: string) => void;
}

const head = Buffer.from('\r\n\r\n');
const blank = Buffer.from('\n\n');

/**
 * A client of server-sent events on a bare TCP socket, for the same reason as the light client of Socket.IO: next to no work for each event.
 * It looks for blank lines alone; the sizes of chunks stand before the events and harm nobody.
 */
export function openLightStream({ port, path, token, onEvent, onEnd }: LightStreamOptions): { connected: Promise<void>; close(): void } {
  const login = token === undefined ? '' : `Authorization: Bearer ${token}\r\n`;
  const greet = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n${login}User-Agent: tidings-bench\r\n\r\n`;
  const { socket, connected, greeted, fail, close } = openBareSocket(port, { greet, onEnd });
  let rest: Buffer = Buffer.alloc(0);
  let isOpen = false;

  socket.on('data', (chunk) => {
    let data = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    if (!isOpen) {
      const end = data.indexOf(head);
      rest = data;
      if (end === -1) return;
      if (!data.subarray(0, 12).equals(Buffer.from('HTTP/1.1 200'))) return fail(data.toString('latin1', 0, end));
      isOpen = true;
      data = data.subarray(end + head.length);
    }
    let at = 0;
    for (let end = data.indexOf(blank, at); end !== -1; end = data.indexOf(blank, at)) {
      // The first one greets.
      greeted();
      onEvent(data.subarray(at, end));
      at = end + blank.length;
    }
    rest = data.subarray(at);
  });
  return { connected, close };
}
