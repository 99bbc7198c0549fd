import { z } from 'zod';
import { idSchema, wordSchema } from '../common.js';
import { defineEvent } from '../event.js';
import { feeds } from '../feeds.js';
import { revokeReasonSchema } from '../identity/schemas.js';

const toUser = z.strictObject({ userId: idSchema });

// Gateways act on these two when they deliver them: that is how a right ends on a live connection.
export const systemEvents = {
  'session-revoked': defineEvent({
    type: 'session-revoked',
    summary: 'A session ended: its live connections are closed',
    data: z.strictObject({ sessionId: idSchema, reason: revokeReasonSchema }),
    to: toUser,
    feeds: (to) => [feeds.user(to.userId)],
    notifies: (to) => [{ user: to.userId }],
  }),
  'access-changed': defineEvent({
    type: 'access-changed',
    summary: 'The right to `feeds` was given or taken: connections look again at what they follow',
    data: z.strictObject({ feeds: z.array(z.string().max(100)).max(1000), reason: wordSchema }),
    to: toUser,
    feeds: (to) => [feeds.user(to.userId)],
    notifies: (to) => [{ user: to.userId }],
  }),
};
