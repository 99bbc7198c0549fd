import { describe, expect, test } from '@jest/globals';
import jwt from 'jsonwebtoken';
import { createTokens } from './tokens.js';

const old = { kid: '2025', secret: 'a secret of the last year' };
const current = { kid: '2026', secret: 'a secret of this year' };
const claims = { sub: 'u1', sid: 's1', roles: ['customer' as const] };
const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

describe('access tokens', () => {
  test('name the key that signed them, so that keys rotate without a log-out', () => {
    const before = createTokens([old], 900).sign(claims);
    const tokens = createTokens([current, old], 900);
    expect(tokens.verify(before)).toMatchObject(claims);
    expect(jwt.decode(tokens.sign(claims), { complete: true })?.header.kid).toBe('2026');
    expect(codeOf(() => createTokens([current], 900).verify(before))).toBe('unauthenticated');
  });

  test('end after their time', () => {
    expect(codeOf(() => createTokens([current], 900).verify(createTokens([current], -1).sign(claims)))).toBe('token-expired');
  });

  test.each([
    ['no token', ''],
    ['not a token', 'a.b.c'],
    [
      'no algorithm',
      jwt.sign({ sid: 's1', roles: [] }, '', { algorithm: 'none', keyid: '2026', subject: 'u1', issuer: 'tidings', expiresIn: 60 }),
    ],
    [
      'another algorithm',
      jwt.sign({ sid: 's1', roles: [] }, current.secret, {
        algorithm: 'HS512',
        keyid: '2026',
        subject: 'u1',
        issuer: 'tidings',
        expiresIn: 60,
      }),
    ],
    [
      'another issuer',
      jwt.sign({ sid: 's1', roles: [] }, current.secret, { keyid: '2026', subject: 'u1', issuer: 'other', expiresIn: 60 }),
    ],
    [
      'a role that does not exist',
      jwt.sign({ sid: 's1', roles: ['root'] }, current.secret, { keyid: '2026', subject: 'u1', issuer: 'tidings', expiresIn: 60 }),
    ],
    ['no session', jwt.sign({ roles: [] }, current.secret, { keyid: '2026', subject: 'u1', issuer: 'tidings', expiresIn: 60 })],
    [
      'another key under a known name',
      jwt.sign({ sid: 's1', roles: [] }, 'some other secret', { keyid: '2026', subject: 'u1', issuer: 'tidings', expiresIn: 60 }),
    ],
  ])('are refused with %s', (_what, token) => {
    expect(codeOf(() => createTokens([current], 900).verify(token))).toBe('unauthenticated');
  });
});
