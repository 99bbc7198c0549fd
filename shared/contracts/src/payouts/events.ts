import { z } from 'zod';
import { idSchema, versionSchema } from '../common.js';
import { defineEvent } from '../event.js';
import { feeds } from '../feeds.js';
import { payoutSchema } from './schemas.js';

export const payoutEvents = {
  'payout-updated': defineEvent({
    type: 'payout-updated',
    summary: "An owner asked for a part of a merchant's balance, or an administrator decided on that",
    data: z.strictObject({
      payoutId: idSchema,
      merchantId: idSchema,
      merchantName: z.string(),
      payout: payoutSchema,
      version: versionSchema,
    }),
    to: z.strictObject({ merchantId: idSchema }),
    feeds: (to) => [feeds.merchant(to.merchantId), feeds.admin],
    notifies: (to, { payout }) => [payout.status === 'requested' ? { role: 'admin' } : { owners: to.merchantId }],
  }),
};
