import type { EventInput, Notification } from '@tidings/contracts';
import type { Mongo } from '@tidings/platform';

/** A notification in the app, in `notifications`. `_id` follows from the event and the person, so that each exists once. */
export interface NotificationDocument {
  _id: string;
  userId: string;
  eventId: string;
  title: string;
  message: string;
  type: Notification['type'];
  category: string;
  orderId?: string;
  data?: Record<string, string | number | boolean | null>;
  actions?: { action: string; label: string }[];
  /** What the buttons decide; see `Questions`. */
  question?: string;
  readAt: Date | null;
  decision?: string;
  createdAt: Date;
  /** The `new-notification` that told of it. */
  toldBy?: string;
}

/** Who asked to be told of what happens in a feed, in `feed_watchers`. */
export interface FeedWatcher {
  _id: string;
  feed: string;
  userId: string;
}

export const notificationCollections = {
  notifications: 'notifications',
  watchers: 'feed_watchers',
  questions: 'notification_questions',
} as const;

export const notificationId = (eventId: string, userId: string): string => `${eventId}_${userId}`;

function shared({ title, message, type, category, orderId, data, actions }: NotificationDocument) {
  return { title, message, type, category, ...(orderId ? { orderId } : {}), ...(data ? { data } : {}), ...(actions ? { actions } : {}) };
}

/** As `GET /api/notifications` shows it. */
export function presentNotification(document: NotificationDocument): Notification {
  return {
    id: document._id,
    ...shared(document),
    readAt: document.readAt?.toISOString() ?? null,
    ...(document.decision ? { decision: document.decision } : {}),
    createdAt: document.createdAt.toISOString(),
  };
}

/** As `new-notification` carries it: the same facts, so that a list built from events equals the one that is fetched. */
export function presentNewNotification(document: NotificationDocument): EventInput<'new-notification'> {
  return { notificationId: document._id, ...shared(document), timestamp: document.createdAt.toISOString() };
}

/** Indexes of notifications. The worker and the API call it at start; creating an index that exists does nothing. */
export async function ensureNotificationIndexes({ db }: Mongo): Promise<void> {
  await db.collection(notificationCollections.notifications).createIndexes([
    { key: { userId: 1, createdAt: -1, _id: -1 }, name: 'newest' },
    { key: { userId: 1, readAt: 1, createdAt: -1, _id: -1 }, name: 'unread', partialFilterExpression: { readAt: null } },
    { key: { question: 1 }, name: 'question', partialFilterExpression: { question: { $exists: true } } },
  ]);
  // Long after the last worker has written what asked it.
  await db.collection(notificationCollections.questions).createIndex({ at: 1 }, { name: 'expiry', expireAfterSeconds: 90 * 24 * 3_600 });
  await db.collection(notificationCollections.watchers).createIndex({ feed: 1, userId: 1 }, { name: 'watch', unique: true });
}
