import { describe, expect, test } from '@jest/globals';
import { BeginAgain } from './mongo.js';
import { createLines, type Turns } from './turns.js';

const maxWaitMs = 60_000;

/** What the transaction would wait for. */
function waitOf(turns: Turns, keys: readonly string[]): Promise<void> | undefined {
  try {
    turns.want(keys);
    return undefined;
  } catch (error) {
    if (error instanceof BeginAgain) return error.wait();
    throw error;
  }
}

describe('turns', () => {
  test('at one key come one after the other, first come, first served', async () => {
    const turnsOf = createLines({ maxWaitMs });
    const order: number[] = [];
    let inside = 0;
    await Promise.all(
      Array.from({ length: 10 }, async (_, number) => {
        const turns = turnsOf();
        await waitOf(turns, ['tea']);
        expect(waitOf(turns, ['tea'])).toBeUndefined();
        expect(++inside).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        inside--;
        order.push(number);
        turns.leave();
      }),
    );
    expect(order).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  });

  test('at several keys are taken together, so that nobody waits crosswise', async () => {
    const turnsOf = createLines({ maxWaitMs });
    const keys = ['tea', 'cake', 'juice'];
    let done = 0;
    await Promise.all(
      Array.from({ length: 30 }, async (_, number) => {
        const turns = turnsOf();
        await waitOf(turns, [keys[number % 3]!, keys[(number + 1) % 3]!]);
        // One that is found out late: the others are given up for it.
        await waitOf(turns, [keys[(number + 2) % 3]!]);
        turns.leave();
        done++;
      }),
    );
    expect(done).toBe(30);
    expect(waitOf(turnsOf(), keys)).toBeUndefined();
  });

  test('at other keys wait for nobody', () => {
    const turnsOf = createLines({ maxWaitMs });
    expect(waitOf(turnsOf(), ['tea'])).toBeUndefined();
    expect(waitOf(turnsOf(), ['cake'])).toBeUndefined();
    expect(waitOf(turnsOf(), [])).toBeUndefined();
  });

  test('end the wait of whoever waits too long, and nobody gets past the one who has it', async () => {
    const turnsOf = createLines({ maxWaitMs: 1 });
    const [first, second, third] = [turnsOf(), turnsOf(), turnsOf()];
    expect(waitOf(first, ['tea'])).toBeUndefined();
    await expect(waitOf(second, ['tea'])).rejects.toMatchObject({ code: 'unavailable' });
    second.leave();
    await expect(waitOf(third, ['tea'])).rejects.toMatchObject({ code: 'unavailable' });
    third.leave();
    first.leave();
    await new Promise((resolve) => setImmediate(resolve));
    expect(waitOf(turnsOf(), ['tea'])).toBeUndefined();
  });
});
