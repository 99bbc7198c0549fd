import { describe, expect, test } from '@jest/globals';
import type { BonusHours, EarnRule } from '@tidings/contracts';
import { bonusPercent, pointsBy, underCap } from './earning.js';

const at = (time: string): Date => new Date(time);
const rules: EarnRule[] = [
  { kind: 'visit', points: 5 },
  { kind: 'amount', points: 2, per: 1_000 },
  { kind: 'item', points: 7, itemId: 'chai' },
];
const points = (doing: Parameters<typeof pointsBy>[1], bonus: BonusHours[] = [], now = '2026-11-20T12:00:00Z', zone = 'UTC') =>
  pointsBy({ rules, bonus }, doing, at(now), zone);

describe('rules', () => {
  test.each([
    [{}, 0],
    [{ visits: 1 }, 5],
    [{ amount: 999 }, 0],
    [{ amount: 3_999 }, 6],
    [
      {
        items: [
          { itemId: 'chai', quantity: 3 },
          { itemId: 'cake', quantity: 1 },
          { itemId: 'chai', quantity: 1 },
        ],
      },
      28,
    ],
    [{ visits: 1, amount: 1_000, items: [{ itemId: 'chai', quantity: 1 }] }, 14],
  ])('%j gives %i', (doing, given) => expect(points(doing)).toBe(given));

  test.each([
    [300, 300, 21],
    [200, 300, 14],
    [100, 300, 7],
    [299, 300, 20],
    [0, 300, 0],
    [0, 0, 21],
  ])('by item give the share of what is left: %i of %i gives %i', (left, price, given) =>
    expect(points({ items: [{ itemId: 'chai', quantity: 3 }], kept: { left, price } })).toBe(given),
  );

  test('give whole points however high they are', () => {
    const high: EarnRule[] = [{ kind: 'amount', points: 1_000_000_000, per: 1 }];
    expect(pointsBy({ rules: high, bonus: [] }, { amount: 100_000_000_000 }, at('2026-11-20T12:00:00Z'), 'UTC')).toBe(1_000_000_000);
  });
});

describe('bonus hours', () => {
  const friday: BonusHours = { days: ['friday'], hours: { from: '17:00', to: '19:00' }, percent: 150 };

  test('multiply, rounded down, and of two the better holds', () => {
    const better: BonusHours = { ...friday, hours: { from: '18:00', to: '18:30' }, percent: 300 };
    const given = (time: string) => points({ visits: 1 }, [friday, better], `2026-11-20T${time}:00Z`);
    expect([given('16:59'), given('17:00'), given('18:00'), given('18:30'), given('18:59'), given('19:00')]).toEqual([5, 7, 15, 7, 7, 5]);
  });

  test('are by the clock of the merchant, wherever the server stands', () => {
    const percent = (time: string, zone: string) => bonusPercent([friday], at(time), zone);
    expect(percent('2026-11-20T11:30:00Z', 'Asia/Kolkata')).toBe(150);
    expect(percent('2026-11-20T11:29:59Z', 'Asia/Kolkata')).toBe(100);
    expect(percent('2026-11-20T17:30:00Z', 'Asia/Kolkata')).toBe(100);
    expect(percent('2026-11-21T04:30:00Z', 'Pacific/Honolulu')).toBe(150);
  });

  test('that reach past midnight belong to the day on which they began', () => {
    const night: BonusHours = { days: ['friday'], hours: { from: '22:00', to: '02:00' }, percent: 200 };
    const percent = (time: string) => bonusPercent([night], at(time), 'UTC');
    expect(percent('2026-11-20T21:59:00Z')).toBe(100);
    expect(percent('2026-11-20T22:00:00Z')).toBe(200);
    expect(percent('2026-11-21T01:59:00Z')).toBe(200);
    expect(percent('2026-11-21T02:00:00Z')).toBe(100);
    expect(percent('2026-11-20T01:00:00Z')).toBe(100);
    expect(percent('2026-11-21T22:00:00Z')).toBe(100);
  });

  test('follow the clock where it is changed: an hour that comes twice counts twice, one that is left out does not', () => {
    const small: BonusHours = { days: ['sunday'], hours: { from: '02:00', to: '03:00' }, percent: 200 };
    const percent = (time: string) => bonusPercent([small], at(time), 'Europe/Berlin');
    // 25 October 2026: 02:00 to 03:00 is both 00:00Z and 01:00Z.
    expect(['23:59', '00:00', '00:59'].map((time, index) => percent(`2026-10-${index === 0 ? 24 : 25}T${time}:00Z`))).toEqual([
      100, 200, 200,
    ]);
    expect(percent('2026-10-25T01:30:00Z')).toBe(200);
    expect(percent('2026-10-25T02:00:00Z')).toBe(100);
    // 29 March 2026: the clock goes from 02:00 to 03:00.
    expect(percent('2026-03-29T00:59:00Z')).toBe(100);
    expect(percent('2026-03-29T01:00:00Z')).toBe(100);
  });
});

describe('the cap of a day', () => {
  const cap = { capPerDay: 25 };
  test.each([
    ['2026-11-20', 0, 10, 10, 10],
    ['2026-11-20', 20, 10, 5, 25],
    ['2026-11-20', 25, 10, 0, 25],
    ['2026-11-19', 25, 10, 10, 10],
  ])('on a card that has earned on %s %i, %i come to %i', (date, before, wanted, given, after) =>
    expect(underCap(cap, { earned: { date, points: before } }, wanted, '2026-11-20')).toEqual({
      points: given,
      earned: { date: '2026-11-20', points: after },
    }),
  );

  test('is not begun anew by a clock that is behind', () =>
    expect(underCap(cap, { earned: { date: '2026-11-21', points: 25 } }, 10, '2026-11-20')).toEqual({
      points: 0,
      earned: { date: '2026-11-21', points: 25 },
    }));
});
