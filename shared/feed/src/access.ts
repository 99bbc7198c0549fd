import { feedRule, feedsAround, isAuditedFollow, ownFeeds, type Principal, type Role } from '@tidings/contracts';
import { gather, type Mongo } from '@tidings/platform';
import { auditRead } from './audit.js';
import { collections, type FeedGrant } from './documents.js';

interface StoredUser {
  _id: string;
  roles: Role[];
  status: 'active' | 'suspended';
  memberships?: { merchantId: string }[];
  name?: string;
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
  /** Null when the session has ended or expired, or the user is suspended. Calls that come together share a query. */
  principal(userId: string, sessionId: string): Promise<Principal | null>;
  /** @param from where the wish came from, for the audit log; of a connection, whose principal does not keep it */
  mayFollow(who: Principal, feed: string, from?: Principal['from']): Promise<FollowRight>;
  /** The feeds to whose followers the domain has granted this one: of an order, its customer and its merchant. */
  parties(feed: string): Promise<readonly string[]>;
}

/** @param options `names`: principals have their names. A gateway, which keeps thousands, has no need of them */
export function createAccess(mongo: Mongo, { names = false }: { names?: boolean } = {}): Access {
  const options = { readConcern: { level: 'majority' as const }, readPreference: 'primary' as const };
  const users = mongo.db.collection<StoredUser>('users', options);
  const sessions = mongo.db.collection<StoredSession>('sessions', options);
  const grants = mongo.db.collection<FeedGrant>(collections.grants, options);

  const loadUsers = batched(async (ids: readonly string[]) => {
    const found = await users
      .find({ _id: { $in: [...ids] } }, { projection: { roles: 1, status: 1, 'memberships.merchantId': 1, ...(names ? { name: 1 } : {}) } })
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
      const { roles, name } = user;
      return { userId, sessionId, roles: sharedRoles(roles), merchants: merchantsOf(user), ...(name === undefined ? {} : { name }) };
    },

    async parties(feed) {
      return (await grants.findOne({ _id: feed }))?.containers ?? [];
    },

    async mayFollow(who, feed, from = who.from) {
      const rule = feedRule(who, feed);
      if (rule === 'deny') return { ok: false, containers: [] };
      const grant = await grants.findOne({ _id: feed });
      const containers = [...feedsAround(feed), ...(grant?.containers ?? [])];
      const own = ownFeeds(who);
      const isParty = (grant?.containers ?? []).some((container) => own.includes(container));
      if (rule === 'granted') return { ok: isParty, containers };
      if (isAuditedFollow(who, feed, isParty))
        await auditRead(mongo, { ...who, ...(from ? { from } : {}) }, { action: 'feed.follow', target: feed });
      return { ok: true, containers };
    },
  };
}

const none: readonly string[] = [];
const knownRoles = new Map<string, readonly Role[]>();

/** A gateway keeps a principal for each of its thousands of connections; there are few different lists among them. */
function sharedRoles(roles: readonly Role[]): readonly Role[] {
  const key = roles.join();
  const known = knownRoles.get(key) ?? roles;
  knownRoles.set(key, known);
  return known;
}

function merchantsOf({ memberships }: StoredUser): readonly string[] {
  return memberships?.length ? memberships.map(({ merchantId }) => merchantId) : none;
}

/** Two thousand clients that come back at once must not ask two thousand times. */
function batched<T>(load: (ids: readonly string[]) => Promise<Map<string, T>>): (id: string) => Promise<T | undefined> {
  const ask = gather((ids: readonly string[]) => load([...new Set(ids)]));
  return async (id) => (await ask(id)).get(id);
}
