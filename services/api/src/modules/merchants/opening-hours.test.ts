import { describe, expect, test } from '@jest/globals';
import { weekdays, type OpeningHours, type OpenInterval } from '@tidings/contracts';
import fc from 'fast-check';
import { sellingStatus, type SellingRules } from './opening-hours.js';

const rules = (fields: Partial<SellingRules> = {}): SellingRules => ({
  timeZone: 'UTC',
  hours: null,
  exceptions: [],
  pause: null,
  ...fields,
});
const daily = (from: string, to: string): OpeningHours => Object.fromEntries(weekdays.map((day) => [day, [{ from, to }]]));
const at = (time: string) => new Date(time);
const isOpen = (of: SellingRules, time: string) => sellingStatus(of, at(time)).open;
const turnsOf = (of: SellingRules, from: string, count: number): string[] => {
  const turns: string[] = [];
  let now: Date | null = at(from);
  while (now && turns.length < count) {
    now = sellingStatus(of, now).nextChangeAt;
    if (now) turns.push(now.toISOString().slice(0, 16));
  }
  return turns;
};

describe('opening hours', () => {
  test('a merchant that has set nothing is always open', () => {
    expect(sellingStatus(rules(), at('2026-11-21T03:00:00Z'))).toEqual({ open: true, paused: false, nextChangeAt: null });
  });

  test('a merchant with hours of no day is never open', () => {
    expect(sellingStatus(rules({ hours: {} }), at('2026-11-21T12:00:00Z'))).toEqual({ open: false, paused: false, nextChangeAt: null });
  });

  test('they begin with their first instant and end before their last', () => {
    const lunch = rules({ hours: daily('11:00', '15:00') });
    expect(isOpen(lunch, '2026-11-21T10:59:59.999Z')).toBe(false);
    expect(isOpen(lunch, '2026-11-21T11:00:00Z')).toBe(true);
    expect(isOpen(lunch, '2026-11-21T14:59:59.999Z')).toBe(true);
    expect(isOpen(lunch, '2026-11-21T15:00:00Z')).toBe(false);
  });

  test("are by the clock of the merchant's time zone", () => {
    const lunch = rules({ hours: { saturday: [{ from: '11:00', to: '15:00' }] }, timeZone: 'Asia/Kolkata' });
    // 21 November 2026 is a Saturday; Kolkata is 5:30 ahead.
    expect(isOpen(lunch, '2026-11-21T05:30:00Z')).toBe(true);
    expect(isOpen(lunch, '2026-11-21T09:30:00Z')).toBe(false);
    const early = rules({ hours: { sunday: [{ from: '00:00', to: '02:00' }] }, timeZone: 'Pacific/Auckland' });
    expect(isOpen(early, '2026-11-21T11:30:00Z')).toBe(true);
  });

  test('several on one day, and over midnight into a day that has none', () => {
    const bar = rules({
      hours: {
        friday: [
          { from: '11:00', to: '14:00' },
          { from: '18:00', to: '02:00' },
        ],
      },
    });
    expect(turnsOf(bar, '2026-11-20T00:00:00Z', 5)).toEqual([
      '2026-11-20T11:00',
      '2026-11-20T14:00',
      '2026-11-20T18:00',
      '2026-11-21T02:00',
      '2026-11-27T11:00',
    ]);
    expect(isOpen(bar, '2026-11-21T01:59:00Z')).toBe(true);
  });

  test('from midnight to midnight they are the whole day, and two such days have no turn between them', () => {
    const weekend = rules({ hours: { saturday: [{ from: '00:00', to: '00:00' }], sunday: [{ from: '00:00', to: '00:00' }] } });
    expect(turnsOf(weekend, '2026-11-20T12:00:00Z', 3)).toEqual(['2026-11-21T00:00', '2026-11-23T00:00', '2026-11-28T00:00']);
    expect(sellingStatus(rules({ hours: daily('00:00', '00:00') }), at('2026-11-20T12:00:00Z')).nextChangeAt).toBeNull();
  });

  test('an exception replaces what begins on its date, and leaves what began the evening before', () => {
    const bar = rules({
      hours: daily('18:00', '02:00'),
      exceptions: [
        { date: '2026-11-21', hours: [] },
        { date: '2026-11-22', hours: [{ from: '10:00', to: '11:00' }] },
      ],
    });
    expect(turnsOf(bar, '2026-11-20T20:00:00Z', 5)).toEqual([
      '2026-11-21T02:00',
      '2026-11-22T10:00',
      '2026-11-22T11:00',
      '2026-11-23T18:00',
      '2026-11-24T02:00',
    ]);
  });

  test('a long holiday ends with the first usual day behind it', () => {
    const exceptions = Array.from({ length: 30 }, (_, day) => ({
      date: new Date(Date.UTC(2026, 11, 1 + day)).toISOString().slice(0, 10),
      hours: [],
    }));
    const weekly = rules({ hours: { wednesday: [{ from: '10:00', to: '16:00' }] }, exceptions });
    expect(turnsOf(weekly, '2026-11-26T00:00:00Z', 2)).toEqual(['2027-01-06T10:00', '2027-01-06T16:00']);
    const always = rules({ exceptions });
    expect(turnsOf(always, '2026-11-26T00:00:00Z', 3)).toEqual(['2026-12-01T00:00', '2026-12-31T00:00']);
  });
});

