import { randomBytes } from 'node:crypto';
import { openBareSocket } from './bare-socket.js';

export interface LightClientOptions {
  port: number;
  /** The Socket.IO handshake's `auth`. */
  auth: unknown;
  /** The packet of each event, `["type",{…}]`, as bytes that are valid only during the call. */
  onEvent: (packet: Buffer) => void;
  onEnd: (reason: string) => void;
}

const text = 0x1;
const closing = 0x8;

/**
 * A Socket.IO client on a bare TCP socket: the stock handshake and frames on the wire, and next to no work for each message, so that on a
 * machine with few cores the clients do not take what the servers are measured by. Websocket only; it does not reconnect.
 */
export function openLightClient({ port, auth, onEvent, onEnd }: LightClientOptions): { connected: Promise<void>; close(): void } {
  const greet =
    'GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\n' +
    `Host: 127.0.0.1:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\nUser-Agent: tidings-bench\r\n\r\n`;
  const { socket, connected, greeted, fail, close } = openBareSocket(port, { greet, onEnd });
  let rest: Buffer = Buffer.alloc(0);
  let upgraded = false;

  const onMessage = (payload: Buffer): void => {
    const kind = payload[0];
    if (kind === 0x30) socket.write(clientFrame(`40${JSON.stringify(auth)}`));
    else if (kind === 0x32) socket.write(clientFrame('3'));
    else if (kind === 0x34 && payload[1] === 0x32) onEvent(payload.subarray(2));
    else if (kind === 0x34 && payload[1] === 0x30) greeted();
    else fail(`got ${payload.toString('utf8', 0, 200)}`);
  };

  const onFrames = (data: Buffer): void => {
    let at = 0;
    while (data.length - at >= 2) {
      let length = data[at + 1]! & 0x7f;
      let start = at + 2;
      if (length === 126) {
        if (data.length < at + 4) break;
        length = data.readUInt16BE(at + 2);
        start = at + 4;
      } else if (length === 127) {
        if (data.length < at + 10) break;
        length = Number(data.readBigUInt64BE(at + 2));
        start = at + 10;
      }
      if (data.length < start + length) break;
      const opcode = data[at]! & 0x0f;
      if (opcode === text) onMessage(data.subarray(start, start + length));
      else if (opcode === closing) fail('the server closed');
      at = start + length;
    }
    rest = data.subarray(at);
  };

  socket.on('data', (chunk) => {
    const data = rest.length > 0 ? Buffer.concat([rest, chunk]) : chunk;
    if (upgraded) return onFrames(data);
    const end = data.indexOf('\r\n\r\n');
    rest = data;
    if (end === -1) return;
    if (!data.subarray(0, 12).equals(Buffer.from('HTTP/1.1 101'))) return fail(data.toString('latin1', 0, end));
    upgraded = true;
    onFrames(data.subarray(end + 4));
  });
  return { connected, close };
}

/** A masked text frame of at most 64 KiB (RFC 6455, 5.2). A mask of zeros is a mask. */
function clientFrame(message: string): Buffer {
  const length = Buffer.byteLength(message);
  const header =
    length < 126 ? Buffer.from([0x81, 0x80 | length, 0, 0, 0, 0]) : Buffer.from([0x81, 0xfe, length >> 8, length & 0xff, 0, 0, 0, 0]);
  return Buffer.concat([header, Buffer.from(message)]);
}
