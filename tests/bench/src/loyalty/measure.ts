import { get } from '../post.js';
import { cpuOf } from '../processes.js';
import type { Service } from '../rig.js';
import type { Ask } from './asks.js';
import type { Store } from './store.js';

export interface Measured {
  /** Milliseconds of each request, over HTTP. */
  warm: number[];
  /** Of the first request of its kind after each restart. */
  cold: number[];
  bytes: number;
  /** Milliseconds of CPU for each warm request, of the API and of `mongod`: what it costs, however busy the machine is. */
  cpu: readonly [api: number, mongod: number];
}

interface Caller {
  api: Service;
  token: string;
}

/** @returns milliseconds @throws Error for any answer that is not what the contract says */
async function once({ api, token }: Caller, { name, path, check }: Ask, turn: number): Promise<{ took: number; text: string }> {
  const start = performance.now();
  const { status, text } = await get(api.url + path(turn), { authorization: `Bearer ${token}` });
  const took = performance.now() - start;
  if (status !== 200) throw new Error(`${name}: ${status} ${text}`);
  check.parse(JSON.parse(text));
  return { took, text };
}

/** One request after the other: what a person waits for on a machine that does nothing else. */
export async function measureWarm(store: Store, caller: Caller, asks: readonly Ask[], times: number): Promise<Map<string, Measured>> {
  const mongod = await store.mongod();
  const measured = new Map<string, Measured>();
  for (const ask of asks) {
    // All forms of it once, or so many: what is cached then is.
    for (let turn = 0; turn < Math.min(times, 50); turn++) await once(caller, ask, turn);
    const warm: number[] = [];
    let bytes = 0;
    const [api, database = 0] = await cpuOf([caller.api, ...mongod], async () => {
      for (let turn = 0; turn < times; turn++) {
        if (ask.forget) await store.emptyRedis();
        const { took, text } = await once(caller, ask, turn);
        warm.push(took);
        bytes = Math.max(bytes, text.length);
      }
    });
    const cpu = [(api! * 1_000) / times, (database * 1_000) / times] as const;
    measured.set(ask.name, { warm, cold: [], bytes, cpu });
  }
  return measured;
}

/** Each kind once after each restart, in an order that changes: what comes first warms some of what comes after it. */
export async function measureCold(
  store: Store,
  caller: Caller,
  { asks, measured, restarts }: { asks: readonly Ask[]; measured: ReadonlyMap<string, Measured>; restarts: number },
): Promise<void> {
  for (let restart = 0; restart < restarts; restart++) {
    await store.chill(caller.api);
    const shift = Math.floor((restart * asks.length) / restarts);
    for (const ask of [...asks.slice(shift), ...asks.slice(0, shift)]) {
      if (ask.forget) await store.emptyRedis();
      const { took } = await once(caller, ask, 1_000 + restart);
      measured.get(ask.name)!.cold.push(took);
    }
  }
}

/** The cursors of some pages far behind the first, found as a client finds them. */
export async function walk(caller: Caller, path: string, pages: number): Promise<string[]> {
  const cursors: string[] = [];
  let items = 0;
  for (let page = 0, cursor = ''; page < pages; page++) {
    const { status, text } = await get(`${caller.api.url}${path}&limit=100${cursor && `&cursor=${cursor}`}`, {
      authorization: `Bearer ${caller.token}`,
    });
    if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
    const { items: found, nextCursor } = JSON.parse(text) as { items: unknown[]; nextCursor: string | null };
    items += found.length;
    if (nextCursor === null) break;
    cursor = nextCursor;
    if (page >= pages / 2) cursors.push(cursor);
  }
  if (cursors.length === 0) throw new Error(`${path} has only ${items} items`);
  return cursors.slice(-50);
}
