import type { EventMeta } from '@tidings/contracts';
import { io, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client';
import { patienceMs, waitFor } from './wait.js';

export interface Received {
  type: string;
  payload: Record<string, unknown> & { meta?: EventMeta };
  /** Milliseconds since 1970. */
  at: number;
}

export interface ClientOptions {
  url: string;
  token: string;
  userId?: string;
  cursors?: Record<string, number>;
  epoch?: string;
  /** Keep a cursor per feed and send it on reconnects, as our client libraries do. Default true. */
  keepCursors?: boolean;
  socket?: Partial<ManagerOptions & SocketOptions>;
}

/** A stock Socket.IO client that writes down everything it gets. */
export interface TestClient {
  socket: Socket;
  received: Received[];
  /** The last `seq` seen, per feed. */
  cursors: Record<string, number>;
  /** Of the last `connected`. */
  hello(): { epoch: string; feeds: Record<string, number>; roles: string[]; userType: string; userId: string };
  of(type: string): Received['payload'][];
  /** The first event of the type that fulfils the condition, also when it has come already. */
  event(type: string, condition?: (payload: Record<string, unknown>) => boolean): Promise<Received['payload']>;
  /** Emits with an acknowledgement. */
  call(event: string, payload?: unknown): Promise<Record<string, unknown>>;
  /** Waits until this client has seen the events that a write caused. */
  seen(events: readonly { id: string; feed: string }[]): Promise<void>;
  close(): void;
}

export async function connectClient(options: ClientOptions): Promise<TestClient> {
  const client = openClient(options);
  try {
    await waitFor('the connection', () => {
      const refusal = client.received.find(({ type }) => type === 'connect_error');
      if (refusal) throw Object.assign(new Error(String(refusal.payload['message'])), { data: refusal.payload['data'] });
      return client.received.some(({ type }) => type === 'connected');
    });
    return client;
  } catch (error) {
    client.close();
    throw error;
  }
}

/** As `connectClient`, without waiting. */
export function openClient({
  url,
  token,
  userId,
  cursors: initial = {},
  epoch: initialEpoch,
  keepCursors = true,
  socket: socketOptions,
}: ClientOptions): TestClient {
  const received: Received[] = [];
  const cursors: Record<string, number> = { ...initial };
  let epoch = initialEpoch;
  let hello: ReturnType<TestClient['hello']> | undefined;
  const socket = io(url, {
    transports: ['websocket'],
    reconnectionDelay: 50,
    reconnectionDelayMax: 500,
    forceNew: true,
    ...socketOptions,
    auth: (give) =>
      give({
        token,
        ...(userId ? { userId } : {}),
        ...(Object.keys(cursors).length > 0 && keepCursors ? { cursors } : {}),
        ...(epoch && keepCursors ? { epoch } : {}),
      }),
  });
  socket.onAny((type: string, payload: Received['payload'] = {}) => {
    received.push({ type, payload, at: Date.now() });
    if (payload?.meta) cursors[payload.meta.feed] = payload.meta.seq;
    if (type === 'connected') {
      hello = payload as unknown as typeof hello;
      epoch = hello!.epoch;
      for (const [feed, head] of Object.entries(hello!.feeds)) cursors[feed] ??= head;
    }
    if (type === 'feed-reset') {
      cursors[payload['feed'] as string] = payload['head'] as number;
      epoch = payload['epoch'] as string;
    }
  });
  socket.on('connect_error', (error) => {
    received.push({
      type: 'connect_error',
      payload: { message: error.message, data: (error as Error & { data?: unknown }).data },
      at: Date.now(),
    });
  });
  return {
    socket,
    received,
    cursors,
    hello: () => hello!,
    of: (type) => received.filter((event) => event.type === type).map(({ payload }) => payload),
    event: (type, condition = () => true) =>
      waitFor(`${type} at the client`, () => received.find((event) => event.type === type && condition(event.payload))?.payload),
    call: async (event, payload = {}) => (await socket.timeout(patienceMs).emitWithAck(event, payload)) as Record<string, unknown>,
    async seen(events) {
      await waitFor('the events of a write', () => events.every(({ id }) => received.some(({ payload }) => payload?.meta?.id === id)));
    },
    close: () => {
      socket.disconnect();
    },
  };
}

/** Asserts that each feed's entries came in order, none twice, none missing. */
export function assertContiguous(client: Pick<TestClient, 'received'>): void {
  const last = new Map<string, number>();
  for (const { type, payload } of client.received) {
    if (type === 'feed-reset') last.delete(payload['feed'] as string);
    const meta = payload?.meta;
    if (!meta) continue;
    const before = last.get(meta.feed);
    if (before !== undefined && meta.seq !== before + 1) throw new Error(`${meta.feed}: ${meta.seq} came after ${before}`);
    last.set(meta.feed, meta.seq);
  }
}
