import { describe, expect, test } from '@jest/globals';
import { maturityOf, returnsOf } from './terms.js';

describe('what a term brings', () => {
  test.each([
    [10_000, 250, 250],
    [10_001, 250, 250],
    [39, 250, 0],
    [40, 250, 1],
    [100, 0, 0],
    [100_000_000_000, 100_000, 1_000_000_000_000],
    // Past what a double holds exactly in between.
    [99_999_999_999, 99_999, 999_989_999_990],
  ])('of %d at %d basis points is %d, rounded down', (amount, roiBp, returns) => {
    expect(returnsOf({ amount, roiBp })).toBe(returns);
  });
});

describe('a term', () => {
  test.each([
    ['2026-01-31T10:00:00.000Z', 30, '2026-03-02T10:00:00.000Z'],
    ['2028-02-28T23:59:59.999Z', 1, '2028-02-29T23:59:59.999Z'],
    // Clocks go forward in Berlin on 29 March 2026, back on 25 October; in New York on 8 March and 1 November.
    ['2026-03-28T12:00:00.000Z', 2, '2026-03-30T12:00:00.000Z'],
    ['2026-10-24T12:00:00.000Z', 2, '2026-10-26T12:00:00.000Z'],
    ['2026-10-31T05:30:00.000Z', 2, '2026-11-02T05:30:00.000Z'],
  ])('from %s of %d days ends at %s: days of 24 hours, whatever clocks and months do', (from, days, end) => {
    expect(maturityOf(new Date(from), days).toISOString()).toBe(end);
  });
});
