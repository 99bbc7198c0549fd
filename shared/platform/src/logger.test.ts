import { expect, test } from '@jest/globals';
import { createLogger } from './logger.js';

const secret = 'hush-hush-hush';
const jwt = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI0MiJ9.c2lnbmF0dXJl';
const apiKey = `tk_0123456789abcdef01234567_${'aB3_-'.repeat(8)}xyz`;
const code = 'TDG1.user.a1B2c3.42.zzz.Abc123Abc123Abc123Abc1';

function logged(write: (logger: ReturnType<typeof createLogger>) => void): { text: string; line: Record<string, unknown> } {
  const lines: string[] = [];
  write(createLogger({ name: 'test', level: 'debug' }, { write: (line) => void lines.push(line) }));
  return { text: lines.join(''), line: JSON.parse(lines[0] ?? '{}') as Record<string, unknown> };
}

test('every header of a request that is a secret is masked', () => {
  const headers = {
    authorization: secret,
    cookie: secret,
    'stripe-signature': secret,
    'x-razorpay-signature': secret,
    'webhook-signature': secret,
  };
  const { line } = logged((logger) => logger.warn({ req: { headers: { ...headers, accept: '*/*' } } }, 'Look'));
  const masked = Object.fromEntries(Object.keys(headers).map((name) => [name, '[masked]']));
  expect(line['req']).toEqual({ headers: { ...masked, accept: '*/*' } });
});

test.each([
  'password',
  'token',
  'accessToken',
  'refresh_token',
  'ticket',
  'clientSecret',
  'authorization',
  'Proxy-Authorization',
  'cookie',
  'set-cookie',
  'Stripe-Signature',
  'x-razorpay-signature',
  'webhook-signature',
  'X-Cld-Signature',
  'qrCode',
])('%s is masked at any depth', (name) => {
  for (const fields of [
    { [name]: secret },
    { a: { b: [{ c: { [name]: [secret] } }] } },
    { err: Object.assign(new Error('No'), { req: { [name]: secret } }) },
  ]) {
    expect(logged((logger) => logger.warn(fields, 'Look')).text).not.toContain(secret);
    expect(logged((logger) => logger.child(fields).warn('Look')).text).not.toContain(secret);
  }
});

test.each([
  ['a ticket in a URL', `GET /api/feeds/stream?feeds=a&ticket=${secret}&b=1`, secret],
  ['a header in a text', `Refused Authorization: Bearer ${secret}.x`, secret],
  ['a token', `Unexpected ${jwt} in body`, jwt],
  ['a QR code', `The code "${code}" has expired`, code],
  ['an API key', `Refused ${apiKey} of a till`, apiKey.slice(-43)],
  ['a secret of a provider', 'No match for whsec_c2VjcmV0c2VjcmV0', 'c2VjcmV0'],
  ['a key of a provider', 'Invalid API Key provided: sk_live_abcdefghijkl', 'abcdefghijkl'],
])('%s is masked in a message, a field and an error', (_what, text, hidden) => {
  expect(logged((logger) => logger.warn(text)).text).not.toContain(hidden);
  expect(logged((logger) => logger.warn({ reason: text, deep: [{ url: text }] }, 'Look')).text).not.toContain(hidden);
  expect(logged((logger) => logger.warn({ err: new Error('Outer', { cause: new Error(text) }) }, 'Look')).text).not.toContain(hidden);
  expect(logged((logger) => logger.warn(new Error(text))).text).not.toContain(hidden);
});

test('what is no secret stays, and an error keeps its stack', () => {
  const at = new Date('2026-11-21T10:00:00.000Z');
  const fields = {
    requestId: 'r1',
    status: 500,
    url: '/api/orders?limit=5',
    at,
    code: 'invalid-signature',
    tokens: 3,
    list: ['a'],
    none: null,
  };
  const { line } = logged((logger) => logger.error({ ...fields, err: new TypeError('Broken') }, 'Request failed'));
  expect(line).toMatchObject({ ...fields, at: at.toISOString(), msg: 'Request failed', level: 50 });
  expect(line['err']).toMatchObject({ type: 'TypeError', message: 'Broken', stack: expect.stringContaining('logger.test') });
  expect(logged((logger) => logger.error(new Error('Alone'))).line).toMatchObject({ msg: 'Alone', err: { message: 'Alone' } });
});

test('what points at itself, or is huge, is cut', () => {
  const round: Record<string, unknown> = { name: 'round' };
  round['self'] = round;
  expect(logged((logger) => logger.warn({ round }, 'Look')).line).toMatchObject({ msg: 'Look', round: { name: 'round' } });
  const huge = Object.fromEntries(Array.from({ length: 20_000 }, (_, at) => [`k${at}`, { at }]));
  expect(logged((logger) => logger.warn({ huge }, 'Look')).text.length).toBeLessThan(600_000);
});
