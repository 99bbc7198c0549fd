import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { inOrder, timeSchema } from './common.js';
import { allRoutes } from './routes.js';

const pairs = { time: ['from', 'to'], amount: ['min', 'max'], span: ['startsAt', 'endsAt'] } as const;
const early = { time: '2026-01-01T00:00:00.000Z', date: '2026-01-01', number: '5' };
const late = { time: '2026-01-02T00:00:00.000Z', date: '2026-01-02', number: '6' };
/** What else a body must have. */
const required: Record<string, object> = { createSystemEvent: { title: 'Upgrade', message: 'Away', kind: 'maintenance' } };

interface Case {
  name: string;
  first: string;
  second: string;
  parse: (pair: Record<string, string>) => { success: boolean; paths: string[] };
}

const cases = allRoutes.flatMap(({ name, query, body }) =>
  [query, body].flatMap((schema): Case[] => {
    const object = schema instanceof z.ZodDefault ? schema.unwrap() : schema;
    if (!(object instanceof z.ZodObject)) return [];
    return Object.values(pairs)
      .filter(([first, second]) => first in object.shape && second in object.shape)
      .map(([first, second]) => ({
        name,
        first,
        second,
        parse: (pair) => {
          const parsed = (schema as z.ZodType).safeParse({ ...required[name], ...pair });
          return { success: parsed.success, paths: parsed.error?.issues.map(({ path }) => path.join('.')) ?? [] };
        },
      }));
  }),
);

describe('pairs', () => {
  test('are known: a route that has a new one is here by itself', () => {
    expect(cases.map(({ name, first }) => `${name}: ${first}`).toSorted()).toEqual([
      'createReconciliation: from',
      'createSystemEvent: startsAt',
      'exportAnalytics: from',
      'getAnalytics: from',
      'getSales: from',
      'listAdminTransactions: from',
      'listAdminTransactions: min',
      'listAudit: from',
    ]);
  });

  test.each(cases)('$name refuses $second before $first, and names it', ({ first, second, parse }) => {
    const kinds = (['time', 'date', 'number'] as const).filter((kind) => parse({ [first]: early[kind] }).success);
    expect(kinds).not.toEqual([]);
    for (const kind of kinds) {
      expect(parse({ [first]: late[kind], [second]: early[kind] })).toEqual({ success: false, paths: [second] });
      expect(parse({ [first]: early[kind], [second]: late[kind] }).success).toBe(true);
      expect(parse({ [first]: early[kind], [second]: early[kind] }).success).toBe(true);
    }
  });

  test('times go by the clock, however many digits their seconds have', () => {
    const schema = inOrder(z.strictObject({ from: timeSchema, to: timeSchema }), ['from', 'to']);
    expect(schema.safeParse({ from: '2026-01-01T00:00:00Z', to: '2026-01-01T00:00:00.5Z' }).success).toBe(true);
    expect(schema.safeParse({ from: '2026-01-01T00:00:00.5Z', to: '2026-01-01T00:00:00Z' }).success).toBe(false);
  });
});
