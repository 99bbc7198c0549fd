import { createSecretKey } from 'node:crypto';
import { Problem, roleSchema } from '@tidings/contracts';
import jwt from 'jsonwebtoken';
import { z } from 'zod';
import type { SigningKey } from './config.js';

const claimsSchema = z.object({ sub: z.string(), sid: z.string(), roles: z.array(roleSchema), exp: z.number() });

/** `sub`: the user; `sid`: the session, whose end ends the token before its time; `exp`: seconds since 1970. */
export type AccessClaims = z.output<typeof claimsSchema>;

export interface Tokens {
  readonly ttlSeconds: number;
  sign(claims: Omit<AccessClaims, 'exp'>): string;
  /** @throws Problem `token-expired` or `unauthenticated` */
  verify(token: string): AccessClaims;
}

/** HS256 access tokens. The first key signs; each verifies what names it in `kid`, so that keys rotate without a log-out. */
export function createTokens(keys: readonly [SigningKey, ...SigningKey[]], ttlSeconds: number): Tokens {
  const [current] = keys;
  // As key objects: a text would be tried as a PEM first, for each token anew, which costs more than the verification.
  const byKid = new Map(keys.map(({ kid, secret }) => [kid, createSecretKey(Buffer.from(secret))]));
  const options = { algorithms: ['HS256' as const], issuer: 'tidings' };
  return {
    ttlSeconds,
    sign: ({ sub, sid, roles }) =>
      jwt.sign({ sid, roles }, current.secret, {
        algorithm: 'HS256',
        keyid: current.kid,
        subject: sub,
        issuer: 'tidings',
        expiresIn: ttlSeconds,
      }),
    verify: (token) => {
      try {
        const kid = jwt.decode(token, { complete: true })?.header.kid;
        const secret = kid === undefined ? undefined : byKid.get(kid);
        if (secret === undefined) throw new Problem('unauthenticated');
        return claimsSchema.parse(jwt.verify(token, secret, options));
      } catch (error) {
        if (error instanceof jwt.TokenExpiredError) throw new Problem('token-expired');
        if (error instanceof Problem) throw error;
        throw new Problem('unauthenticated', undefined, { cause: error });
      }
    },
  };
}
