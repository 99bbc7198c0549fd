import { serveRequests } from './ipc.js';
import { settledMemory } from './settled-memory.js';

/** Loaded into a gateway, ours and the peer's alike, to have its memory measured after a full collection (`--expose-gc`). */
serveRequests({ memory: settledMemory });
// It must not keep the process alive, nor end it: the product stops by its own signal.
process.channel?.unref();
