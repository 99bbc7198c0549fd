import { feeds, Problem, routes } from '@tidings/contracts';
import { createHash } from 'node:crypto';
import { publicWrite, read, write, type RouteBinding } from '../../http/bind.js';
import { presentPage } from '../../http/lists.js';
import { presentSession } from './identity.presenter.js';
import type { Identity } from './identity.service.js';
import { hashPassword } from './passwords.js';
import type { RoleChanges } from './roles.js';
import type { Sessions } from './sessions.js';

/** Counts attempts by address without keeping the address in Redis. */
const byEmail = (email: string): string => `email:${createHash('sha256').update(email).digest('base64url')}`;

export function identityRoutes(identity: Identity, sessions: Sessions, roleChanges: RoleChanges): RouteBinding[] {
  const { auth, admin } = routes;
  return [
    publicWrite(
      auth.register,
      {
        prepare: ({ body }) => hashPassword(body.password),
        handle: ({ tx, body, prepared, client }) => identity.register(tx, body, prepared, client),
      },
      { attempts: ({ body }) => [byEmail(body.email)] },
    ),
    publicWrite(
      auth.login,
      {
        prepare: ({ body }) => identity.checkPassword(body),
        handle: ({ tx, body, prepared, client }) => identity.login(tx, prepared, body.deviceId, client),
      },
      { attempts: ({ body }) => [byEmail(body.email)] },
    ),
    // No attempts to count: nobody guesses 32 random bytes, and everybody behind one address (a festival's Wi-Fi) refreshes every 15 minutes.
    publicWrite(auth.refresh, ({ tx, body }) => identity.refresh(tx, body.refreshToken)),
    write(auth.logout, async ({ tx, caller }) => {
      await sessions.revoke(tx, { userId: caller.userId, _id: caller.sessionId }, 'logged-out');
    }),

    read(auth.me, ({ caller }) => identity.account(caller.userId), { feeds: ({ caller }) => [feeds.user(caller.userId)] }),
    write(auth.updateMe, ({ tx, caller, body, ifMatch }) => identity.rename(tx, caller.userId, body.name, ifMatch)),

    read(
      auth.listSessions,
      async ({ caller, query }) =>
        presentPage(await sessions.listLive(caller.userId, query), (session) => presentSession(session, caller.sessionId)),
      { feeds: ({ caller }) => [feeds.user(caller.userId)] },
    ),
    read(auth.getSession, async ({ caller, params }) => presentSession(await sessions.getLive(caller.userId, params.id), caller.sessionId)),
    write(auth.endOtherSessions, async ({ tx, caller }) => {
      await sessions.revoke(tx, { userId: caller.userId, _id: { $ne: caller.sessionId } }, 'ended-by-user');
    }),
    write(auth.endSession, async ({ tx, caller, params }) => {
      const ended = await sessions.revoke(tx, { userId: caller.userId, _id: params.id }, 'ended-by-user');
      if (ended === 0) throw new Problem('not-found', 'There is no such session');
    }),

    write(admin.updateUser, ({ tx, caller, params, body, ifMatch }) => identity.setStatus(tx, caller, params.id, body.status, ifMatch)),
    write(admin.verifyEmail, ({ tx, caller, params, body }) => identity.verifyEmail(tx, caller, params.id, body.verified)),
    write(admin.setRoles, ({ tx, caller, params, body, ifMatch }) => roleChanges.set(tx, caller, params.id, body.roles, ifMatch)),
  ];
}
