import { ensureNotificationIndexes } from '@tidings/feed';
import type { ApiModule, Context } from '../../context.js';
import { notificationRoutes } from './notifications.routes.js';
import { createNotifications } from './notifications.service.js';

/** What people have been told. The notification worker writes notifications; here they are listed and marked as read. */
export function notificationsModule({ mongo }: Pick<Context, 'mongo'>): ApiModule {
  return { routes: notificationRoutes(createNotifications(mongo)), start: () => ensureNotificationIndexes(mongo) };
}
