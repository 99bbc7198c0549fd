import { Problem } from '@tidings/contracts';
import { notificationCollections, type NotificationDocument, type Tx } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';

export interface Notifications {
  /** Newest first; the id settles what was written in the same millisecond, as in the reducer of the clients. */
  list(
    userId: string,
    query: { limit: number; cursor?: string | undefined; unread?: boolean | undefined },
  ): Promise<Paged<NotificationDocument>>;
  /**
   * Marks one as read and emits `notification-updated`; one that was read before stays as it is.
   * @throws Problem `not-found`, also for somebody else's
   */
  read(tx: Tx, userId: string, id: string): Promise<NotificationDocument>;
  /** Marks at most 200, so that a transaction stays small, and tells how many unread ones are left. */
  readAll(tx: Tx, userId: string): Promise<{ read: number; unread: number }>;
}

const mostAtOnce = 200;

export function createNotifications(mongo: Mongo): Notifications {
  const notifications = mongo.db.collection<NotificationDocument>(notificationCollections.notifications);

  const tellRead = (tx: Tx, { _id, userId }: Pick<NotificationDocument, '_id' | 'userId'>): void => {
    tx.emit('notification-updated', { notificationId: _id, readAt: tx.now.toISOString() }, { userId });
  };

  return {
    async list(userId, { limit, cursor, unread }) {
      const found = await notifications
        .find({
          userId,
          ...(unread === undefined ? {} : { readAt: unread ? null : { $ne: null } }),
          ...olderThan(cursor),
        })
        .sort(newestFirst)
        .limit(limit + 1)
        .toArray();
      return pageByTime(found, limit);
    },

    async read(tx, userId, id) {
      const { session } = tx;
      const marked = await notifications.findOneAndUpdate(
        { _id: id, userId, readAt: null },
        { $set: { readAt: tx.now } },
        { session, returnDocument: 'after' },
      );
      if (marked) {
        tellRead(tx, marked);
        return marked;
      }
      const known = await notifications.findOne({ _id: id, userId }, { session });
      if (!known) throw new Problem('not-found');
      return known;
    },

    async readAll(tx, userId) {
      const { session } = tx;
      const unread = await notifications
        .find({ userId, readAt: null }, { session, projection: { userId: 1 } })
        .sort(newestFirst)
        .limit(mostAtOnce)
        .toArray();
      if (unread.length > 0) {
        await notifications.updateMany({ _id: { $in: unread.map(({ _id }) => _id) } }, { $set: { readAt: tx.now } }, { session });
        for (const one of unread) tellRead(tx, one);
      }
      const left = unread.length < mostAtOnce ? 0 : await notifications.countDocuments({ userId, readAt: null }, { session });
      return { read: unread.length, unread: left };
    },
  };
}