describe('when clocks change', () => {
  const berlin = (from: string, to: string) => rules({ hours: daily(from, to), timeZone: 'Europe/Berlin' });

  test('hours keep to the wall clock', () => {
    expect(turnsOf(berlin('10:00', '22:00'), '2026-03-28T00:00:00Z', 4)).toEqual([
      '2026-03-28T09:00',
      '2026-03-28T21:00',
      '2026-03-29T08:00',
      '2026-03-29T20:00',
    ]);
  });

  test('a time that is skipped in spring comes as much later', () => {
    // 02:00 to 03:00 does not exist on 29 March 2026.
    expect(turnsOf(berlin('02:30', '10:00'), '2026-03-29T00:00:00Z', 2)).toEqual(['2026-03-29T01:30', '2026-03-29T08:00']);
  });

  test('of a time that comes twice in autumn the first counts, and it does not open twice', () => {
    // 02:00 to 03:00 comes twice on 25 October 2026.
    expect(turnsOf(berlin('02:30', '10:00'), '2026-10-25T00:00:00Z', 2)).toEqual(['2026-10-25T00:30', '2026-10-25T09:00']);
    expect(turnsOf(berlin('20:00', '02:30'), '2026-10-24T19:00:00Z', 2)).toEqual(['2026-10-25T00:30', '2026-10-25T19:00']);
  });
});

describe('a pause', () => {
  test('closes until its end, when the hours decide again', () => {
    const until = at('2026-11-21T12:00:00Z');
    const paused = rules({ hours: daily('11:00', '15:00'), pause: { until } });
    expect(sellingStatus(paused, at('2026-11-21T11:30:00Z'))).toEqual({ open: false, paused: true, nextChangeAt: until });
    expect(sellingStatus(paused, until)).toEqual({ open: true, paused: false, nextChangeAt: at('2026-11-21T15:00:00Z') });
  });

  test('without an end it stays', () => {
    expect(sellingStatus(rules({ pause: { until: null } }), at('2030-01-01T00:00:00Z'))).toEqual({
      open: false,
      paused: true,
      nextChangeAt: null,
    });
  });
});

test('between now and the next turn nothing changes, and it does change there, whatever the hours', () => {
  const time = fc.tuple(fc.integer({ min: 0, max: 23 }), fc.integer({ min: 0, max: 59 })).map((parts) => parts.map(two).join(':'));
  const intervals: fc.Arbitrary<OpenInterval[]> = fc.array(fc.record({ from: time, to: time }), { maxLength: 3 });
  const hours = fc.option(fc.record(Object.fromEntries(weekdays.map((day) => [day, intervals])), { requiredKeys: [] }));
  const date = fc.integer({ min: 0, max: 20 }).map((days) => new Date(Date.UTC(2026, 2, 20 + days)).toISOString().slice(0, 10));
  const exceptions = fc.uniqueArray(fc.record({ date, hours: intervals }), { maxLength: 4, selector: (one) => one.date });
  const timeZone = fc.constantFrom('UTC', 'Europe/Berlin', 'Asia/Kolkata', 'America/New_York', 'Pacific/Apia');
  const now = fc.integer({ min: Date.UTC(2026, 2, 20), max: Date.UTC(2026, 3, 10) }).map((ms) => new Date(ms));
  fc.assert(
    fc.property(hours, exceptions, timeZone, now, fc.double({ min: 0, max: 1, noNaN: true }), (given, except, zone, start, part) => {
      const of = rules({ hours: given as OpeningHours | null, exceptions: except, timeZone: zone });
      const { open, nextChangeAt } = sellingStatus(of, start);
      const end = nextChangeAt ?? new Date(start.getTime() + 40 * 86_400_000);
      const between = new Date(start.getTime() + Math.floor((end.getTime() - start.getTime() - 1) * part));
      expect(sellingStatus(of, between)).toEqual({ open, paused: false, nextChangeAt });
      if (nextChangeAt) expect(sellingStatus(of, nextChangeAt).open).toBe(!open);
    }),
    { numRuns: 60 },
  );
});

const two = (value: number): string => String(value).padStart(2, '0');
