import type { Mongo } from '@tidings/platform';
import { notificationCollections, type NotificationDocument } from './notifications.js';
import type { Tx } from './outbox.js';

/** Something that waits for a decision and is on screens with buttons: `enrollment:{id}`, `points:{id}`. */
interface QuestionDocument {
  _id: string;
  /** In the words of the buttons, or what else ended it: `accept`, `decline`, `withdraw`, `expire`, … Missing while it waits. */
  decision?: string;
  /** Counts writes: a notification that is being written and a decision that is being made meet here. */
  turns: number;
  at: Date;
}

export interface Questions {
  /**
   * Of questions that are about to be put to somebody, those that are decided already: they have no buttons any more. In the transaction that
   * writes the notifications, so that none is written beside a decision which it does not see.
   */
  decided(tx: Tx, ids: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * Notes the decision on every notification that asked, and tells their readers' devices (`notification-updated`). A second decision changes
   * nothing. Call it in the transaction that decides, wherever the decision comes from.
   */
  answer(tx: Tx, id: string, decision: string): Promise<void>;
}

export function createQuestions({ db }: Pick<Mongo, 'db'>): Questions {
  const questions = db.collection<QuestionDocument>(notificationCollections.questions);
  const notifications = db.collection<NotificationDocument>(notificationCollections.notifications);
  return {
    async decided({ session, now: at }, ids) {
      if (ids.length === 0) return new Set();
      const upserts = ids.map((_id) => ({
        updateOne: { filter: { _id }, update: { $inc: { turns: 1 }, $setOnInsert: { at } }, upsert: true },
      }));
      await questions.bulkWrite(upserts, { session });
      const found = await questions.find({ _id: { $in: [...ids] }, decision: { $exists: true } }, { session }).toArray();
      return new Set(found.map(({ _id }) => _id));
    },

    async answer(tx, id, decision) {
      const { session, now: at } = tx;
      const known = await questions.findOneAndUpdate(
        { _id: id },
        [
          {
            $set: {
              decision: { $ifNull: ['$decision', decision] },
              turns: { $add: [{ $ifNull: ['$turns', 0] }, 1] },
              at: { $ifNull: ['$at', at] },
            },
          },
        ],
        { session, upsert: true, returnDocument: 'before' },
      );
      if (known?.decision !== undefined) return;
      const waiting = await notifications
        .find({ question: id, decision: { $exists: false } }, { session, projection: { userId: 1 } })
        .toArray();
      if (waiting.length === 0) return;
      await notifications.updateMany({ _id: { $in: waiting.map(({ _id }) => _id) } }, { $set: { decision } }, { session });
      for (const { _id: notificationId, userId } of waiting) tx.emit('notification-updated', { notificationId, decision }, { userId });
    },
  };
}
