import { startClients } from '../clients.js';
import { cpuOf } from '../processes.js';
import { createRig, type Service } from '../rig.js';
import { lossesOf, median, type Row } from '../table.js';

const gatewayCounts = [1, 2, 4];

/** The same load for each gateway, at one, two and four of them: what a delivery costs must not grow with their number. */
export const replicas: Row = async ({ rounds, short, log }) => {
  const [usersEach, perSecondEach, seconds] = short ? [25, 50, 0.5] : [1_000, 400, 6];
  const most = gatewayCounts.at(-1)!;
  const rig = await createRig();
  await rig.start('event-relay');
  const gateways: Service[] = [];
  for (let index = 0; index < most; index++) gateways.push(await rig.start('socket-gateway'));
  const clients = startClients(2, 'tidings');
  const people = await rig.people(usersEach * most);
  const feedsOf = (count: number): string[] =>
    // In turns over the gateways, so that each has its share at any moment.
    Array.from({ length: usersEach * count }, (_, index) => `user:${people[(index % count) * usersEach + Math.floor(index / count)]!.id}`);
  for (const [index, { port }] of gateways.entries()) {
    await clients.connect(
      port,
      people.slice(index * usersEach, (index + 1) * usersEach).map(({ token }) => ({ token })),
    );
  }

  let losses = 0;
  const run = async (count: number, length: number): Promise<number> => {
    let total = 0;
    const cpu = await cpuOf(gateways.slice(0, count), async () => {
      await clients.reset();
      total = await rig.spread({ feeds: feedsOf(count), perSecond: perSecondEach * count, seconds: length });
      losses += lossesOf(await clients.wait(total), total);
    });
    return (cpu.reduce((sum, used) => sum + used, 0) / total) * 1e6;
  };
  await run(most, Math.min(4, seconds));
  const costs: number[][] = [];
  for (let round = 0; round < rounds; round++) {
    const cost = [];
    for (const count of gatewayCounts) cost.push(await run(count, seconds));
    costs.push(cost);
    log(`replicas: ${cost.map((micros) => `${micros.toFixed(0)} µs`).join(', ')}`);
  }
  await clients.stop();
  await rig.stop();
  const growth = median(costs.map((cost) => Math.max(...cost.slice(1)) / cost[0]!));
  return {
    lines: [
      {
        what: `gateway CPU per delivery at ${gatewayCounts.join(', ')} gateways, ${perSecondEach} events/s each`,
        tidings: `${gatewayCounts.map((_, index) => median(costs.map((cost) => cost[index]!)).toFixed(0)).join(', ')} µs`,
        ratio: `${growth.toFixed(2)}×`,
        aim: '≤ 1.10× of one',
        met: growth <= 1.1,
      },
    ],
    notes: [],
    losses,
  };
};
