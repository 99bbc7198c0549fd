import { payloadBytes, type Entry } from '../entry.js';

/**
 * Frames of server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html), each as one chunk of HTTP/1.1: so it goes to
 * the TCP socket as it is, and several that go together are several chunks.
 */
const framesKept = 8;

/** Built once for all clients that stand at the same place; `key` tells kinds of frames apart. */
export function sharedFrame(entry: Entry, key: string, build: () => Buffer): Buffer {
  const known = entry.frames?.get(key);
  if (known) return known;
  const frame = build();
  entry.frames ??= new Map();
  // Whoever follows several feeds stands at a place of its own, mostly: their frames are not worth keeping.
  if (entry.frames.size < framesKept) entry.frames.set(key, frame);
  return frame;
}

const braceClose = Buffer.from('}');

export function entryFrame(entry: Entry, id: string | undefined): Buffer {
  return chunk(`${idLine(id)}event: ${entry.type}\ndata: `, payloadBytes(entry));
}

/** Without a name, so that `onmessage` gets it. */
export function unnamedFrame(entry: Entry, id: string | undefined): Buffer {
  return chunk(`${idLine(id)}data: `, typedEvent(entry));
}

/** `{"type":…,"data":…}` */
export function typedEvent(entry: Entry): Buffer {
  return Buffer.concat([Buffer.from(`{"type":"${entry.type}","data":`), payloadBytes(entry), braceClose]);
}

/** A message that is in no feed. */
export function messageFrame(message: { event?: string; data: unknown; id?: string | undefined; retryMs?: number }): Buffer {
  const { event, data, id, retryMs } = message;
  const retry = retryMs === undefined ? '' : `retry: ${retryMs}\n`;
  return chunk(`${retry}${idLine(id)}${event === undefined ? '' : `event: ${event}\n`}data: `, Buffer.from(JSON.stringify(data)));
}

/** Only how long to wait before coming back. */
export function retryFrame(retryMs: number): Buffer {
  return chunk(`retry: ${retryMs}`, Buffer.alloc(0));
}

export const commentFrame = Buffer.from('3\r\n:\n\n\r\n');

/** What a client without chunks (HTTP/1.0) gets. */
export function withoutChunk(frame: Buffer): Buffer {
  return frame.subarray(frame.indexOf(0x0a) + 1, frame.length - 2);
}

const idLine = (id: string | undefined): string => (id === undefined ? '' : `id: ${id}\n`);

/** `data` holds no line break, as JSON of ours never does; two of them end the frame. */
function chunk(head: string, data: Buffer): Buffer {
  const headLength = Buffer.byteLength(head);
  const length = headLength + data.length + 2;
  const size = `${length.toString(16)}\r\n`;
  const bytes = Buffer.allocUnsafe(size.length + length + 2);
  let at = bytes.write(size, 'latin1');
  at += bytes.write(head, at);
  at += data.copy(bytes, at);
  bytes.write('\n\n\r\n', at, 'latin1');
  return bytes;
}
