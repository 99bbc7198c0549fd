/**
 * Room left in front of a packet, so that a transport can put its framing there (a websocket's header and the `42` of Socket.IO need
 * at most 12 bytes) without copying the packet again.
 */
export const headroom = 16;

/** An event at its place in one feed, as the gateway holds it: shared by every client that gets it. */
export interface Entry {
  readonly feed: string;
  readonly seq: number;
  readonly type: string;
  /** `headroom` bytes, then the packet: JSON `["type",{…,"meta":{…}}]`. */
  readonly bytes: Buffer;
  /** `Date.now()` when this gateway got it. */
  readonly since: number;
  /** For transports: what they made of it, kept for the next client. */
  frame?: Buffer;
  text?: string;
  /** By what differs from client to client. */
  frames?: Map<string, Buffer>;
}

/** Copies the packet: what comes from the bus is a slice of a much larger read buffer, which must not be kept alive by it. */
export function createEntry(feed: string, seq: number, type: string, packet: Buffer | string): Entry {
  const length = typeof packet === 'string' ? Buffer.byteLength(packet) : packet.length;
  const bytes = Buffer.allocUnsafe(headroom + length);
  if (typeof packet === 'string') bytes.write(packet, headroom);
  else packet.copy(bytes, headroom);
  return { feed, seq, type, bytes, since: Date.now() };
}

export function packetText(entry: Entry): string {
  return (entry.text ??= entry.bytes.toString('utf8', headroom));
}

const idMark = Buffer.from('"meta":{"id":"');

/** The event's id, without parsing the packet when it has its usual form. */
export function eventId(entry: Entry): string {
  const at = entry.bytes.lastIndexOf(idMark);
  if (at !== -1) {
    const start = at + idMark.length;
    return entry.bytes.toString('latin1', start, entry.bytes.indexOf(0x22, start));
  }
  return String((payloadOf(entry)['meta'] as { id?: unknown } | undefined)?.id);
}

/** The event's payload as it stands in the packet, `{…,"meta":{…}}`. */
export function payloadBytes({ bytes, type }: Entry): Buffer {
  // Past `["type",` and before the last bracket: types are plain words.
  return bytes.subarray(headroom + type.length + 4, bytes.length - 1);
}

/** The event's payload. @throws SyntaxError when the packet is not JSON */
export function payloadOf(entry: Entry): Record<string, unknown> {
  return (JSON.parse(packetText(entry)) as [string, Record<string, unknown>])[1];
}
