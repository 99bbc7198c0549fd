import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { profileInto, stopAll } from './processes.js';
import { comeBack } from './rows/come-back.js';
import { fanOut } from './rows/fan-out.js';
import { hotItem } from './rows/hot-item.js';
import { hotVendor } from './rows/hot-vendor.js';
import { latency } from './rows/latency.js';
import { loyalty } from './rows/loyalty.js';
import { memory } from './rows/memory.js';
import { planChange } from './rows/plan-change.js';
import { relay } from './rows/relay.js';
import { replicas } from './rows/replicas.js';
import { sse } from './rows/sse.js';
import { spread } from './rows/spread.js';
import { printTable, type Line, type Row } from './table.js';

const rows: Readonly<Record<string, Row>> = {
  latency,
  'hot-vendor': hotVendor,
  'hot-item': hotItem,
  relay,
  'fan-out': fanOut,
  spread,
  sse,
  memory,
  replicas,
  'come-back': comeBack,
  'plan-change': planChange,
  loyalty,
};
const defaultRounds: Readonly<Record<string, number>> = {
  latency: 3,
  'hot-vendor': 3,
  'hot-item': 3,
  relay: 3,
  'fan-out': 5,
  spread: 5,
  sse: 3,
  memory: 3,
  replicas: 3,
  'come-back': 3,
  'plan-change': 1,
  loyalty: 5,
};

/** Numbers have been checked by `npm run bench`. */
const { values } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    rounds: { type: 'string' },
    short: { type: 'boolean', default: false },
    profile: { type: 'string' },
  },
});

const say = (line: string): void => void process.stdout.write(`${line}\n`);

async function main(): Promise<void> {
  const chosen = values.only ?? Object.keys(rows);
  const unknown = chosen.filter((name) => !Object.hasOwn(rows, name));
  if (unknown.length > 0) {
    process.stderr.write(`There is no row ${unknown.join(', ')}. There are: ${Object.keys(rows).join(', ')}\n`);
    process.exitCode = 2;
    return;
  }
  if (values.profile) profileInto(values.profile);

  const start = performance.now();
  const lines: Line[] = [];
  const notes: string[] = [];
  for (const name of chosen) {
    const rounds = values.short ? 1 : Number(values.rounds ?? defaultRounds[name]);
    try {
      const result = await rows[name]!({ rounds, short: values.short, log: (line) => say(`  ${line}`) });
      lines.push(...result.lines);
      notes.push(...result.notes);
      if (result.losses > 0) {
        notes.push(`${name}: ${result.losses} LOST or out of order`);
        process.exitCode = 1;
      }
    } finally {
      await stopAll();
    }
  }
  say(`\n${printTable(lines)}\n`);
  for (const note of notes) say(`- ${note}`);
  say(
    `- ${cpus().length} cores, Node ${process.versions.node}; the whole run took ${((performance.now() - start) / 60_000).toFixed(1)} min`,
  );
  say(process.exitCode ? '\nEvents were lost: the figures do not count.' : '\nNothing was lost.');
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void stopAll().finally(() => process.exit(130)));
main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  void stopAll().finally(() => process.exit(1));
});
