import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { provideNginx, startMongo, startRedis } from '../../../tools/servers/index.mjs';
import { scenarios, startChaos, type Report } from './run.js';

/** Numbers have been checked by `npm run chaos`. */
const { values } = parseArgs({
  options: {
    times: { type: 'string', default: '20' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000_000)) },
    only: { type: 'string', multiple: true },
  },
});
const times = Number(values.times);
const seed = Number(values.seed);
const chosen = values.only ?? scenarios;
const unknown = chosen.filter((name) => !scenarios.includes(name));

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const columns = ['scenario', 'seed', 'events', 'clients', 'deliveries', 'replays', 'heal', 'hit in flight', 'verdict'];
const widths = [16, 10, 7, 8, 11, 8, 8, 44];
const row = (cells: readonly (string | number)[]): string => cells.map((cell, index) => String(cell).padEnd(widths[index] ?? 0)).join(' ');

function tell(report: Report): void {
  const { scenario, events, clients, deliveries, replays, healMs, hit, faults } = report;
  say(
    row([
      scenario,
      report.seed,
      events,
      clients,
      deliveries,
      replays,
      `${(healMs / 1_000).toFixed(1)} s`,
      hit || '-',
      faults.length === 0 ? 'holds' : 'FAILED',
    ]),
  );
  for (const fault of faults.slice(0, 10)) say(`    ${fault}`);
  if (faults.length > 10) say(`    … and ${faults.length - 10} more`);
  if (faults.length > 0) say(`    again: npm run chaos -- --times 1 --seed ${report.seed} --only ${scenario}   (${report.target})`);
}

/** @returns the exit code: 1 when something did not hold, 2 for a scenario that there is not */
async function main(): Promise<number> {
  if (unknown.length > 0) {
    process.stderr.write(`There is no scenario ${unknown.join(', ')}. There are: ${scenarios.join(', ')}\n`);
    return 2;
  }
  const dataDir = mkdtempSync(join(tmpdir(), 'tidings-chaos-'));
  const nginxPath = await provideNginx({ log: say });
  const mongo = await startMongo({ dataDir: join(dataDir, 'mongo'), members: 3 });
  const redis = await startRedis({ dataDir: join(dataDir, 'redis') });
  const reports: Report[] = [];
  try {
    say(
      `${times} times ${chosen.length} scenarios, seed ${seed}: 2 processes of each service, 3 members of MongoDB, Redis without a disk\n`,
    );
    say(row(columns));
    for (let time = 0; time < times; time++) {
      const chaos = await startChaos({ mongo, redis, nginxPath, seed: seed + time, database: `chaos_${time}` });
      try {
        for (const scenario of chosen) {
          const report = await chaos.run(scenario);
          tell(report);
          reports.push(report);
          // What one has broken stays broken: the others would fail of it.
          if (report.faults.length > 0) break;
        }
      } finally {
        await chaos.stop();
      }
    }
  } finally {
    await Promise.all([mongo.stop(), redis.stop()]);
    rmSync(dataDir, { recursive: true, force: true });
  }
  const failed = reports.filter(({ faults }) => faults.length > 0).length;
  const sum = (field: 'events' | 'deliveries' | 'replays'): number => reports.reduce((total, report) => total + report[field], 0);
  const healing = reports.map(({ healMs }) => healMs).toSorted((a, b) => a - b);
  say(
    `\n${reports.length - failed} of ${reports.length} hold: ${sum('events')} events, ${sum('deliveries')} deliveries, ${sum('replays')} of them replayed; ` +
      `healed after ${((healing[healing.length >> 1] ?? 0) / 1_000).toFixed(1)} s (median), ${((healing.at(-1) ?? 0) / 1_000).toFixed(1)} s (longest)`,
  );
  return failed > 0 ? 1 : 0;
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exit(1);
  },
);
