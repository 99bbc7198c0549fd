import { createQuestions, notificationCollections, notificationId, presentNewNotification, type NotificationDocument } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';
import type { Channel } from './channel.js';

/** The notification in the list, and `new-notification` on the screen. */
export function createInAppChannel(mongo: Mongo): Channel {
  const notifications = mongo.db.collection<NotificationDocument>(notificationCollections.notifications);
  const questions = createQuestions(mongo);
  return {
    name: 'in-app',
    async write(tx, deliveries, isFirst) {
      if (deliveries.length === 0) return [];
      const documents = deliveries.map(({ event, userId, content }): NotificationDocument => ({
        _id: notificationId(event._id, userId),
        userId,
        eventId: event._id,
        ...content,
        readAt: null,
        createdAt: tx.now,
      }));
      const ids = documents.map(({ _id }) => _id);
      const existing = isFirst
        ? []
        : await notifications.find({ _id: { $in: ids } }, { session: tx.session, projection: { _id: 1 } }).toArray();
      const written = new Set(existing.map(({ _id }) => _id));
      const missing = documents.filter(({ _id }) => !written.has(_id));
      if (missing.length === 0) return [];
      const asked = new Set(missing.flatMap(({ question }) => question ?? []));
      const decided = await questions.decided(tx, [...asked]);
      for (const document of missing) {
        if (document.question !== undefined && decided.has(document.question)) withoutButtons(document);
        const { userId, eventId } = document;
        // Of many events one transaction: each notification has its own cause.
        document.toldBy = tx.emit('new-notification', presentNewNotification(document), { userId }, { kind: 'event', id: eventId });
      }
      await notifications.insertMany(missing, { session: tx.session });
      return deliveries.filter(({ event, userId }) => !written.has(notificationId(event._id, userId)));
    },
  };
}

/** It was decided before anybody was told of it: nothing is left to press. */
function withoutButtons(document: NotificationDocument): void {
  delete document.actions;
  delete document.question;
}
