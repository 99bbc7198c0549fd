import { startChild, type Child } from './processes.js';

export interface Peer extends Child {
  readonly port: number;
}

/** A process of raw Socket.IO; the one that emits is started alike, and nobody connects to it. */
export async function startPeer(name: string, flags: readonly string[] = []): Promise<Peer> {
  const child = startChild({ name, file: './peer-process.js', env: { REDIS_URL: process.env['REDIS_URL']! }, flags });
  return Object.assign(child, { port: await child.request<number>('listen') });
}
