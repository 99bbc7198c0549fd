import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import {
  Problem,
  type Invitation,
  type InvitationDecision,
  type InvitationInput,
  type InvitationStatus,
  type Principal,
} from '@tidings/contracts';
import type { Tx, UnitOfWork } from '@tidings/feed';
import { isDuplicateKey, newId, type JobHandler, type Mongo } from '@tidings/platform';
import { z } from 'zod';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';
import { onJob } from '../../on-job.js';
import type { Memberships } from '../identity/index.js';
import { presentInvitation, type InvitationRecords } from './invitation-records.js';
import type { InvitationDocument, InvitationModels } from './invitations.model.js';
import { assertMayLook, type Members } from './members.js';
import type { Merchants } from './merchants.service.js';

export const invitationJobKind = 'invitation-expiry';
const jobSchema = z.strictObject({ invitationId: z.string() });

interface Page {
  limit: number;
  cursor?: string | undefined;
}
/** The token is known here and to whoever gets the answer; stored is its hash. */
interface Sent {
  invitation: Invitation;
  token: string;
}

export interface Invitations {
  /** By owners and administrators. @throws Problem `not-found`, `forbidden`, `already-exists`, `rate-limited` (fifty that wait) */
  invite(tx: Tx, caller: Principal, merchantId: string, input: InvitationInput): Promise<Sent>;
  /** The token before is void. @throws Problem as `invite`, `invalid-transition` (answered, or five times already), `rate-limited` */
  resend(tx: Tx, caller: Principal, merchantId: string, id: string): Promise<Sent>;
  /** @throws Problem `not-found`, `forbidden`, `invalid-transition` */
  revoke(tx: Tx, caller: Principal, merchantId: string, id: string): Promise<void>;
  /** @throws Problem `not-found`, `forbidden` */
  list(caller: Principal, merchantId: string, query: Page & { status?: InvitationStatus | undefined }): Promise<Paged<InvitationDocument>>;
  /** Those that the caller's account was told of and has not answered. */
  mine(caller: Principal, query: Page): Promise<Paged<InvitationDocument>>;
  /** @throws Problem `not-found`, also for another's; `invalid-transition`, `already-exists`, `plan-limit` */
  decide(tx: Tx, caller: Principal, decision: InvitationDecision): Promise<InvitationDocument>;
  /** The job at its end. */
  expire: JobHandler;
}

const lifetimeMs = 7 * 86_400_000;
const betweenSendsMs = 60_000;
const mostSends = 5;
const mostWaiting = 50;

const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');
const isSame = (a: string, b: string): boolean => timingSafeEqual(Buffer.from(a), Buffer.from(b));

