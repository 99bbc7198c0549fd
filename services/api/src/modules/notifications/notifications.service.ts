import { answerSchema, Problem, type Answer, type Principal } from '@tidings/contracts';
import { notificationCollections, type NotificationDocument, type Tx } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';

/** What buttons do, by the kind of the question: the use case that decides, with the rights of who presses. */
export type NotificationActions = Readonly<Record<string, (tx: Tx, caller: Principal, id: string, action: Answer) => Promise<unknown>>>;

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
  /**
   * Presses a button of one: decides its question, marks it as read, and every notification of the question as answered. Pressed twice is once.
   * @throws Problem `not-found`, also for somebody else's and one without such a button; `invalid-transition` when it was decided
   *   otherwise; and what the decision throws
   */
  act(tx: Tx, caller: Principal, id: string, action: string): Promise<NotificationDocument>;
  /** Marks at most 200, so that a transaction stays small, and tells how many unread ones are left. */
  readAll(tx: Tx, userId: string): Promise<{ read: number; unread: number }>;
}

const mostAtOnce = 200;

export function createNotifications(mongo: Mongo, actions: NotificationActions): Notifications {
  const notifications = mongo.db.collection<NotificationDocument>(notificationCollections.notifications);

  const tellRead = (tx: Tx, { _id, userId }: Pick<NotificationDocument, '_id' | 'userId'>): void => {
    tx.emit('notification-updated', { notificationId: _id, readAt: tx.now.toISOString() }, { userId });
  };

  const read: Notifications['read'] = async (tx, userId, id) => {
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
  };

  return {
    read,

    async act(tx, caller, id, action) {
      const { question = '', actions: buttons = [], decision } = await read(tx, caller.userId, id);
      const [kind = '', subject = ''] = question.split(':');
      const decide = actions[kind];
      const answer = answerSchema.safeParse(action).data;
      if (!answer || !decide || !buttons.some((button) => button.action === action))
        throw new Problem('not-found', 'The notification has no such button');
      if (decision !== undefined && decision !== action) throw new Problem('invalid-transition', `It was decided before: ${decision}`);
      if (decision === undefined) await decide(tx, caller, subject, answer);
      return read(tx, caller.userId, id);
    },

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
