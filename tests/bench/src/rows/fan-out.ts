import { startClients } from '../clients.js';
import { startPeer } from '../peer.js';
import { cpuOf } from '../processes.js';
import { createRig } from '../rig.js';
import { lossesOf, median, type Row } from '../table.js';

const room = 'announcements';

/** One event at a time to everybody: the CPU-seconds of the process that holds the clients, per delivery. */
export const fanOut: Row = async ({ rounds, short, log }) => {
  const [clientCount, events] = short ? [100, 5] : [2_000, 30];
  const rig = await createRig();
  const relay = await rig.start('event-relay');
  const gateway = await rig.start('socket-gateway');
  const [peer, emitter] = [await startPeer('peer'), await startPeer('peer-emitter')];
  const [ours, theirs] = [startClients(2, 'tidings'), startClients(2, 'peer')];
  await ours.connect(
    gateway.port,
    (await rig.people(clientCount)).map(({ token }) => ({ token })),
  );
  await theirs.connect(
    peer.port,
    Array.from({ length: clientCount }, () => ({ rooms: [room] })),
  );

  const expected = clientCount * events;
  let losses = 0;
  const run = async (clients: typeof ours, emit: () => Promise<unknown>): Promise<void> => {
    await clients.reset();
    for (let sent = 1; sent <= events; sent++) {
      await emit();
      await clients.wait(clientCount * sent);
    }
    losses += lossesOf(await clients.wait(expected), expected);
  };
  const emitOurs = (): Promise<void> => rig.commit([[room]]);
  const emitTheirs = (): Promise<void> => emitter.request('emit', room);
  await run(ours, emitOurs);
  await run(theirs, emitTheirs);
  const costs: { ours: number; theirs: number; relay: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    const [gatewayCpu = 0, relayCpu = 0] = await cpuOf([gateway, relay], () => run(ours, emitOurs));
    const [peerCpu = 0] = await cpuOf([peer], () => run(theirs, emitTheirs));
    costs.push({ ours: (gatewayCpu / expected) * 1e6, theirs: (peerCpu / expected) * 1e6, relay: relayCpu / events });
    log(`fan-out: ${costs.at(-1)!.ours.toFixed(1)} µs, peer ${costs.at(-1)!.theirs.toFixed(1)} µs`);
  }
  await Promise.all([ours.stop(), theirs.stop(), peer.stop(), emitter.stop()]);
  await rig.stop();

  const ratio = median(costs.map(({ ours: a, theirs: b }) => b / a));
  return {
    lines: [
      {
        what: `one event to ${clientCount} clients, gateway CPU per delivery`,
        tidings: `${median(costs.map((cost) => cost.ours)).toFixed(1)} µs`,
        peer: `${median(costs.map((cost) => cost.theirs)).toFixed(1)} µs`,
        ratio: `${ratio.toFixed(2)}×`,
        aim: '≥ 1.40× deliveries per CPU-second',
        met: ratio >= 1.4,
      },
    ],
    notes: [`fan-out: the relay used ${(median(costs.map(({ relay: used }) => used)) * 1e3).toFixed(1)} ms of CPU per event`],
    losses,
  };
};
