import { describe, expect, test } from '@jest/globals';
import { daysBetween, graceSince, monthsAfter, nextTurnAt, remindedAt, turnAt } from './subscription-clock.js';

const at = (text: string): Date => new Date(text);

describe('periods', () => {
  test('end on the last day of a month that is too short, and return to their day', () => {
    const anchor = at('2026-01-31T09:00:00.000Z');
    const ends = [1, 2, 3, 13, 25].map((months) => monthsAfter(anchor, months, 'UTC').toISOString().slice(0, 10));
    expect(ends).toEqual(['2026-02-28', '2026-03-31', '2026-04-30', '2027-02-28', '2028-02-29']);
  });

  test('keep the time of day there when the clocks change', () => {
    // 10:00 in Berlin before, on the day of, and after the change to summer time.
    expect(monthsAfter(at('2026-02-28T09:00:00.000Z'), 1, 'Europe/Berlin')).toEqual(at('2026-03-28T09:00:00.000Z'));
    expect(monthsAfter(at('2026-02-28T09:00:00.000Z'), 2, 'Europe/Berlin')).toEqual(at('2026-04-28T08:00:00.000Z'));
    expect(monthsAfter(at('2026-10-01T08:00:00.000Z'), 1, 'Europe/Berlin')).toEqual(at('2026-11-01T09:00:00.000Z'));
  });

  test('end later where clocks skip their hour, and at the first where they show it twice', () => {
    expect(monthsAfter(at('2026-02-28T01:30:00.000Z'), 1, 'Europe/Berlin')).toEqual(at('2026-03-28T01:30:00.000Z'));
    expect(monthsAfter(at('2026-02-08T07:30:00.000Z'), 1, 'America/New_York')).toEqual(at('2026-03-08T07:30:00.000Z'));
    expect(monthsAfter(at('2026-10-01T05:30:00.000Z'), 1, 'America/New_York')).toEqual(at('2026-11-01T05:30:00.000Z'));
  });

  test('go by the day there, which may be another than in UTC', () => {
    // The 1st of February in Kolkata.
    expect(monthsAfter(at('2026-01-31T20:00:00.000Z'), 1, 'Asia/Kolkata')).toEqual(at('2026-02-28T20:00:00.000Z'));
  });

  test('days are those of the calendar, however many hours they have', () => {
    expect(daysBetween(at('2026-03-28T23:30:00.000Z'), at('2026-03-30T22:00:00.000Z'), 'Europe/Berlin')).toBe(2);
    expect(daysBetween(at('2026-02-01T00:00:00.000Z'), at('2026-03-01T00:00:00.000Z'), 'UTC')).toBe(28);
  });
});

describe('the turns of the clock', () => {
  const endDate = at('2026-04-02T08:00:00.000Z');
  const running = { status: 'active' as const, endDate, grace: null, reminded: null };

  test('are 7, 3 and 1 days before the end, across a change of clocks, and the end', () => {
    const times = [null, 7, 3, 1].map((reminded) => nextTurnAt({ ...running, reminded }, 'Europe/Berlin'));
    // Summer time begins on the 29th of March: seven days before, clocks were an hour behind.
    expect(times).toEqual([at('2026-03-26T09:00:00.000Z'), at('2026-03-30T08:00:00.000Z'), at('2026-04-01T08:00:00.000Z'), endDate]);
  });

  test('of reminders that were missed only the newest is sent', () => {
    expect(turnAt(running, at('2026-03-30T09:00:00.000Z'), 'UTC')).toEqual({ act: 'remind', days: 3 });
    expect(turnAt({ ...running, reminded: 3 }, at('2026-03-30T09:00:00.000Z'), 'UTC')).toBeNull();
    expect(turnAt(running, endDate, 'UTC')).toEqual({ act: 'end' });
    expect(remindedAt(endDate, at('2026-03-31T00:00:00.000Z'), 'UTC')).toBe(3);
    expect(remindedAt(endDate, at('2026-03-01T00:00:00.000Z'), 'UTC')).toBeNull();
  });

  test('in the days of grace are on days 1, 3, 5 and 7 after the first attempt', () => {
    const grace = graceSince(endDate, 'UTC');
    expect(grace).toEqual({ since: endDate, until: at('2026-04-09T08:00:00.000Z'), attempts: 1 });
    const days = [1, 2, 3, 4].map((attempts) =>
      nextTurnAt({ ...running, status: 'pending', grace: { ...grace, attempts } }, 'UTC')
        ?.toISOString()
        .slice(8, 10),
    );
    expect(days).toEqual(['03', '05', '07', '09']);
  });

  test.each(['expired', 'suspended'] as const)('none for one that is %s', (status) => {
    expect(nextTurnAt({ ...running, status }, 'UTC')).toBeNull();
    expect(turnAt({ ...running, status }, at('2030-01-01T00:00:00.000Z'), 'UTC')).toBeNull();
  });
});
