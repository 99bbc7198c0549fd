import { z } from 'zod';
import { defineEvent } from '../event.js';
import { feeds } from '../feeds.js';
import { reconciliationSchema } from './schemas.js';

export const reconciliationEvents = {
  'reconciliation-updated': defineEvent({
    type: 'reconciliation-updated',
    summary: "A comparison of a provider's payments with our ledger began or ended",
    data: z.strictObject({ reconciliation: reconciliationSchema }),
    to: z.strictObject({}),
    feeds: () => [feeds.admin],
  }),
};
