import { setTimeout as pause } from 'node:timers/promises';
import { serveRequests } from './ipc.js';
import { openLightClient } from './light-client.js';
import { openLightStream } from './light-stream.js';

/** Many light clients, which count what they get and look at its order. */
export interface ConnectRequest {
  port: number;
  /** One client for each: of Socket.IO, or of server-sent events where it has a `path`. */
  auths: readonly unknown[];
  /** How many connect at the same time. */
  abreast: number;
}

export interface Tally {
  /** Events with a place in a feed. */
  received: number;
  /** Those that did not follow the one before. */
  outOfOrder: number;
  /** Connections that ended by themselves. */
  ended: string[];
  /** Attempts to connect that failed. */
  retries: number;
}

const nothing = (): Tally => ({ received: 0, outOfOrder: 0, ended: [], retries: 0 });

/** An event's id, and its arrival in milliseconds since 1970. */
export type Arrival = readonly [id: string, at: number];

const metaPattern = /"id":"([^"]+)","feed":"([^"]+)","seq":(\d+)/;
const metaLength = 200;
let tally: Tally = nothing();
let arrivals: Arrival[] | undefined;
const clients: { close(): void }[] = [];

const retryMs = 100;

/** Connects, and tries again as a stock client does when a server that is busy does not let it in. */
async function open(port: number, auth: unknown): Promise<void> {
  const { path, token } = auth as { path?: string; token?: string };
  const last = new Map<string, number>(Object.entries((auth as { cursors?: Record<string, number> }).cursors ?? {}));
  for (;;) {
    let isIn = false;
    const handlers = {
      onEvent(packet: Buffer) {
        const meta = metaPattern.exec(packet.toString('latin1', Math.max(0, packet.length - metaLength)));
        if (!meta) return; // a word of the server to this connection alone
        const [, id, feed, seq] = meta as unknown as [string, string, string, string];
        const before = last.get(feed);
        if (before !== undefined && Number(seq) !== before + 1) tally.outOfOrder++;
        last.set(feed, Number(seq));
        tally.received++;
        arrivals?.push([id, performance.timeOrigin + performance.now()]);
      },
      onEnd: (reason: string) => {
        if (isIn) tally.ended.push(reason);
      },
    };
    const client =
      path === undefined
        ? openLightClient({ port, auth, ...handlers })
        : openLightStream({ port, path, ...(token === undefined ? {} : { token }), ...handlers });
    isIn = await client.connected.then(
      () => true,
      () => false,
    );
    if (isIn) {
      clients.push(client);
      return;
    }
    tally.retries++;
    await pause(retryMs);
  }
}

serveRequests({
  /** Answers with the seconds until the last one was connected. */
  async connect({ port, auths, abreast }: ConnectRequest): Promise<number> {
    const start = performance.now();
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < auths.length) await open(port, auths[next++]);
    };
    await Promise.all(Array.from({ length: abreast }, worker));
    return (performance.now() - start) / 1_000;
  },
  tally: () => tally,
  reset(): void {
    tally = nothing();
  },
  record(): void {
    arrivals = [];
  },
  arrivals(): Arrival[] {
    const all = arrivals ?? [];
    arrivals = undefined;
    return all;
  },
  close(): void {
    for (const client of clients.splice(0)) client.close();
  },
});
