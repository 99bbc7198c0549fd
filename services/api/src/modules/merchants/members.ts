import { isAdmin, Problem, type Member, type MemberInput, type Principal } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { z } from 'zod';
import { decodeCursor, pageOf } from '../../http/lists.js';
import type { Memberships } from '../identity/index.js';
import type { MerchantModels } from './merchants.model.js';

export interface Members {
  /** Administrators may, too. @throws Problem `forbidden` */
  assertOwner(tx: Tx, caller: Principal, merchantId: string): Promise<void>;
  /** By name. @throws Problem `forbidden` for who is neither a member nor an administrator */
  list(
    caller: Principal,
    merchantId: string,
    query: { limit: number; cursor?: string | undefined },
  ): Promise<{ page: Member[]; nextCursor: string | null }>;
  /**
   * Lets a user act for the merchant; their live connections follow its feed from then on.
   * @throws Problem `forbidden`, `not-found` (the merchant, the user), `already-exists`
   */
  add(tx: Tx, caller: Principal, merchantId: string, input: MemberInput): Promise<Member>;
  /** @throws Problem `forbidden`, also for the last owner who leaves by themselves; `not-found` */
  remove(tx: Tx, caller: Principal, merchantId: string, userId: string): Promise<void>;
}

export const isMember = (who: Principal, merchantId: string): boolean => who.merchants.includes(merchantId);

/** @throws Problem `forbidden` */
export function assertMember(who: Principal, merchantId: string): void {
  if (!isMember(who, merchantId) && !isAdmin(who.roles)) throw new Problem('forbidden', 'Only members of this merchant may do this');
}

const memberKey = z.tuple([z.string(), z.string()]);

/** Who may change what about a merchant's members; identity keeps the memberships. */
export function createMembers(memberships: Memberships, { merchants }: Pick<MerchantModels, 'merchants'>): Members {
  const assertOwner = async (tx: Tx, { roles, userId }: Principal, merchantId: string): Promise<void> => {
    if (isAdmin(roles) || (await memberships.roleOf(tx, { userId, merchantId })) === 'owner') return;
    throw new Problem('forbidden', 'Only owners of this merchant may do this');
  };

  /**
   * Two owners who remove each other write two users, and neither transaction sees what the other does: the merchant would be left without
   * one. This makes the second of them run again.
   */
  const takeTurn = async (tx: Tx, merchantId: string): Promise<void> => {
    const { matchedCount } = await merchants.updateOne(
      { _id: merchantId, deletedAt: null },
      { $inc: { membersVersion: 1 } },
      { session: tx.session },
    );
    if (matchedCount === 0) throw new Problem('not-found', 'There is no such merchant');
  };

  return {
    assertOwner,

    async list(caller, merchantId, { limit, cursor }) {
      assertMember(caller, merchantId);
      const after = decodeCursor(cursor, memberKey);
      return pageOf(await memberships.list(merchantId, { limit: limit + 1, after }), limit, (member) => [member.name, member.userId]);
    },

    async add(tx, caller, merchantId, { email, userId, role }) {
      await takeTurn(tx, merchantId);
      await assertOwner(tx, caller, merchantId);
      const user = await memberships.find(tx, userId === undefined ? { email: email ?? '' } : { userId });
      if (await memberships.roleOf(tx, { userId: user._id, merchantId }))
        throw new Problem('already-exists', 'The user is a member already');
      return memberships.add(tx, { userId: user._id, merchantId, role });
    },

    async remove(tx, caller, merchantId, userId) {
      await takeTurn(tx, merchantId);
      await assertOwner(tx, caller, merchantId);
      // Whoever removes another is an owner and stays; only who leaves may be the last one.
      if (!isAdmin(caller.roles) && userId === caller.userId && !(await memberships.hasOtherOwner(tx, { userId, merchantId }))) {
        throw new Problem('forbidden', 'A merchant keeps an owner; an administrator may take the last one');
      }
      await memberships.remove(tx, { userId, merchantId });
    },
  };
}
