import { z } from 'zod';
import { defineEvent } from '../event.js';
import { feeds } from '../feeds.js';
import { refundSchema } from './schemas.js';

export const refundEvents = {
  'refund-updated': defineEvent({
    type: 'refund-updated',
    summary: 'An administrator asked for a refund, or the provider has settled it; the customer is told by `payment-refunded`',
    data: z.strictObject({ refund: refundSchema }),
    to: z.strictObject({}),
    feeds: () => [feeds.admin],
  }),
};
