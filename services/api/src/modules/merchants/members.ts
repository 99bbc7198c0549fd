import { isAdmin, Problem, type Member, type MemberInput, type MemberRole, type Principal } from '@tidings/contracts';
import { auditRead, type AuditAction, type Tx } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';
import { z } from 'zod';
import { decodeCursor, pageOf, type Paged } from '../../http/lists.js';
import type { PlanLimits } from '../entitlements/index.js';
import type { Memberships } from '../identity/index.js';
import type { InvitationRecords } from './invitation-records.js';
import type { MerchantModels } from './merchants.model.js';

/** What is about to be done. */
type Act = Pick<AuditAction, 'action' | 'details'>;

export interface Members {
  /** Before a change by an owner. Administrators may make it, too, which is audited as `act`. @throws Problem `forbidden` */
  assertOwner(tx: Tx, caller: Principal, merchantId: string, act: Act): Promise<void>;
  /** By name. @throws Problem `forbidden` for who is neither a member nor an administrator */
  list(caller: Principal, merchantId: string, query: { limit: number; cursor?: string | undefined }): Promise<Paged<Member>>;
  /**
   * Lets a user act for the merchant; their live connections follow its feed from then on.
   * @throws Problem `forbidden`, `not-found` (the merchant, the user), `already-exists`, `plan-limit`
   */
  add(tx: Tx, caller: Principal, merchantId: string, input: MemberInput): Promise<Member>;
  /** As `add`, of somebody who was let in already. @throws Problem `not-found` (the merchant), `already-exists`, `plan-limit` */
  join(tx: Tx, member: { userId: string; merchantId: string; role: MemberRole }): Promise<Member>;
  /** What still invites them is void. @throws Problem `forbidden`, also for the last owner who leaves by themselves; `not-found` */
  remove(tx: Tx, caller: Principal, merchantId: string, userId: string): Promise<void>;
}

export const isMember = (who: Pick<Principal, 'merchants'>, merchantId: string): boolean => who.merchants.includes(merchantId);

/** @throws Problem `forbidden` */
export function assertMember(who: Principal, merchantId: string): void {
  if (!isMember(who, merchantId) && !isAdmin(who.roles)) throw new Problem('forbidden', 'Only members of this merchant may do this');
}

/**
 * Before a look at what is the merchant's own business. Administrators may, too, which is written to the audit log; a member's look costs nothing.
 * @throws Problem `forbidden`
 */
export async function assertMayLook(mongo: Mongo, who: Principal, merchantId: string, what: string): Promise<void> {
  assertMember(who, merchantId);
  if (!isMember(who, merchantId))
    await auditRead(mongo, who, { action: 'merchant.look', target: `merchant:${merchantId}`, details: { what } });
}

/** Before a change by a member. Administrators may make it, too, which is audited. @throws Problem `forbidden` */
export async function assertMayChange(tx: Tx, who: Principal, merchantId: string, act: Act): Promise<void> {
  assertMember(who, merchantId);
  if (!isMember(who, merchantId)) await tx.audit({ ...act, target: `merchant:${merchantId}` });
}

const memberKey = z.tuple([z.string(), z.string()]);

/** Who may change what about a merchant's members; identity keeps the memberships. */
export function createMembers(
  mongo: Mongo,
  memberships: Memberships,
  { merchants }: Pick<MerchantModels, 'merchants'>,
  limits: PlanLimits,
  invitations: Pick<InvitationRecords, 'withdraw'>,
): Members {
  const assertOwner: Members['assertOwner'] = async (tx, { roles, userId }, merchantId, act) => {
    if ((await memberships.roleOf(tx, { userId, merchantId })) === 'owner') return;
    if (isAdmin(roles)) return tx.audit({ ...act, target: `merchant:${merchantId}` });
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

  const admit = async (tx: Tx, member: { userId: string; merchantId: string; role: MemberRole }): Promise<Member> => {
    if (await memberships.roleOf(tx, member)) throw new Problem('already-exists', 'The user is a member already');
    await limits.assertRoom(tx, member.merchantId, 'staff', () => memberships.count(tx, member.merchantId));
    return memberships.add(tx, member);
  };

  return {
    assertOwner,

    async list(caller, merchantId, { limit, cursor }) {
      await assertMayLook(mongo, caller, merchantId, 'members');
      const after = decodeCursor(cursor, memberKey);
      return pageOf(await memberships.list(merchantId, { limit: limit + 1, after }), limit, (member) => [member.name, member.userId]);
    },

    async add(tx, caller, merchantId, { email, userId, role }) {
      await takeTurn(tx, merchantId);
      await assertOwner(tx, caller, merchantId, {
        action: 'member.add',
        details: { role, ...(userId ? { userId } : { email: email ?? '' }) },
      });
      const user = await memberships.find(tx, userId === undefined ? { email: email ?? '' } : { userId });
      const member = await admit(tx, { userId: user._id, merchantId, role });
      tx.auditChange({ before: null, after: member });
      return member;
    },

    async join(tx, member) {
      await takeTurn(tx, member.merchantId);
      return admit(tx, member);
    },

    async remove(tx, caller, merchantId, userId) {
      await takeTurn(tx, merchantId);
      await assertOwner(tx, caller, merchantId, { action: 'member.remove', details: { userId } });
      // Whoever removes another is an owner and stays; only who leaves may be the last one.
      if (!isAdmin(caller.roles) && userId === caller.userId && !(await memberships.hasOtherOwner(tx, { userId, merchantId }))) {
        throw new Problem('forbidden', 'A merchant keeps an owner; an administrator may take the last one');
      }
      const { email } = await memberships.find(tx, { userId });
      tx.auditChange({ before: { userId, role: await memberships.roleOf(tx, { userId, merchantId }) }, after: null });
      await memberships.remove(tx, { userId, merchantId });
      await invitations.withdraw(tx, { merchantId, email });
    },
  };
}
