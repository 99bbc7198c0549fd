import type { Recipient, Role } from '@tidings/contracts';
import { notificationCollections, type FeedWatcher } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';

interface StoredUser {
  _id: string;
  roles: Role[];
  memberships?: { merchantId: string; role: 'owner' | 'staff' }[];
  createdAt: Date;
}

/** Turns the catalogue's recipients into user ids. */
export interface Audience {
  /**
   * Each id at least once, read piece by piece: an announcement addresses everyone.
   * @param at when the event was emitted; who joined a role later is not told of it
   */
  users(recipients: readonly Recipient[], at: Date): AsyncGenerator<string>;
}

export function createAudience(mongo: Mongo): Audience {
  const options = { readConcern: { level: 'majority' as const }, readPreference: 'primary' as const };
  const users = mongo.db.collection<StoredUser>('users', options);
  const watchers = mongo.db.collection<FeedWatcher>(notificationCollections.watchers, options);

  const byFilter = async function* (filter: Parameters<typeof users.find>[0]): AsyncGenerator<string> {
    for await (const { _id } of users.find(filter, { projection: { _id: 1 }, sort: { _id: 1 } })) yield _id;
  };

  return {
    async *users(recipients, at) {
      for (const recipient of recipients) {
        if ('user' in recipient) yield recipient.user;
        else if ('members' in recipient) yield* byFilter({ 'memberships.merchantId': recipient.members });
        else if ('owners' in recipient) yield* byFilter({ memberships: { $elemMatch: { merchantId: recipient.owners, role: 'owner' } } });
        else if ('followers' in recipient) {
          for await (const { userId } of watchers.find({ feed: recipient.followers }, { projection: { userId: 1 }, sort: { userId: 1 } }))
            yield userId;
        } else {
          yield* byFilter({ createdAt: { $lte: at }, ...(recipient.role === 'everyone' ? {} : { roles: recipient.role }) });
        }
      }
    },
  };
}
