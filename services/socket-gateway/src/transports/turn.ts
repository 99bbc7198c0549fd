/** Has something to write at the end of this turn of the event loop, once for all that it got in it. */
export interface Flushed {
  flush(): void;
}

let waiting: Flushed[] = [];

/** Flushes at the end of this turn. The caller asks once for each turn. */
export function atEndOfTurn(one: Flushed): void {
  if (waiting.length === 0) setImmediate(flushAll);
  waiting.push(one);
}

function flushAll(): void {
  const all = waiting;
  waiting = [];
  for (const one of all) one.flush();
}
