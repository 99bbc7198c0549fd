import { keyActor, Problem, type Principal, type RouteAccess, type RouteDefinition } from '@tidings/contracts';
import type { Access } from '@tidings/feed';
import type { Tokens } from '@tidings/platform';
import type { Request } from 'express';
import { isKey } from './api-key-secrets.js';
import { principalOfKey, type Keyring } from './keyring.js';
import { requestState } from './request-state.js';

/**
 * Reads the bearer token, if there is one: enough to count requests by user or key. A user's token says by itself whose it is; an API key has
 * to be looked up, else whoever knows a key's id could use up what it may ask for.
 */
export async function readToken(req: Request, { tokens, keyring }: { tokens: Tokens; keyring: Keyring }): Promise<void> {
  const header = req.headers.authorization;
  if (header === undefined) return;
  const state = requestState(req);
  const token = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i.exec(header)?.[1];
  try {
    if (token === undefined) throw new Problem('unauthenticated', 'Send Authorization: Bearer <access token>');
    if (isKey(token)) {
      state.key = await keyring.check(token);
      state.userId = keyActor(state.key.id);
    } else {
      state.token = tokens.verify(token);
      state.userId = state.token.sub;
    }
  } catch (error) {
    // What is no refusal, as a database that is away, is no answer about the token.
    if (!(error instanceof Problem)) throw error;
    state.token = error;
  }
}

/**
 * Who calls. The session is checked each time, so a token ends with its session.
 * @throws Problem unauthenticated | token-expired | session-revoked | key-expired | key-revoked | not-for-keys | scope-missing | forbidden
 */
export async function authenticate(
  req: Request,
  access: Access,
  route: Pick<RouteDefinition, 'access' | 'scope'>,
): Promise<Principal | null> {
  const { access: required } = route;
  if (required === 'public') return null;
  const { token, key } = requestState(req);
  if (key) return allowed(req, principalOfKey(key, route), required);
  // Without a login is one thing; a login that is none must not be taken for it.
  if (token === undefined && required === 'optional') return null;
  if (token === undefined) throw new Problem('unauthenticated');
  if (token instanceof Problem) throw token;
  const principal = await access.principal(token.sub, token.sid);
  if (!principal) throw new Problem('session-revoked');
  return allowed(req, principal, required);
}

function allowed(req: Request, principal: Principal, required: RouteAccess): Principal {
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
