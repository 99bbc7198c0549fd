import { idParams, listOf } from '../common.js';
import { defineRoute } from '../route.js';
import { notificationActionParams, notificationSchema, notificationsQuery, readAllSchema } from './schemas.js';

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
  read: defineRoute({
    name: 'readNotification',
    method: 'post',
    path: '/api/notifications/:id/read',
    summary: 'Marks a notification as read on every device; once read, its time stays',
    tag: 'notifications',
    access: 'user',
    params: idParams,
    status: 200,
    response: notificationSchema,
    errors: ['not-found'],
    write: true,
  }),
  act: defineRoute({
    name: 'answerNotification',
    method: 'post',
    path: '/api/notifications/:id/actions/:action',
    summary: 'Presses a button of a notification: does what it says, and marks it as read and answered on every device',
    tag: 'notifications',
    access: 'user',
    params: notificationActionParams,
    status: 200,
    response: notificationSchema,
    errors: ['not-found', 'forbidden', 'invalid-transition', 'insufficient-points', 'program-closed', 'merchant-closed'],
    write: true,
  }),
  readAll: defineRoute({
    name: 'readAllNotifications',
    method: 'post',
    path: '/api/notifications/read-all',
    summary: 'Marks the unread notifications as read, at most 200 a call, the newest first; `unread` is how many are left',
    tag: 'notifications',
    access: 'user',
    status: 200,
    response: readAllSchema,
    write: true,
  }),
};
