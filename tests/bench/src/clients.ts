import type { Arrival, Tally } from './clients-process.js';
import { startChild } from './processes.js';

/** Light clients, spread over several processes: one may open 20,000 files at most, and must not be the bottleneck. */
export interface Clients {
  /** One client for each `auth`, in turns over the processes. Answers with the seconds until all were connected. */
  connect(port: number, auths: readonly unknown[], abreast?: number): Promise<number>;
  /** Waits until so many events have come to all of them together, or too long; answers with the sum of their tallies. */
  wait(received: number, timeoutMs?: number): Promise<Tally>;
  reset(): Promise<void>;
  record(): Promise<void>;
  arrivals(): Promise<Arrival[]>;
  close(): Promise<void>;
  stop(): Promise<void>;
}

export function startClients(count: number, name: string): Clients {
  const children = Array.from({ length: count }, (_, index) =>
    startChild({ name: `${name}-clients-${index + 1}`, file: './clients-process.js' }),
  );
  const all = <Result>(request: string, argument?: unknown): Promise<Result[]> =>
    Promise.all(children.map((child) => child.request<Result>(request, argument)));
  return {
    async connect(port, auths, abreast = 50) {
      const seconds = await Promise.all(
        children.map((child, index) =>
          child.request<number>('connect', {
            port,
            auths: auths.filter((_, at) => at % count === index),
            abreast: Math.ceil(abreast / count),
          }),
        ),
      );
      return Math.max(...seconds);
    },
    async wait(received, timeoutMs = 20_000) {
      const deadline = Date.now() + timeoutMs;
      for (;;) {
        const tallies = await all<Tally>('tally');
        const sum = tallies.reduce((a, b) => ({
          received: a.received + b.received,
          outOfOrder: a.outOfOrder + b.outOfOrder,
          ended: [...a.ended, ...b.ended],
          retries: a.retries + b.retries,
        }));
        if (sum.received >= received || Date.now() > deadline) return sum;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    },
    reset: async () => void (await all('reset')),
    record: async () => void (await all('record')),
    arrivals: async () => (await all<Arrival[]>('arrivals')).flat(),
    close: async () => void (await all('close')),
    stop: async () => void (await Promise.all(children.map((child) => child.stop()))),
  };
}
