import { Problem, type Principal, type RouteAccess } from '@tidings/contracts';
import type { Access } from '@tidings/feed';
import type { Tokens } from '@tidings/platform';
import type { Request } from 'express';
import { requestState } from './request-state.js';

/** Reads the bearer token, if there is one, without asking the database: enough to count requests by user. */
export function readToken(req: Request, tokens: Tokens): void {
  const header = req.headers.authorization;
  if (header === undefined) return;
  const state = requestState(req);
  const token = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(header)?.[1];
  try {
    state.token = token === undefined ? new Problem('unauthenticated', 'Send Authorization: Bearer <access token>') : tokens.verify(token);
    if (!(state.token instanceof Problem)) state.userId = state.token.sub;
  } catch (error) {
    state.token = error instanceof Problem ? error : new Problem('unauthenticated', undefined, { cause: error });
  }
}

/**
 * Who calls. The session is checked each time, so a token ends with its session.
 * @throws Problem unauthenticated | token-expired | session-revoked | forbidden
 */
export async function authenticate(req: Request, access: Access, required: RouteAccess): Promise<Principal | null> {
  if (required === 'public') return null;
  const { token } = requestState(req);
  // Without a login is one thing; a login that is none must not be taken for it.
  if (token === undefined && required === 'optional') return null;
  if (token === undefined) throw new Problem('unauthenticated');
  if (token instanceof Problem) throw token;
  const principal = await access.principal(token.sub, token.sid);
  if (!principal) throw new Problem('session-revoked');
  if (typeof required !== 'string' && !holds(principal, required)) throw new Problem('forbidden');
  return { ...principal, from: { ip: addressOf(req), userAgent: userAgentOf(req) } };
}

/** As far as the trusted proxies tell. */
export const addressOf = (req: Request): string => req.ip ?? 'unknown';
export const userAgentOf = (req: Request): string => (req.get('user-agent') ?? '').slice(0, 256);

/** A superadmin may do whatever an admin may. */
function holds({ roles }: Principal, required: Exclude<RouteAccess, string>): boolean {
  return required.some((role) => roles.includes(role) || (role === 'admin' && roles.includes('superadmin')));
}
