import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';

/** The short form on the compiled processes: that every row runs to its end and loses nothing. No word about time. */
function run(): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(__dirname, 'dist', 'main.js'), '--short'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (text: Buffer) => (output += text.toString()));
    child.stderr.on('data', (text: Buffer) => (output += text.toString()));
    child.on('close', (code) => resolve({ code, output }));
  });
}

describe('the benchmark', () => {
  test('measures every row on real processes, loses nothing and prints its table', async () => {
    const { code, output } = await run();
    expect(output).toContain('Nothing was lost.');
    for (const row of [
      'commit → client',
      'orders/s to one vendor',
      'orders/s of one counted item',
      'relay,',
      'one event to',
      'events/s over',
      'server-sent events to',
      'memory per idle',
      'gateway CPU per delivery at',
      'come back at once',
      'investments follow a plan',
      'customers by last-visit',
      'scan log, far behind',
      'figures of 90 days',
    ]) {
      expect(output).toContain(row);
    }
    expect(output).not.toContain('NaN');
    expect(code).toBe(0);
  }, 420_000);
});
