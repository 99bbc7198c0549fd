import { startClients } from '../clients.js';
import { startPeer } from '../peer.js';
import { cpuOf } from '../processes.js';
import { createRig } from '../rig.js';
import { lossesOf, median, type Row } from '../table.js';

/** Many events, each for one of many users: the CPU-seconds of the process that holds the clients, per delivery. */
export const spread: Row = async ({ rounds, short, log }) => {
  const [users, perSecond, seconds] = short ? [100, 200, 0.5] : [4_000, 2_000, 8];
  const rig = await createRig();
  const relay = await rig.start('event-relay');
  const gateway = await rig.start('socket-gateway');
  const [peer, emitter] = [await startPeer('peer'), await startPeer('peer-emitter')];
  const [ours, theirs] = [startClients(2, 'tidings'), startClients(2, 'peer')];
  const people = await rig.people(users);
  const feeds = people.map(({ id }) => `user:${id}`);
  await ours.connect(
    gateway.port,
    people.map(({ token }) => ({ token })),
  );
  await theirs.connect(
    peer.port,
    feeds.map((feed) => ({ rooms: [feed] })),
  );

  let losses = 0;
  const run = async (clients: typeof ours, emit: (length: number) => Promise<number>, length: number): Promise<number> => {
    await clients.reset();
    const total = await emit(length);
    losses += lossesOf(await clients.wait(total), total);
    return total;
  };
  const emitOurs = (length: number): Promise<number> => rig.spread({ feeds, perSecond, seconds: length });
  const emitTheirs = (length: number): Promise<number> => emitter.request<number>('spread', { rooms: feeds, perSecond, seconds: length });
  await run(ours, emitOurs, Math.min(3, seconds));
  await run(theirs, emitTheirs, Math.min(3, seconds));
  const costs: { ours: number; theirs: number; relay: number; emitter: number }[] = [];
  for (let round = 0; round < rounds; round++) {
    let total = 0;
    const [gatewayCpu = 0, relayCpu = 0] = await cpuOf([gateway, relay], async () => (total = await run(ours, emitOurs, seconds)));
    const [peerCpu = 0, emitterCpu = 0] = await cpuOf([peer, emitter], () => run(theirs, emitTheirs, seconds));
    const micros = (cpu: number): number => (cpu / total) * 1e6;
    costs.push({ ours: micros(gatewayCpu), theirs: micros(peerCpu), relay: micros(relayCpu), emitter: micros(emitterCpu) });
    log(`spread: ${costs.at(-1)!.ours.toFixed(0)} µs, peer ${costs.at(-1)!.theirs.toFixed(0)} µs`);
  }
  await Promise.all([ours.stop(), theirs.stop(), peer.stop(), emitter.stop()]);
  await rig.stop();

  const ratio = median(costs.map(({ ours: a, theirs: b }) => b / a));
  return {
    lines: [
      {
        what: `${perSecond} events/s over ${users} users, gateway CPU per delivery`,
        tidings: `${median(costs.map((cost) => cost.ours)).toFixed(0)} µs`,
        peer: `${median(costs.map((cost) => cost.theirs)).toFixed(0)} µs`,
        ratio: `${ratio.toFixed(2)}×`,
        aim: '≥ 1.25× deliveries per CPU-second',
        met: ratio >= 1.25,
      },
    ],
    notes: [
      `spread: the relay used ${median(costs.map((cost) => cost.relay)).toFixed(0)} µs of CPU per event, ` +
        `the peer's emitting process ${median(costs.map((cost) => cost.emitter)).toFixed(0)} µs`,
    ],
    losses,
  };
};
