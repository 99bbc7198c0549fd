/** Numbers from 0 up to 1, the same for the same seed (mulberry32): two runs fill the same store. */
export interface Random {
  (): number;
  /** A whole number from 0 up to `end`, without it. */
  below(end: number): number;
  oneOf<T>(values: readonly T[]): T;
}

export function createRandom(seed: number): Random {
  let state = seed;
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (end: number): number => Math.floor(next() * end);
  return Object.assign(next, { below, oneOf: <T>(values: readonly T[]): T => values[below(values.length)]! });
}

/** Ids as the product's: they grow with time. @param at milliseconds */
export function createIds(seed: number): (at: number) => string {
  let count = 0;
  const run = seed.toString(16).padStart(8, '0').slice(-8);
  return (at) =>
    `${Math.floor(at / 1_000)
      .toString(16)
      .padStart(8, '0')}${run}${(count++).toString(16).padStart(8, '0')}`;
}