export function createInvitations(parts: {
  mongo: Mongo;
  models: InvitationModels;
  records: InvitationRecords;
  memberships: Pick<Memberships, 'find' | 'roleOf' | 'idOf'>;
  members: Pick<Members, 'assertOwner' | 'join'>;
  merchants: Merchants;
  unitOfWork: UnitOfWork;
}): Invitations {
  const { mongo, models, records, memberships, members, merchants, unitOfWork } = parts;
  const { invitations } = models;
  const { announce, change } = records;

  const schedule = (tx: Tx, { _id, sends, expiresAt }: InvitationDocument): Promise<void> =>
    tx.job({ kind: invitationJobKind, key: `${invitationJobKind}:${_id}:${sends}`, data: { invitationId: _id }, dueAt: expiresAt });

  const read = async (tx: Tx, filter: Partial<InvitationDocument>): Promise<InvitationDocument> => {
    const found = await invitations.findOne(filter, null, { session: tx.session }).lean<InvitationDocument>();
    if (!found) throw new Problem('not-found', 'There is no such invitation');
    return found;
  };

  const assertPending = ({ status, expiresAt }: InvitationDocument, now: Date): void => {
    if (status !== 'pending' || expiresAt <= now)
      throw new Problem('invalid-transition', `The invitation is ${status === 'pending' ? 'expired' : status}`);
  };

  const newToken = (id: string): { token: string; tokenHash: string } => {
    const secret = randomBytes(32).toString('base64url');
    return { token: `${id}.${secret}`, tokenHash: hashOf(secret) };
  };

  /** Which invitation is answered: one that this account was told of, or whose token it has, and whose address is its own. */
  const meant = async (tx: Tx, { userId }: Principal, { token, invitationId }: InvitationDecision): Promise<InvitationDocument> => {
    if (token === undefined) return read(tx, { _id: invitationId ?? '', userId });
    const [id = '', secret = ''] = token.split('.');
    const [invitation, user] = [await read(tx, { _id: id }), await memberships.find(tx, { userId })];
    if (!isSame(invitation.tokenHash, hashOf(secret)) || invitation.email !== user.email.toLowerCase())
      throw new Problem('not-found', 'There is no such invitation');
    return invitation;
  };

  return {
    async invite(tx, caller, merchantId, { email, role }) {
      const merchant = await merchants.get(merchantId, tx);
      await members.assertOwner(tx, caller, merchantId, { action: 'member.invite', details: { email, role } });
      const userId = await memberships.idOf(tx, email);
      if (userId !== undefined && (await memberships.roleOf(tx, { userId, merchantId })))
        throw new Problem('already-exists', 'The user is a member already');
      if ((await invitations.countDocuments({ merchantId, status: 'pending' }).session(tx.session)) >= mostWaiting)
        throw new Problem('rate-limited', `At most ${mostWaiting} invitations wait for an answer`, { retryAfterSeconds: 3_600 });
      const _id = newId();
      const { token, tokenHash } = newToken(_id);
      const invitation: InvitationDocument = {
        _id,
        merchantId,
        merchantName: merchant.name,
        email,
        ...(userId === undefined ? {} : { userId }),
        role,
        status: 'pending',
        tokenHash,
        sends: 1,
        sentAt: tx.now,
        invitedBy: caller.userId,
        expiresAt: new Date(tx.now.getTime() + lifetimeMs),
        version: 1,
        createdAt: tx.now,
      };
      await invitations.insertMany([invitation], { session: tx.session }).catch(asTaken);
      tx.auditChange({ before: null, after: presentInvitation(invitation) });
      announce(tx, invitation);
      await schedule(tx, invitation);
      return { invitation: presentInvitation(invitation), token };
    },

    async resend(tx, caller, merchantId, id) {
      await merchants.get(merchantId, tx);
      await members.assertOwner(tx, caller, merchantId, { action: 'member.invite-again', details: { invitationId: id } });
      const before = await read(tx, { _id: id, merchantId });
      assertPending(before, tx.now);
      if (before.sends >= mostSends)
        throw new Problem('invalid-transition', `It was given out ${mostSends} times; take it back and invite anew`);
      const waitMs = before.sentAt.getTime() + betweenSendsMs - tx.now.getTime();
      if (waitMs > 0) throw new Problem('rate-limited', 'One a minute', { retryAfterSeconds: Math.ceil(waitMs / 1_000) });
      const { token, tokenHash } = newToken(id);
      const expiresAt = new Date(tx.now.getTime() + lifetimeMs);
      const sent = await change(tx, before, { tokenHash, sends: before.sends + 1, sentAt: tx.now, expiresAt });
      tx.auditChange({ before: presentInvitation(before), after: presentInvitation(sent) });
      await schedule(tx, sent);
      return { invitation: presentInvitation(sent), token };
    },

    async revoke(tx, caller, merchantId, id) {
      await merchants.get(merchantId, tx);
      await members.assertOwner(tx, caller, merchantId, { action: 'member.uninvite', details: { invitationId: id } });
      const invitation = await read(tx, { _id: id, merchantId });
      assertPending(invitation, tx.now);
      const revoked = await change(tx, invitation, { status: 'revoked' });
      tx.auditChange({ before: presentInvitation(invitation), after: presentInvitation(revoked) });
    },

    async list(caller, merchantId, { limit, cursor, status }) {
      await merchants.get(merchantId);
      await assertMayLook(mongo, caller, merchantId, 'invitations');
      const found = await invitations
        .find({ merchantId, ...(status === undefined ? {} : { status }), ...olderThan(cursor) })
        .sort(newestFirst)
        .limit(limit + 1)
        .lean<InvitationDocument[]>();
      return pageByTime(found, limit);
    },

    async mine({ userId }, { limit, cursor }) {
      const found = await invitations
        .find({ userId, status: 'pending', ...olderThan(cursor) })
        .sort(newestFirst)
        .limit(limit + 1)
        .lean<InvitationDocument[]>();
      return pageByTime(found, limit);
    },

    async decide(tx, caller, decision) {
      const invitation = await meant(tx, caller, decision);
      assertPending(invitation, tx.now);
      if (decision.decision === 'decline') return change(tx, invitation, { status: 'declined' });
      const { merchantId, role } = invitation;
      await members.join(tx, { userId: caller.userId, merchantId, role });
      return change(tx, invitation, { status: 'accepted', userId: caller.userId });
    },

    expire: onJob(unitOfWork, jobSchema, async (tx, { invitationId }, job) => {
      const invitation = await read(tx, { _id: invitationId });
      // Answered meanwhile, or given out again: that has a job of its own. The queue may be some milliseconds early.
      if (invitation.status !== 'pending' || invitation.expiresAt.getTime() > Math.max(tx.now.getTime(), job.dueAt.getTime())) return;
      await change(tx, invitation, { status: 'expired' });
    }),
  };
}

function asTaken(error: unknown): never {
  throw isDuplicateKey(error, 'invitations') ? new Problem('already-exists', 'They are invited already') : error;
}
