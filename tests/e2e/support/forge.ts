import { createHmac, randomBytes } from 'node:crypto';
import { createTokens, type Config } from '@tidings/platform';

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function signed(header: object, claims: object, secret: string, hash = 'sha256'): string {
  const text = `${part(header)}.${part(claims)}`;
  return `${text}.${createHmac(hash, secret).update(text).digest('base64url')}`;
}

/** Access tokens that must open nothing, made from one that does. */
export function forgedTokens(
  { jwtKeys: [key] }: Pick<Config, 'jwtKeys'>,
  genuine: string,
  victim: { id: string; token: string },
): Record<string, string> {
  const [head = '', body = '', signature = ''] = genuine.split('.');
  const claims = JSON.parse(Buffer.from(body, 'base64url').toString()) as Record<string, unknown>;
  const header = { alg: 'HS256', typ: 'JWT', kid: key.kid };
  const sid = String(claims['sid']);
  const sub = String(claims['sub']);
  return {
    'no token at all': '',
    'no JWT': 'x'.repeat(40),
    'only dots': '..',
    'another secret': signed(header, claims, randomBytes(32).toString('hex')),
    'an empty secret': signed(header, claims, ''),
    'the algorithm "none"': `${part({ ...header, alg: 'none' })}.${body}.`,
    'the algorithm "none" with the signature': `${part({ ...header, alg: 'none' })}.${body}.${signature}`,
    'another hash': signed({ ...header, alg: 'HS512' }, claims, key.secret, 'sha512'),
    'an unknown key': signed({ ...header, kid: 'nobody' }, claims, key.secret),
    'a key named by a list': signed({ ...header, kid: [key.kid] }, claims, key.secret),
    'a key named __proto__': signed({ ...header, kid: '__proto__' }, claims, ''),
    'a key of its own in the header': signed({ ...header, kid: undefined, jwk: { kty: 'oct', k: part('x') } }, claims, 'x'),
    'another issuer': signed(header, { ...claims, iss: 'somebody' }, key.secret),
    'no end': signed(header, { ...claims, exp: undefined }, key.secret),
    'no session': signed(header, { ...claims, sid: undefined }, key.secret),
    'an operator for a session': signed(header, { ...claims, sid: { $ne: null } }, key.secret),
    'a role that there is not': signed(header, { ...claims, roles: ['root'] }, key.secret),
    'not begun': signed(header, { ...claims, nbf: Math.floor(Date.now() / 1_000) + 3_600 }, key.secret),
    expired: createTokens([key], -60).sign({ sub, sid, roles: ['customer'] }),
    'claims of one and signature of another': `${head}.${victim.token.split('.')[1]}.${signature}`,
    'the session of another user': createTokens([key], 60).sign({ sub: victim.id, sid, roles: ['customer'] }),
    'a session that there is not': createTokens([key], 60).sign({ sub, sid: '0'.repeat(24), roles: ['customer'] }),
    'a user that there is not': createTokens([key], 60).sign({ sub: '0'.repeat(24), sid, roles: ['customer'] }),
  };
}
