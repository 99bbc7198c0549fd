import { badRequest, handshakeSchema, Problem, type Principal } from '@tidings/contracts';
import type { Access } from '@tidings/feed';
import type { Tokens } from '@tidings/platform';

/** Who a token or ticket speaks for, checked against the session and the user as they are now. */
export interface Identity {
  principal: Principal;
  /** `Date.now()` at which it expires. */
  expiresAt: number;
}

export interface Handshake extends Identity {
  token: string;
  cursors: Readonly<Record<string, number>>;
  epoch: string | undefined;
}

export interface Authenticator {
  /** @throws Problem `unauthenticated`, `token-expired`, `forbidden`, `session-revoked`, `bad-request` */
  handshake(auth: unknown): Promise<Handshake>;
  /** @throws Problem `unauthenticated`, `token-expired`, `session-revoked` */
  identify(token: string): Promise<Identity>;
  /** A new token for a live connection, of the same user and session. @throws Problem as above */
  renew(token: string, present: Principal): Promise<Identity>;
}

export function createAuthenticator({ tokens, access }: { tokens: Tokens; access: Access }): Authenticator {
  const identify = async (token: string, userId?: string): Promise<Identity> => {
    const claims = tokens.verify(token);
    if (userId !== undefined && userId !== claims.sub) throw new Problem('forbidden', 'The token is of another user');
    // The token alone says nothing of a session that was ended since it was signed.
    const principal = await access.principal(claims.sub, claims.sid);
    if (!principal) throw new Problem('session-revoked');
    return { principal, expiresAt: claims.exp * 1_000 };
  };

  return {
    identify: (token) => identify(token),
    async handshake(auth) {
      const token = typeof auth === 'object' && auth !== null ? (auth as { token?: unknown }).token : undefined;
      if (typeof token !== 'string' || token === '') throw new Problem('unauthenticated');
      const parsed = handshakeSchema.safeParse(auth);
      if (!parsed.success) throw badRequest(parsed.error);
      const { userId, cursors = {}, epoch } = parsed.data;
      return { ...(await identify(token, userId)), token, cursors, epoch };
    },
    async renew(token, present) {
      const identity = await identify(token, present.userId);
      if (identity.principal.sessionId !== present.sessionId) throw new Problem('forbidden', 'The token is of another session');
      return identity;
    },
  };
}
