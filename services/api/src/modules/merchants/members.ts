import { feeds, isAdmin, Problem, type MemberInput, type Principal } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import type { ClientSession, Mongo } from '@tidings/platform';
import { beforeId, pageById } from '../../http/lists.js';
import type { MemberDocument } from './merchants.model.js';

export interface Members {
  /** @throws Problem `forbidden` for who is neither a member nor an administrator */
  list(caller: Principal, merchantId: string, query: { limit: number; cursor?: string | undefined }): Promise<{ page: MemberDocument[]; nextCursor: string | null }>;
  /**
   * Lets a user act for the merchant; their live connections follow its feed from then on.
   * @throws Problem `forbidden`, `not-found` (the user), `already-exists`
   */
  add(tx: Tx, caller: Principal, merchantId: string, input: MemberInput): Promise<MemberDocument>;
  /** @throws Problem `forbidden`, also for the last owner who leaves by themselves; `not-found` */
  remove(tx: Tx, caller: Principal, merchantId: string, userId: string): Promise<void>;
}

export const isMember = (who: Principal, merchantId: string): boolean => who.merchants.includes(merchantId);

/** @throws Problem `forbidden` */
export function assertMember(who: Principal, merchantId: string): void {
  if (!isMember(who, merchantId) && !isAdmin(who.roles)) throw new Problem('forbidden', 'Only members of this merchant may do this');
}

/** Memberships are kept with the user, where every connection looks for rights. */
export function createMembers(mongo: Mongo): Members & { start(): Promise<void> } {
  const users = mongo.db.collection<MemberDocument>('users');
  const projection = { name: 1, email: 1, roles: 1, memberships: 1, version: 1 } as const;

  const owners = (merchantId: string, session: ClientSession) =>
    users.find({ memberships: { $elemMatch: { merchantId, role: 'owner' } } }, { session, projection: { _id: 1 } }).toArray();

  const assertOwner = async (tx: Tx, caller: Principal, merchantId: string): Promise<void> => {
    if (isAdmin(caller.roles)) return;
    const found = await owners(merchantId, tx.session);
    if (!found.some(({ _id }) => _id === caller.userId)) throw new Problem('forbidden', 'Only owners of this merchant may do this');
  };

  return {
    async start() {
      await users.createIndex({ 'memberships.merchantId': 1 });
    },

    async list(caller, merchantId, { limit, cursor }) {
      assertMember(caller, merchantId);
      const found = await users
        .find({ 'memberships.merchantId': merchantId, ...beforeId(cursor) }, { projection, sort: { _id: -1 }, limit: limit + 1 })
        .toArray();
      return pageById(found, limit);
    },

    async add(tx, caller, merchantId, { email, userId, role }) {
      await assertOwner(tx, caller, merchantId);
      const filter = userId === undefined ? { email: email ?? '' } : { _id: userId };
      const user = await users.findOne(filter, { session: tx.session, projection });
      if (!user) throw new Problem('not-found', 'There is no such user');
      if (user.memberships?.some((membership) => membership.merchantId === merchantId)) throw new Problem('already-exists', 'The user is a member already');
      const member = await users.findOneAndUpdate(
        { _id: user._id },
        { $push: { memberships: { merchantId, role } }, $addToSet: { roles: 'merchant' }, $inc: { version: 1 } },
        { session: tx.session, returnDocument: 'after', projection },
      );
      if (!member) throw new Problem('not-found', 'There is no such user');
      tx.emit('access-changed', { feeds: [feeds.merchant(merchantId)], reason: 'member-added' }, { userId: user._id });
      return member;
    },

    async remove(tx, caller, merchantId, userId) {
      await assertOwner(tx, caller, merchantId);
      const user = await users.findOne({ _id: userId, 'memberships.merchantId': merchantId }, { session: tx.session, projection });
      if (!user) throw new Problem('not-found', 'The user is not a member');
      const remaining = await owners(merchantId, tx.session);
      if (!isAdmin(caller.roles) && remaining.length === 1 && remaining[0]?._id === userId) {
        throw new Problem('forbidden', 'A merchant keeps an owner; an administrator may take the last one');
      }
      const last = user.memberships.length === 1;
      await users.updateOne(
        { _id: userId },
        { $pull: { memberships: { merchantId }, ...(last ? { roles: 'merchant' as const } : {}) }, $inc: { version: 1 } },
        { session: tx.session },
      );
      tx.emit('access-changed', { feeds: [feeds.merchant(merchantId)], reason: 'member-removed' }, { userId });
    },
  };
}
