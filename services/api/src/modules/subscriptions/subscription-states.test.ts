import { describe, expect, test } from '@jest/globals';
import { subscriptionStatuses, type SubscriptionStatus } from '@tidings/contracts';
import { byAdmin, next, stoppedBy, transitions, type Happening } from './subscription-states.js';

/** Written down a second time, from the rules and not from the table. */
const allowed: readonly (readonly [SubscriptionStatus, Happening, SubscriptionStatus])[] = [
  ['active', 'paid', 'active'],
  ['active', 'unpaid', 'pending'],
  ['active', 'ended', 'expired'],
  ['active', 'suspended', 'suspended'],
  ['active', 'cancelled', 'cancelled'],
  ['pending', 'paid', 'active'],
  ['pending', 'unpaid', 'pending'],
  ['pending', 'ended', 'expired'],
  ['pending', 'suspended', 'suspended'],
  ['pending', 'reinstated', 'active'],
  ['pending', 'cancelled', 'expired'],
  ['expired', 'paid', 'active'],
  ['expired', 'suspended', 'suspended'],
  ['expired', 'reinstated', 'active'],
  ['suspended', 'reinstated', 'active'],
  ['suspended', 'cancelled', 'cancelled'],
  ['cancelled', 'paid', 'active'],
  ['cancelled', 'ended', 'expired'],
  ['cancelled', 'suspended', 'suspended'],
  ['cancelled', 'reinstated', 'active'],
  ['cancelled', 'resumed', 'active'],
];

const pairs = subscriptionStatuses.flatMap((from) =>
  (Object.keys(transitions[from]) as Happening[]).map((happening) => {
    const to = allowed.find((row) => row[0] === from && row[1] === happening)?.[2] ?? null;
    return { from, happening, to };
  }),
);

describe('the states of a subscription', () => {
  test('know every pair of a status and what may happen', () => {
    expect(pairs).toHaveLength(5 * 7);
    expect(pairs.filter(({ to }) => to !== null)).toHaveLength(allowed.length);
  });

  test.each(pairs)('$from, $happening: $to', ({ from, happening, to }) => {
    if (to === null) expect(() => next(from, happening)).toThrow(expect.objectContaining({ code: 'invalid-transition' }));
    else expect(next(from, happening)).toBe(to);
  });

  test('nobody pays or waits their way out of a suspension', () => {
    expect([transitions.suspended.paid, transitions.suspended.ended, transitions.suspended.resumed]).toEqual([null, null, null]);
  });

  test('each that an administrator sets is something that happens', () => {
    for (const status of subscriptionStatuses) {
      const becomes = subscriptionStatuses.map((from) => transitions[from][byAdmin[status]]).filter((to) => to !== null);
      expect(becomes).toContain(status);
    }
  });

  test('expired and suspended alone end selling', () => {
    expect(subscriptionStatuses.filter((status) => stoppedBy(status))).toEqual(['expired', 'suspended']);
  });
});
