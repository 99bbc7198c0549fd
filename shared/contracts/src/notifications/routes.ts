import { listOf } from '../common.js';
import { defineRoute } from '../route.js';
import { notificationSchema, notificationsQuery } from './schemas.js';

export const notificationRoutes = {
  list: defineRoute({
    name: 'listNotifications',
    method: 'get',
    path: '/api/notifications',
    summary: 'The notifications of the caller, newest first',
    tag: 'notifications',
    access: 'user',
    query: notificationsQuery,
    status: 200,
    response: listOf(notificationSchema),
  }),
};
