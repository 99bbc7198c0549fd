import { feeds, Problem, type MemberRole } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';
import { identityModels, type UserDocument } from './identity.model.js';

export interface Member {
  userId: string;
  name: string;
  email: string;
  role: MemberRole;
}

/**
 * Who belongs to which merchant. It stands with the user, where rights are looked up; the merchants' domain decides about it. Each
 * change is told to the user's connections (`access-changed`), on which gateways look at their rights again.
 */
export function createMemberships(mongo: Mongo) {
  const { users } = identityModels(mongo.connection);

  const find = async (tx: Tx, who: { userId: string } | { email: string }): Promise<UserDocument> => {
    const filter = 'userId' in who ? { _id: who.userId } : { email: who.email.toLowerCase() };
    const user = await users.findOne(filter, undefined, { session: tx.session }).lean();
    if (!user) throw new Problem('not-found', 'There is no such user');
    return user;
  };

  return {
    /** @throws Problem not-found */
    find,

    /** Adds the user, or changes the role of one who is a member already. @throws Problem not-found */
    async add(tx: Tx, { userId, merchantId, role }: { userId: string; merchantId: string; role: MemberRole }): Promise<Member> {
      const user = await find(tx, { userId });
      const existing = user.memberships.find((membership) => membership.merchantId === merchantId);
      if (existing?.role !== role) {
        const memberships = [...user.memberships.filter((membership) => membership !== existing), { merchantId, role }];
        await users.updateOne(
          { _id: userId },
          { $set: { memberships }, $addToSet: { roles: 'merchant' }, $inc: { version: 1 } },
          { session: tx.session },
        );
        tx.emit(
          'access-changed',
          { feeds: [feeds.merchant(merchantId)], reason: existing ? 'member-role-changed' : 'member-added' },
          { userId },
        );
      }
      return { userId, name: user.name, email: user.email, role };
    },

    /** @throws Problem not-found when the user is no member */
    async remove(tx: Tx, { userId, merchantId }: { userId: string; merchantId: string }): Promise<void> {
      const user = await find(tx, { userId });
      const memberships = user.memberships.filter((membership) => membership.merchantId !== merchantId);
      if (memberships.length === user.memberships.length) throw new Problem('not-found', 'The user is not a member');
      const roles = memberships.length > 0 ? user.roles : user.roles.filter((role) => role !== 'merchant');
      await users.updateOne({ _id: userId }, { $set: { memberships, roles }, $inc: { version: 1 } }, { session: tx.session });
      tx.emit('access-changed', { feeds: [feeds.merchant(merchantId)], reason: 'member-removed' }, { userId });
    },

    /** By name, at most `limit`. In a transaction when `tx` is given. */
    async list(merchantId: string, options: { tx?: Tx; limit?: number } = {}): Promise<Member[]> {
      const found = await users
        .find(
          { 'memberships.merchantId': merchantId },
          { name: 1, email: 1, memberships: 1 },
          options.tx ? { session: options.tx.session } : {},
        )
        .sort({ name: 1, _id: 1 })
        .limit(options.limit ?? 1_000)
        .lean();
      return found.flatMap(({ _id, name, email, memberships }) => {
        const role = memberships.find((membership) => membership.merchantId === merchantId)?.role;
        return role ? [{ userId: _id, name, email, role }] : [];
      });
    },
  };
}

export type Memberships = ReturnType<typeof createMemberships>;
