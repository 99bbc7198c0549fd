import { serveRequests } from './ipc.js';

/** Loaded into a gateway, ours and the peer's alike, to have its memory measured after a full collection (`--expose-gc`). */
serveRequests({
  memory: () => {
    for (let round = 0; round < 3; round++) globalThis.gc?.();
    return process.memoryUsage();
  },
});
// It must not keep the process alive, nor end it: the product stops by its own signal.
process.channel?.unref();
