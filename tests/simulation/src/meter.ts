/** What was done, how often, how long it took, and what was refused. */
export interface Meter {
  /** Does it and notes how long it took, also when it throws. */
  time<T>(what: string, work: () => Promise<T>): Promise<T>;
  note(what: string, milliseconds: number): void;
  count(what: string, times?: number): void;
  /** Something that must not happen. */
  fault(what: string): void;
  readonly times: ReadonlyMap<string, readonly number[]>;
  readonly counts: ReadonlyMap<string, number>;
  readonly faults: readonly string[];
}

export function createMeter(): Meter {
  const times = new Map<string, number[]>();
  const counts = new Map<string, number>();
  const faults: string[] = [];
  const note = (what: string, milliseconds: number): void => {
    const list = times.get(what);
    if (list) list.push(milliseconds);
    else times.set(what, [milliseconds]);
  };
  return {
    async time(what, work) {
      const start = performance.now();
      try {
        return await work();
      } finally {
        note(what, performance.now() - start);
      }
    },
    note,
    count: (what, by = 1) => void counts.set(what, (counts.get(what) ?? 0) + by),
    fault: (what) => void faults.push(what),
    times,
    counts,
    faults,
  };
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
