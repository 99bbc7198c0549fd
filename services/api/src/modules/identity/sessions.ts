import { Problem, type RevokeReason } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { ClientInfo } from '../../http/bind.js';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';
import type { IdentityModels, SessionDocument } from './identity.model.js';

/**
 * How long a token that was traded is good for another one. Two tabs refresh at once, and an answer gets lost on its way and is asked for
 * again: neither is a thief. A thief who is this quick holds a twin, which ends the session when it is used after its owner's.
 */
const graceMs = 30_000;
/** Nobody asks for more at once; without a bound a script would fill the document. */
const maxTwins = 4;

export interface OpenedSession {
  session: Pick<SessionDocument, '_id' | 'userId'>;
  refreshToken: string;
}

/**
 * Sessions: one for each login, at most one for each device of a user (a new login there ends the former one). A session lives as
 * long as it is refreshed within `REFRESH_TOKEN_DAYS`, and ends everything that hangs on it: access tokens, live connections.
 */
export function createSessions({ sessions }: IdentityModels, refreshDays: number) {
  const expiry = (now: Date): Date => new Date(now.getTime() + refreshDays * 86_400_000);
  const live = (now: Date) => ({ revokedAt: null, expiresAt: { $gt: now } });

  /** Ends the live sessions that match; one event each. Says how many. */
  const revoke = async (
    tx: Tx,
    filter: { userId: string; _id?: string | { $ne: string }; deviceId?: string },
    reason: RevokeReason,
  ): Promise<number> => {
    const found = await sessions
      .find({ ...filter, ...live(tx.now) }, { _id: 1 }, { session: tx.session })
      .sort({ createdAt: 1 })
      .lean();
    if (found.length === 0) return 0;
    await sessions.updateMany(
      { _id: { $in: found.map(({ _id }) => _id) } },
      { $set: { revokedAt: tx.now, revokedReason: reason } },
      { session: tx.session },
    );
    for (const { _id } of found) tx.emit('session-revoked', { sessionId: _id, reason }, { userId: filter.userId });
    return found.length;
  };

  return {
    revoke,

    async open(tx: Tx, userId: string, deviceId: string | undefined, client: ClientInfo): Promise<OpenedSession> {
      if (deviceId !== undefined) await revoke(tx, { userId, deviceId }, 'replaced');
      // Not a number that counts up: whoever could guess it could end the session with a made-up refresh token.
      const _id = randomBytes(12).toString('hex');
      const secret = newSecret();
      const session: SessionDocument = {
        _id,
        userId,
        deviceId: deviceId ?? null,
        userAgent: client.userAgent || null,
        ip: client.ip,
        refreshHash: hashOf(secret),
        createdAt: tx.now,
        lastUsedAt: tx.now,
        expiresAt: expiry(tx.now),
        revokedAt: null,
        revokedReason: null,
      };
      await sessions.create([session], { session: tx.session });
      return { session, refreshToken: `${_id}.${secret}` };
    },

    /**
     * Trades the token for a new one. The one before it is traded too, for a moment (`graceMs`). Any other was used before, by its owner or
     * by a thief: nobody can tell, so the session ends. That Problem is *returned*, because the end must be committed.
     * @throws Problem unauthenticated | session-revoked
     */
    async rotate(tx: Tx, refreshToken: string): Promise<OpenedSession | Problem> {
      const { sessionId, secret } = parseToken(refreshToken);
      const session = await sessions.findById(sessionId, undefined, { session: tx.session }).lean();
      if (!session) throw new Problem('unauthenticated', 'The refresh token is not known');
      if (session.revokedAt || session.expiresAt <= tx.now) throw new Problem('session-revoked');
      const { refreshHash, twinHashes = [], previousHashes = [], rotatedAt } = session;
      const current = [refreshHash, ...twinHashes];
      const given = hashOf(secret);
      const next = newSecret();
      const renewed = { refreshHash: hashOf(next), lastUsedAt: tx.now, expiresAt: expiry(tx.now) };
      let rotated: Partial<SessionDocument>;
      if (isAmong(current, given)) {
        rotated = { ...renewed, twinHashes: [], previousHashes: current, rotatedAt: tx.now };
      } else if (isAmong(previousHashes, given) && rotatedAt && tx.now.getTime() - rotatedAt.getTime() < graceMs) {
        rotated = { ...renewed, twinHashes: current.slice(0, maxTwins) };
      } else {
        await revoke(tx, { userId: session.userId, _id: session._id }, 'refresh-token-reused');
        return new Problem('refresh-token-reused');
      }
      await sessions.updateOne({ _id: session._id }, { $set: rotated }, { session: tx.session });
      return { session, refreshToken: `${session._id}.${next}` };
    },

    /** Newest first. */
    async listLive(userId: string, { limit, cursor }: { limit: number; cursor?: string | undefined }): Promise<Paged<SessionDocument>> {
      const found = await sessions
        .find({ userId, ...live(new Date()), ...olderThan(cursor) })
        .sort(newestFirst)
        .limit(limit + 1)
        .lean();
      return pageByTime(found, limit);
    },

    async getLive(userId: string, id: string): Promise<SessionDocument> {
      const session = await sessions.findOne({ _id: id, userId, ...live(new Date()) }).lean();
      if (!session) throw new Problem('not-found', 'There is no such session');
      return session;
    },
  };
}

export type Sessions = ReturnType<typeof createSessions>;

const newSecret = (): string => randomBytes(32).toString('base64url');
const hashOf = (secret: string): string => createHash('sha256').update(secret).digest('hex');
const isAmong = (hashes: readonly string[], hash: string): boolean =>
  hashes.some((one) => timingSafeEqual(Buffer.from(one, 'hex'), Buffer.from(hash, 'hex')));

/** `<session id>.<32 random bytes, base64url>` */
function parseToken(token: string): { sessionId: string; secret: string } {
  const match = /^([a-f0-9]{24})\.([A-Za-z0-9_-]{43})$/.exec(token);
  if (!match?.[1] || !match[2]) throw new Problem('unauthenticated', 'The refresh token is not known');
  return { sessionId: match[1], secret: match[2] };
}
