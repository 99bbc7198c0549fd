import type { Socket as NetSocket } from 'node:net';
import type { Socket } from 'socket.io';
import { headroom, packetText, type Entry } from '../entry.js';
import { atEndOfTurn } from './turn.js';

const none: Entry[] = [];

/**
 * Writes entries to one Socket.IO connection. This is the one file that knows the insides of engine.io 6 and ws 8.
 *
 * A websocket that is idle gets the frame, built once for all clients, straight on its TCP socket: that saves Engine.IO's packet object,
 * its buffer and ws's framing for each client. Everybody else (polling, an upgrade under way, a queue that is not empty, insides that look
 * different) gets it by the ordinary `conn.write`. What a client gets in one turn of the event loop leaves in one write.
 *
 * Order: entries wait here until the end of the turn; an ordinary packet (an ack, a ping) that is sent meanwhile announces itself
 * by `packetCreate`, and the entries that wait are written before it.
 */
export class Wire {
  /** What waits for the end of the turn; mostly one entry. */
  #first: Entry | undefined;
  #more: Entry[] = none;
  readonly #conn: Conn;

  constructor(
    socket: Socket,
    private readonly maxBufferedBytes: number,
    private readonly owner: { overflowed(): void },
  ) {
    this.#conn = socket.conn as unknown as Conn;
    this.#conn.on('packetCreate', () => {
      if (this.#first) this.flush();
    });
  }

  send(entry: Entry): void {
    if (this.#first) {
      if (this.#more === none) this.#more = [entry];
      else this.#more.push(entry);
    } else {
      this.#first = entry;
      atEndOfTurn(this);
    }
  }

  flush(): void {
    const first = this.#first;
    if (!first) return;
    const more = this.#more;
    this.#first = undefined;
    this.#more = none;
    if (this.#conn.readyState !== 'open') return;
    const tcp = idleWebsocket(this.#conn);
    if (tcp) {
      const isTaken = tcp.write(more === none ? websocketFrame(first) : Buffer.concat([first, ...more].map(websocketFrame)));
      if (isTaken) return;
    } else {
      for (const entry of [first, ...more]) this.#conn.write(`2${packetText(entry)}`, { compress: false });
    }
    if (this.bufferedBytes > this.maxBufferedBytes) this.owner.overflowed();
  }

  /** What this process holds for the client because the network does not take it. */
  get bufferedBytes(): number {
    let bytes = tcpOf(this.#conn)?.writableLength ?? 0;
    for (const { data } of this.#conn.writeBuffer) bytes += data?.length ?? 0;
    return bytes;
  }

  /** Resolves once the network has taken (nearly) everything, or the connection has closed. */
  async drained(): Promise<void> {
    this.flush();
    while (this.#conn.readyState === 'open' && this.bufferedBytes > 0) {
      const tcp = tcpOf(this.#conn);
      if (tcp?.writableNeedDrain) await firstOf(tcp, ['drain', 'close']);
      else if (this.#conn.writeBuffer.length > 0) await firstOf(this.#conn, ['flush', 'close']);
      else return; // the kernel takes it without our waiting
    }
  }

  /**
   * Ends the transport, not the Socket.IO session: a stock client connects again by itself, which it does not after the server's
   * `disconnect()`. `abort` gives up what is still buffered.
   */
  close(abort = false): void {
    if (!abort) this.flush();
    const websocket = this.#conn.transport.socket;
    if (abort && websocket?.terminate) websocket.terminate();
    else this.#conn.close(abort);
  }
}

// --- Insides ----------------------------------------------------------------------------------------------------------------------

interface Emitter {
  once(event: string, listener: () => void): unknown;
  off(event: string, listener: () => void): unknown;
}

interface Conn extends Emitter {
  readyState: string;
  upgrading: boolean;
  writeBuffer: { data?: string | Buffer }[];
  transport: { name: string; perMessageDeflate?: unknown; socket?: WebSocketInsides };
  on(event: string, listener: () => void): unknown;
  write(packet: string, options: { compress: boolean }): unknown;
  close(discard?: boolean): unknown;
}

interface WebSocketInsides {
  readyState: number;
  terminate?: () => void;
  _socket?: NetSocket;
  _sender?: { _state?: number };
}

const websocketOpen = 1;
const senderIdle = 0;

/** The TCP socket of a websocket on which bytes written now come after all that was sent before; else undefined. */
function idleWebsocket(conn: Conn): NetSocket | undefined {
  const { transport } = conn;
  if (transport.name !== 'websocket' || conn.upgrading || conn.writeBuffer.length > 0 || transport.perMessageDeflate) return undefined;
  const websocket = transport.socket;
  if (websocket?.readyState !== websocketOpen || websocket._sender?._state !== senderIdle) return undefined;
  return websocket._socket?.writable ? websocket._socket : undefined;
}

function tcpOf(conn: Conn): NetSocket | undefined {
  return conn.transport.name === 'websocket' ? conn.transport.socket?._socket : undefined;
}

/** An unmasked text frame of RFC 6455 that holds `42` and the packet, built in the room in front of the packet. */
export function websocketFrame(entry: Entry): Buffer {
  if (entry.frame) return entry.frame;
  const { bytes } = entry;
  const length = bytes.length - headroom + 2;
  bytes[headroom - 2] = 0x34; // Engine.IO: message
  bytes[headroom - 1] = 0x32; // Socket.IO: event
  let start = headroom - 2;
  if (length < 126) {
    start -= 2;
    bytes[start + 1] = length;
  } else if (length < 65_536) {
    start -= 4;
    bytes[start + 1] = 126;
    bytes.writeUInt16BE(length, start + 2);
  } else {
    start -= 10;
    bytes[start + 1] = 127;
    bytes.writeBigUInt64BE(BigInt(length), start + 2);
  }
  bytes[start] = 0x81; // final, text
  entry.frame = bytes.subarray(start);
  return entry.frame;
}

function firstOf(emitter: Emitter, events: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      for (const event of events) emitter.off(event, done);
      resolve();
    };
    for (const event of events) emitter.once(event, done);
  });
}
