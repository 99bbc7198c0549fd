import { feedRule, feedsAround, isAuditedFollow, ownFeeds, type Principal, type Role } from '@tidings/contracts';
import { newId, type Mongo } from '@tidings/platform';
import { collections, type FeedGrant } from './documents.js';

interface StoredUser {
  _id: string;
  roles: Role[];
  status: 'active' | 'suspended';
  memberships?: { merchantId: string }[];
}

interface StoredSession {
  _id: string;
  userId: string;
  expiresAt: Date;
  revokedAt: Date | null;
}

export interface FollowRight {
  ok: boolean;
  /** Feeds that hold every entry of this one: following it beside one of them adds nothing. */
  containers: readonly string[];
}

/** Who somebody is and what they may follow, read from the primary each time: a right that was taken away is gone at once. */
export interface Access {
  /** Null when the session has ended or expired, or the user is suspended. Calls of one tick share a query. */
  principal(userId: string, sessionId: string): Promise<Principal | null>;
  mayFollow(who: Principal, feed: string): Promise<FollowRight>;
}

export function createAccess(mongo: Mongo): Access {
  const options = { readConcern: { level: 'majority' as const }, readPreference: 'primary' as const };
  const users = mongo.db.collection<StoredUser>('users', options);
  const sessions = mongo.db.collection<StoredSession>('sessions', options);
  const grants = mongo.db.collection<FeedGrant>(collections.grants, options);

  const loadUsers = batched(async (ids: readonly string[]) => {
    const found = await users
      .find({ _id: { $in: [...ids] } }, { projection: { roles: 1, status: 1, 'memberships.merchantId': 1 } })
      .toArray();
    return new Map(found.map((user) => [user._id, user]));
  });
  const loadSessions = batched(async (ids: readonly string[]) => {
    const found = await sessions.find({ _id: { $in: [...ids] } }, { projection: { userId: 1, expiresAt: 1, revokedAt: 1 } }).toArray();
    return new Map(found.map((session) => [session._id, session]));
  });

  return {
    async principal(userId, sessionId) {
      const [user, session] = await Promise.all([loadUsers(userId), loadSessions(sessionId)]);
      if (!user || user.status !== 'active') return null;
      if (!session || session.userId !== userId || session.revokedAt || session.expiresAt.getTime() <= Date.now()) return null;
      return { userId, sessionId, roles: user.roles, merchants: (user.memberships ?? []).map(({ merchantId }) => merchantId) };
    },

    async mayFollow(who, feed) {
      const rule = feedRule(who, feed);
      if (rule === 'deny') return { ok: false, containers: [] };
      const grant = await grants.findOne({ _id: feed });
      const containers = [...feedsAround(feed), ...(grant?.containers ?? [])];
      const own = ownFeeds(who);
      const isParty = (grant?.containers ?? []).some((container) => own.includes(container));
      if (rule === 'granted') return { ok: isParty, containers };
      if (isAuditedFollow(who, feed, isParty)) await audit(mongo, who, feed);
      return { ok: true, containers };
    },
  };
}

async function audit(mongo: Mongo, who: Principal, feed: string): Promise<void> {
  await mongo.db
    .collection<{ _id: string }>('audit_log')
    .insertOne({ _id: newId(), at: new Date(), actor: who.userId, action: 'feed.follow', target: feed } as { _id: string });
}

/** Gathers the ids asked for in one tick into one query: two thousand clients that come back at once must not ask two thousand times. */
function batched<T>(load: (ids: readonly string[]) => Promise<Map<string, T>>): (id: string) => Promise<T | undefined> {
  let waiting: Promise<Map<string, T>> | undefined;
  let ids = new Set<string>();
  return async (id) => {
    ids.add(id);
    waiting ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      const asked = [...ids];
      ids = new Set();
      waiting = undefined;
      return load(asked);
    });
    return (await waiting).get(id);
  };
}
