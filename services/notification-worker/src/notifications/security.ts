import type { NotificationHandlers } from './content.js';
import { reasonWords } from './words.js';

export const securityNotifications = {
  'session-revoked': ({ sessionId, reason }) => ({
    title: 'Signed out on a device',
    message: `One of your sessions has ended (${reasonWords(reason)}). If that was not you, change your password.`,
    // Somebody who logs out needs no alarm; a stolen refresh token does.
    type: reason === 'logout' ? 'info' : 'warning',
    category: 'security',
    data: { sessionId },
  }),
  'access-changed': ({ reason }) => ({
    title: 'Your access has changed',
    message: `What you may see and do has changed (${reasonWords(reason)}).`,
    type: 'info',
    category: 'security',
  }),
} satisfies NotificationHandlers;
