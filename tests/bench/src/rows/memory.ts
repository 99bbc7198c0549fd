import { startClients } from '../clients.js';
import { startPeer } from '../peer.js';
import type { Child } from '../processes.js';
import { createRig } from '../rig.js';
import { median, type Row } from '../table.js';

/** Idle connections, each of another user: what the process that holds them grows by, after full collections before and after. */
export const memory: Row = async ({ rounds, short, log }) => {
  const count = short ? 200 : 8_000;
  const ours: Measured[] = [];
  const theirs: Measured[] = [];
  for (let round = 0; round < rounds; round++) {
    const rig = await createRig();
    const people = await rig.people(count);
    const gateway = await rig.start('socket-gateway', { preload: './probe-process.js', flags: ['--expose-gc'] });
    ours.push(
      await measure(
        gateway,
        gateway.port,
        people.map(({ token }) => ({ token })),
      ),
    );
    await rig.stop();
    const peer = await startPeer('peer', ['--expose-gc']);
    theirs.push(
      await measure(
        peer,
        peer.port,
        people.map(({ id }) => ({ rooms: [`user:${id}`] })),
      ),
    );
    await peer.stop();
    log(`memory: ${show(ours.at(-1)!)}; peer ${show(theirs.at(-1)!)}`);
  }
  const [our, their] = [median(ours.map(({ resident }) => resident)), median(theirs.map(({ resident }) => resident))];
  return {
    lines: [
      {
        what: `memory per idle connection at ${count.toLocaleString('en')} (resident)`,
        tidings: `${our.toFixed(1)} KiB`,
        peer: `${their.toFixed(1)} KiB`,
        ratio: `${(their / our).toFixed(2)}×`,
        aim: '≤ 16 KiB',
        met: our <= 16,
      },
    ],
    notes: [
      `memory on the heap and in buffers alone: ${median(ours.map(({ heap }) => heap)).toFixed(1)} KiB, peer ${median(theirs.map(({ heap }) => heap)).toFixed(1)} KiB`,
    ],
    losses: [...ours, ...theirs].reduce((sum, { ended }) => sum + ended, 0),
  };
};

/** KiB per connection. */
interface Measured {
  resident: number;
  heap: number;
  /** What V8 keeps for its heap, used or not. */
  reserved: number;
  ended: number;
}

async function measure(server: Child, port: number, auths: readonly unknown[]): Promise<Measured> {
  const clients = startClients(2, 'idle');
  // What the first connections bring in once (compiled code, caches) is not counted.
  await clients.connect(port, auths.slice(0, Math.ceil(auths.length / 80)));
  const before = await server.request<NodeJS.MemoryUsage>('memory');
  const rest = auths.slice(Math.ceil(auths.length / 80));
  await clients.connect(port, rest);
  const after = await server.request<NodeJS.MemoryUsage>('memory');
  const { ended } = await clients.wait(0);
  await clients.stop();
  const perConnection = (grown: number): number => grown / rest.length / 1_024;
  return {
    resident: perConnection(after.rss - before.rss),
    heap: perConnection(after.heapUsed + after.external - before.heapUsed - before.external),
    reserved: perConnection(after.heapTotal - before.heapTotal),
    ended: ended.length,
  };
}

const show = ({ resident, heap, reserved }: Measured): string =>
  `${resident.toFixed(1)} KiB resident, ${heap.toFixed(1)} KiB heap (${reserved.toFixed(1)} KiB reserved)`;
