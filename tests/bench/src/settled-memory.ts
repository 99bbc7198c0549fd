import { setTimeout as pause } from 'node:timers/promises';

/** After full collections, with time for V8 to give pages back, which it does in another thread. Needs `--expose-gc`. */
export async function settledMemory(): Promise<NodeJS.MemoryUsage> {
  for (let round = 0; round < 3; round++) {
    globalThis.gc?.();
    await pause(300);
  }
  return process.memoryUsage();
}
