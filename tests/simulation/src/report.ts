import type { FestivalReport } from './festival.js';
import { percentile } from './meter.js';

const ms = (value: number): string => (value >= 1_000 ? `${(value / 1_000).toFixed(2)} s` : `${value.toFixed(1)} ms`);

/** What happened, how fast, and whether it holds; lines of text. */
export function describeFestival(report: FestivalReport): string[] {
  const { meter, seconds, seed, clients, deliveries, replayed, compared, checked, faults } = report;
  const lines = ['', `${'what'.padEnd(24)}${'times'.padStart(8)}${'per s'.padStart(9)}${'median'.padStart(12)}${'p99'.padStart(12)}`];
  for (const [what, times] of [...meter.times].toSorted(([a], [b]) => a.localeCompare(b))) {
    const [middle, late] = [percentile(times, 0.5), percentile(times, 0.99)];
    lines.push(
      `${what.padEnd(24)}${String(times.length).padStart(8)}${(times.length / seconds).toFixed(1).padStart(9)}${ms(middle).padStart(12)}${ms(late).padStart(12)}`,
    );
  }
  lines.push('');
  for (const [what, times] of [...meter.counts].toSorted(([a], [b]) => a.localeCompare(b))) lines.push(`${what.padEnd(32)}${times}`);
  lines.push(
    '',
    `${clients} clients, ${deliveries} deliveries, ${replayed} of them replayed after a reconnection`,
    `${compared} states on screens compared with what is fetched, ${checked} events looked at for strangers`,
    faults.length === 0
      ? `Everything holds: the ledger sums to zero, no balance is below zero, every order is final, every screen is right, nobody saw a stranger's event (seed ${seed}).`
      : `${faults.length} FAULTS (seed ${seed}):`,
    ...faults.slice(0, 20).map((fault) => `  ${fault}`),
    ...(faults.length > 20 ? [`  … and ${faults.length - 20} more`] : []),
  );
  return lines;
}
