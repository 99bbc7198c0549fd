import { describe, expect, test } from '@jest/globals';
import { Problem, type Principal } from '@tidings/contracts';
import type { OutboxEvent } from '@tidings/feed';
import { maskSecrets } from './access-log.js';
import { checkIfMatch, etagOf } from './etag.js';
import { eventRefs, eventsHeader } from './feed-headers.js';

const caller: Principal = { userId: 'u', sessionId: 's', roles: ['customer', 'admin'], merchants: ['m'] };
const event = (id: string, feeds: OutboxEvent['feeds']): OutboxEvent => ({
  _id: id,
  type: 'order-ready',
  data: {},
  to: {},
  feeds,
  actor: null,
  at: new Date(),
});

describe('Tidings-Events', () => {
  test("names each event once, at the first of the caller's own feeds", () => {
    const refs = eventRefs(caller, [
      event('a', ['order:1', 'merchant:m', 'user:u']),
      event('b', ['user:other']),
      event('c', [{ feed: 'admin', omit: ['x'] }]),
    ]);
    expect(eventsHeader(refs)).toBe('a@merchant:m, c@admin');
  });

  test('names at most the last twenty', () => {
    const refs = eventRefs(
      caller,
      Array.from({ length: 25 }, (_, i) => event(`e${i}`, ['user:u'])),
    );
    expect(refs.map(({ id }) => id)).toEqual(Array.from({ length: 20 }, (_, i) => `e${i + 5}`));
  });

  test('names nothing to whoever is not logged in', () => {
    expect(eventRefs(null, [event('a', ['announcements'])])).toEqual([]);
  });
});

describe('ETag', () => {
  test('is the version, where there is one', () => {
    expect(etagOf({ version: 3 })).toBe('"v3"');
    expect(etagOf({ version: 'x' })).toBeUndefined();
    expect(etagOf(undefined)).toBeUndefined();
  });

  test.each([undefined, '*', '"v3"', 'W/"v3"', '"v1", "v3"'])('If-Match %s lets the change through', (header) => {
    expect(() => checkIfMatch(header, 3, () => ({}))).not.toThrow();
  });

  test.each(['"v2"', 'v3', '', 'nonsense'])('If-Match %s does not', (header) => {
    expect(() => checkIfMatch(header, 3, () => ({ version: 3 }))).toThrow(Problem);
  });
});

test('secrets in a query string do not reach the log', () => {
  expect(maskSecrets('/api/feeds/stream?feeds=plans&ticket=abc&x=1')).toBe('/api/feeds/stream?feeds=plans&ticket=[masked]&x=1');
});
