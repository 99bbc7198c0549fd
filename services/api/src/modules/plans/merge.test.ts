import { describe, expect, test } from '@jest/globals';
import type { PlanFields } from '@tidings/contracts';
import { differences, mergeThreeWays } from './merge.js';

const base: PlanFields = {
  name: 'Gold',
  description: null,
  roi: 2.5,
  duration: 30,
  minAmount: 100,
  maxAmount: null,
  currency: 'INR',
  capacity: null,
  publishAt: null,
};

describe('a three-way merge', () => {
  test('takes what only one of the two has changed', () => {
    const current = { ...base, roi: 3.5 };
    expect(mergeThreeWays(base, current, { duration: 60 })).toEqual({
      taken: { duration: 60 },
      proposal: { ...current, duration: 60 },
      conflicts: [],
    });
  });

  test('takes nothing back by what a form sends along as it was', () => {
    const current = { ...base, roi: 3.5, description: 'New' };
    const form = { ...base, duration: 60 };
    expect(mergeThreeWays(base, current, form)).toMatchObject({ taken: { duration: 60 }, conflicts: [] });
  });

  test('names each field that both have changed, and proposes the one that is there', () => {
    const current = { ...base, roi: 3.5, maxAmount: 500 };
    const { proposal, conflicts, taken } = mergeThreeWays(base, current, { roi: 4, maxAmount: 500, name: 'Golden' });
    expect(conflicts).toEqual([{ field: 'roi', base: 2.5, current: 3.5, mine: 4 }]);
    expect(taken).toEqual({ maxAmount: 500, name: 'Golden' });
    expect(proposal).toEqual({ ...current, name: 'Golden' });
  });

  test('a limit that is taken away is a change as any other', () => {
    const limited = { ...base, capacity: 1_000 };
    expect(mergeThreeWays(limited, { ...limited, roi: 3 }, { capacity: null }).proposal).toEqual({ ...base, roi: 3 });
    expect(differences(limited, base)).toEqual([{ field: 'capacity', from: 1_000, to: null }]);
  });
});
