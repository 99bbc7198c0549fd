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

    /** Of the account with this address; undefined when nobody has it. */
    async idOf(tx: Tx, email: string): Promise<string | undefined> {
      return (await users.findOne({ email: email.toLowerCase() }, { _id: 1 }, { session: tx.session }).lean())?._id;
    },

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

    /** undefined for who is no member. */
    async roleOf(tx: Tx, { userId, merchantId }: { userId: string; merchantId: string }): Promise<MemberRole | undefined> {
      const user = await users.findById(userId, { memberships: 1 }, { session: tx.session }).lean();
      return user?.memberships.find((membership) => membership.merchantId === merchantId)?.role;
    },

    count: (tx: Tx, merchantId: string): Promise<number> =>
      users.countDocuments({ 'memberships.merchantId': merchantId }).session(tx.session),

    /** Whether the merchant has an owner who is not this user. */
    async hasOtherOwner(tx: Tx, { userId, merchantId }: { userId: string; merchantId: string }): Promise<boolean> {
      const ownership = { $elemMatch: { merchantId, role: 'owner' as const } };
      return (await users.exists({ _id: { $ne: userId }, memberships: ownership }).session(tx.session)) !== null;
    },

    /** At most `limit`, by name and id; only those who come behind `after`, who need not be there any more. */
    async list(
      merchantId: string,
      { limit, after }: { limit: number; after?: readonly [name: string, userId: string] | undefined },
    ): Promise<Member[]> {
      const behind = after ? { $or: [{ name: { $gt: after[0] } }, { name: after[0], _id: { $gt: after[1] } }] } : {};
      const found = await users
        .find({ 'memberships.merchantId': merchantId, ...behind }, { name: 1, email: 1, memberships: 1 })
        .sort({ name: 1, _id: 1 })
        .limit(limit)
        .lean();
      return found.flatMap(({ _id, name, email, memberships }) => {
        const role = memberships.find((membership) => membership.merchantId === merchantId)?.role;
        return role ? [{ userId: _id, name, email, role }] : [];
      });
    },
  };
}

export type Memberships = ReturnType<typeof createMemberships>;
