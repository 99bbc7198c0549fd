import { setTimeout as pause } from 'node:timers/promises';

const tickMs = 10;

/** Calls `emit` every 10 ms with the numbers of the events that are due, until `perSecond * seconds` are out. */
export async function pace(options: { perSecond: number; seconds: number; emit: (from: number, to: number) => void }): Promise<number> {
  const { perSecond, seconds, emit } = options;
  const total = Math.round(perSecond * seconds);
  const start = performance.now();
  for (let sent = 0; sent < total;) {
    const due = Math.min(total, Math.floor(((performance.now() - start) / 1_000) * perSecond));
    if (due > sent) emit(sent, due);
    sent = due;
    await pause(tickMs);
  }
  return total;
}
