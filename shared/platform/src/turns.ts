import { Problem } from '@tidings/contracts';
import { BeginAgain } from './mongo.js';
import { within } from './time.js';

/** One who takes turns with others, for one transaction with all its attempts. */
export interface Turns {
  /**
   * Has the turn at all of these keys until `leave`. Where another one has it, the transaction is given up, so that nothing of it is open
   * while it waits, and begins anew when the turn has come.
   * @throws BeginAgain where it has to wait; its wait throws Problem `unavailable` when that takes too long
   */
  want(keys: readonly string[]): void;
  /** The next ones go on. */
  leave(): void;
}

/**
 * Lines in this process, one for each key and first come, first served, for transactions that would only conflict with each other. Nothing is
 * correct because of them: they know of no other process, and the transaction's own guards hold without them.
 * @param maxWaitMs how long one waits in a line
 */
export function createLines({ maxWaitMs }: { maxWaitMs: number }): () => Turns {
  /** Resolves when the last one of the line, and so all before, have left. */
  const ends = new Map<string, Promise<void>>();

  /** Stands in all lines in the same moment: nobody waits in one for somebody who waits in another for them. */
  const stand = (keys: ReadonlySet<string>) => {
    const before = [...keys].flatMap((key) => ends.get(key) ?? []);
    let leave = (): void => undefined;
    const left = new Promise<void>((resolve) => (leave = resolve));
    // Who leaves before their turn lets nobody past those before them.
    const end: Promise<void> = Promise.all([...before, left]).then(() => {
      for (const key of keys) if (ends.get(key) === end) ends.delete(key);
    });
    for (const key of keys) ends.set(key, end);
    return { turn: before.length > 0 ? Promise.all(before) : null, leave };
  };

  return () => {
    let held: ReadonlySet<string> = new Set();
    let leave = (): void => undefined;
    return {
      want(keys) {
        if (keys.every((key) => held.has(key))) return;
        // With the new ones, behind all others: no turn is kept while waiting for another.
        leave();
        held = new Set([...held, ...keys]);
        const place = stand(held);
        leave = place.leave;
        const { turn } = place;
        if (turn) throw new BeginAgain(() => within(maxWaitMs, () => turn).then(() => undefined, asBusy));
      },
      leave: () => leave(),
    };
  };
}

function asBusy(cause: unknown): never {
  throw new Problem('unavailable', 'Too many others want the same; try again', { cause, retryAfterSeconds: 1 });
}
