/** Waits for what a client has got: looked at again whenever something comes. */
export interface Looks {
  /** Resolves with what `look` finds, once it finds something. */
  wait<T>(look: () => T | undefined): Promise<T>;
  /** Something has come. */
  changed(): void;
}

export function createLooks(): Looks {
  const waiting = new Set<() => void>();
  return {
    wait: (look) =>
      new Promise((resolve) => {
        const check = (): void => {
          const found = look();
          if (found === undefined) return;
          waiting.delete(check);
          resolve(found);
        };
        waiting.add(check);
        check();
      }),
    changed() {
      for (const look of waiting) look();
    },
  };
}
