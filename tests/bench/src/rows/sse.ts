import { startClients } from '../clients.js';
import { cpuOf, startChild, type Child } from '../processes.js';
import { createRig } from '../rig.js';
import { lossesOf, median, type Row } from '../table.js';

const feed = 'plans';

/**
 * Server-sent events, one update at a time to everybody, each client another user: CPU per delivery, memory per connection and the time to the
 * last client, beside a bare handler.
 */
export const sse: Row = async ({ rounds, short, log }) => {
  const [clientCount, events] = short ? [100, 5] : [5_000, 100];
  const rig = await createRig();
  await rig.start('event-relay');
  const gateway = await rig.start('socket-gateway', { preload: './probe-process.js', flags: ['--expose-gc'] });
  const peer = startChild({ name: 'stream-peer', file: './stream-peer-process.js', flags: ['--expose-gc'] });
  const port = await peer.request<number>('listen');
  const [ours, theirs] = [startClients(3, 'tidings-stream'), startClients(3, 'bare-stream')];
  const memory = {
    ours: await connectAll(
      gateway,
      ours,
      gateway.port,
      (await rig.people(clientCount)).map(({ token }) => ({ path: `/api/feeds/stream?feeds=${feed}`, token })),
    ),
    theirs: await connectAll(
      peer,
      theirs,
      port,
      Array.from({ length: clientCount }, () => ({ path: '/' })),
    ),
  };

  let losses = 0;
  /** @returns milliseconds from each event to its last client */
  const run = async (clients: typeof ours, count: number, emit: () => Promise<unknown>): Promise<number[]> => {
    await clients.reset();
    const times: number[] = [];
    for (let sent = 1; sent <= count; sent++) {
      const start = performance.now();
      await emit();
      await clients.wait(clientCount * sent);
      times.push(performance.now() - start);
    }
    losses += lossesOf(await clients.wait(clientCount * count), clientCount * count);
    return times;
  };
  const emitOurs = (): Promise<void> => rig.commit([[feed]]);
  const emitTheirs = (): Promise<void> => peer.request('emit', feed);
  const warm = Math.min(events, 10);
  await run(ours, warm, emitOurs);
  await run(theirs, warm, emitTheirs);
  const expected = clientCount * events;
  const costs: { ours: number; theirs: number }[] = [];
  const last: { ours: number[]; theirs: number[] } = { ours: [], theirs: [] };
  for (let round = 0; round < rounds; round++) {
    const [gatewayCpu = 0] = await cpuOf([gateway], async () => last.ours.push(...(await run(ours, events, emitOurs))));
    const [peerCpu = 0] = await cpuOf([peer], async () => last.theirs.push(...(await run(theirs, events, emitTheirs))));
    costs.push({ ours: (gatewayCpu / expected) * 1e6, theirs: (peerCpu / expected) * 1e6 });
    log(`sse: ${costs.at(-1)!.ours.toFixed(1)} µs, bare ${costs.at(-1)!.theirs.toFixed(1)} µs`);
  }
  await Promise.all([ours.stop(), theirs.stop(), peer.stop()]);
  await rig.stop();

  // The short form's clock of 10 ms may see nothing at all.
  const ratio = median(costs.map(({ ours: a, theirs: b }) => (b === 0 ? 1 : a / b)));
  const ms = (values: readonly number[]): string => `${median(values).toFixed(0)} ms (at most ${Math.max(...values).toFixed(0)})`;
  return {
    lines: [
      {
        what: `server-sent events to ${clientCount.toLocaleString('en')}, CPU per delivery`,
        tidings: `${median(costs.map((cost) => cost.ours)).toFixed(1)} µs`,
        peer: `${median(costs.map((cost) => cost.theirs)).toFixed(1)} µs`,
        ratio: `${ratio.toFixed(2)}×`,
        aim: '≤ 1.20× of a bare handler',
        met: ratio <= 1.2,
      },
    ],
    notes: [
      `server-sent events: from the commit to the last of ${clientCount} clients ${ms(last.ours)}; bare, from the write, ${ms(last.theirs)}`,
      `server-sent events: ${memory.ours.toFixed(1)} KiB resident per connection; bare ${memory.theirs.toFixed(1)} KiB`,
    ],
    losses,
  };
};

/** KiB of the server for each, past the first ones, which bring in what all share. */
async function connectAll(
  server: Child,
  clients: ReturnType<typeof startClients>,
  port: number,
  auths: readonly unknown[],
): Promise<number> {
  const first = Math.ceil(auths.length / 50);
  await clients.connect(port, auths.slice(0, first));
  const before = await server.request<NodeJS.MemoryUsage>('memory');
  await clients.connect(port, auths.slice(first));
  const after = await server.request<NodeJS.MemoryUsage>('memory');
  return (after.rss - before.rss) / (auths.length - first) / 1_024;
}
