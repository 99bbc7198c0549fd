import { z } from 'zod';
import { idSchema, timeSchema, wordSchema } from '../common.js';
import { defineEvent } from '../event.js';
import { feeds } from '../feeds.js';
import { newNotificationSchema } from './schemas.js';

const toUser = z.strictObject({ userId: idSchema });

export const notificationEvents = {
  'new-notification': defineEvent({
    type: 'new-notification',
    summary: 'A notification for the user; it notifies nobody itself',
    data: newNotificationSchema,
    to: toUser,
    feeds: (to) => [feeds.user(to.userId)],
  }),
  'notification-updated': defineEvent({
    type: 'notification-updated',
    summary: 'A notification was read or answered, on any device',
    data: z.strictObject({ notificationId: idSchema, readAt: timeSchema.optional(), decision: wordSchema.optional() }),
    to: toUser,
    feeds: (to) => [feeds.user(to.userId)],
  }),
};
