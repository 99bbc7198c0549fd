import { ownFeeds, Problem, type Account, type Principal, type Role } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { checkIfMatch } from '../../http/etag.js';
import type { Directory } from './directory.js';
import type { IdentityModels } from './identity.model.js';
import { presentAccount } from './identity.presenter.js';

export interface RoleChanges {
  /**
   * Gives a user exactly these roles beside `customer`, which is everybody's, and `merchant`, which follows from memberships. The user's live
   * connections look at their rights again (`access-changed`). Roles that are so already change nothing.
   * @throws Problem not-found | version-mismatch | forbidden (oneself; one who is no superadmin any more)
   */
  set(tx: Tx, caller: Principal, userId: string, roles: readonly Role[], ifMatch: string | undefined): Promise<Account>;
}

const order: readonly Role[] = ['customer', 'merchant', 'advisor', 'admin', 'superadmin'];

export function createRoleChanges({ users }: Pick<IdentityModels, 'users'>, directory: Directory): RoleChanges {
  return {
    async set(tx, caller, userId, asked, ifMatch) {
      const { session } = tx;
      const user = await directory.get(userId, tx);
      // So that there is a superadmin left. Two who depose each other at once meet on this write, and the second is none any more.
      if (userId === caller.userId) throw new Problem('forbidden', 'Nobody changes their own roles');
      const { matchedCount } = await users.updateOne(
        { _id: caller.userId, roles: 'superadmin' },
        { $set: { lastGrantAt: tx.now } },
        { session },
      );
      if (matchedCount === 0) throw new Problem('forbidden', 'Only a superadmin changes roles');
      checkIfMatch(ifMatch, user.version, () => presentAccount(user));

      const kept = new Set<Role>(['customer', ...(user.memberships.length > 0 ? (['merchant'] as const) : [])]);
      const roles = order.filter((role) => kept.has(role) || (role !== 'merchant' && asked.includes(role)));
      if (roles.join() === order.filter((role) => user.roles.includes(role)).join()) return presentAccount(user);
      await users.updateOne({ _id: userId }, { $set: { roles }, $inc: { version: 1 } }, { session });
      tx.emit('access-changed', { feeds: changedFeeds(user.roles, roles), reason: 'roles-changed' }, { userId });
      const after = presentAccount({ ...user, roles, version: user.version + 1 });
      await tx.audit({
        action: 'user.set-roles',
        target: `user:${userId}`,
        details: { before: [...user.roles], after: roles },
        before: presentAccount(user),
        after,
      });
      return after;
    },
  };
}

/** The feeds of all that one may follow after the change and could not before, or the other way round. */
function changedFeeds(before: readonly Role[], after: readonly Role[]): string[] {
  const of = (roles: readonly Role[]): string[] => ownFeeds({ userId: '', sessionId: '', roles, merchants: [] });
  const [then, now] = [of(before), of(after)];
  return [...then.filter((feed) => !now.includes(feed)), ...now.filter((feed) => !then.includes(feed))];
}
