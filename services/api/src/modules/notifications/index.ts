import { ensureNotificationIndexes } from '@tidings/feed';
import type { ApiModule, Context } from '../../context.js';
import { notificationRoutes } from './notifications.routes.js';
import { createNotifications, type NotificationActions } from './notifications.service.js';

export type { NotificationActions } from './notifications.service.js';

/** What people have been told. The notification worker writes notifications; here they are listed, marked as read, and their buttons pressed. */
export function notificationsModule({ mongo }: Pick<Context, 'mongo'>, { actions }: { actions: NotificationActions }): ApiModule {
  return { routes: notificationRoutes(createNotifications(mongo, actions)), start: () => ensureNotificationIndexes(mongo) };
}
