import { describe, expect, test } from '@jest/globals';
import { gather } from './gather.js';

describe('gather', () => {
  test('does together what is asked for in one turn, and then what is asked for while that runs', async () => {
    const runs: string[][] = [];
    let release = (): void => undefined;
    const ask = gather(async (items: readonly string[]) => {
      runs.push([...items]);
      if (runs.length === 1) await new Promise<void>((resolve) => (release = resolve));
      return runs.length;
    });
    const first = [ask('a'), ask('b')];
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect(runs).toEqual([['a', 'b']]);
    const later = [ask('c'), ask('d')];
    await new Promise((resolve) => setImmediate(resolve));
    expect(runs).toEqual([['a', 'b']]);
    release();
    expect(await Promise.all([...first, ...later])).toEqual([1, 1, 2, 2]);
    expect(runs).toEqual([
      ['a', 'b'],
      ['c', 'd'],
    ]);
    expect(await ask('e')).toBe(3);
  });

  test('tells each who asked of a failure, and goes on', async () => {
    let fails = true;
    const ask = gather(async (items: readonly number[]) => {
      if (fails) throw new Error('away');
      return items.length;
    });
    const asked = await Promise.allSettled([ask(1), ask(2)]);
    expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    fails = false;
    expect(await ask(3)).toBe(1);
  });
});
