import type { Tally } from './clients-process.js';

/** One line of the table. */
export interface Line {
  what: string;
  tidings: string;
  peer?: string;
  /** Ours against the peer's, of each round; the median is judged. */
  ratio?: string;
  aim: string;
  met: boolean;
}

export interface RowResult {
  lines: Line[];
  /** Measured beside, for whoever wants to know where the time goes. */
  notes: string[];
  losses: number;
}

export interface RowOptions {
  rounds: number;
  /** Everything a tenth or less: to see that it runs. */
  short: boolean;
  log: (line: string) => void;
}

export type Row = (options: RowOptions) => Promise<RowResult>;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

/** What is missing or came out of order, and connections that ended. */
export function lossesOf({ received, outOfOrder, ended }: Tally, expected: number): number {
  return Math.abs(expected - received) + outOfOrder + ended.length;
}

export function printTable(lines: readonly Line[]): string {
  const header = ['what', 'Tidings', 'peer', 'ratio', 'aim', ''];
  const rows = lines.map(({ what, tidings, peer = '', ratio = '', aim, met }) => [what, tidings, peer, ratio, aim, met ? 'met' : 'missed']);
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]!.length)));
  const print = (row: readonly string[]): string => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`;
  return [print(header), `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`, ...rows.map(print)].join('\n');
}
