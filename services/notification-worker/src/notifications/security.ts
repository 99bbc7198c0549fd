import type { RevokeReason } from '@tidings/contracts';
import type { NotificationHandlers } from './content.js';
import { reasonWords } from './words.js';

/** Somebody who ended a session needs no alarm; a stolen refresh token does. */
const ownDoing = new Set<RevokeReason>(['logged-out', 'ended-by-user', 'replaced']);

export const securityNotifications = {
  'session-revoked': ({ sessionId, reason }) => ({
    title: 'Signed out on a device',
    message: `One of your sessions has ended (${reasonWords(reason)}). If that was not you, change your password.`,
    type: ownDoing.has(reason) ? 'info' : 'warning',
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
