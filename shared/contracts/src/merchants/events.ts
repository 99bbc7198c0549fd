import { z } from 'zod';
import { idSchema } from '../common.js';
import { defineEvent, type FeedTarget, type Recipient } from '../event.js';
import { feeds } from '../feeds.js';
import { bulkActionSchema } from './bulk.js';
import { subscriptionPlanSchema } from '../subscriptions/schemas.js';
import { invitationSchema } from './invitations.js';
import { contactsSchema, merchantSchema, mostMerchantIds } from './schemas.js';

/**
 * `byAdmin`: an administrator made the change, so the members are told. `bulk`: it is one of many of a bulk operation, which tells the directory's
 * feeds by `merchants-changed` and the members by a word of its own.
 */
const toMerchant = z.strictObject({ merchantId: idSchema, byAdmin: z.boolean(), bulk: z.literal(true).optional() });
const merchantData = z.strictObject({
  merchantId: idSchema,
  merchant: merchantSchema,
  contacts: contactsSchema.optional(),
  adminEmail: z.string().optional(),
});
const isPrivate = ['contacts', 'adminEmail'] as const;
const merchantFeeds = ({ merchantId, bulk }: z.output<typeof toMerchant>): readonly FeedTarget[] =>
  bulk ? [{ feed: feeds.merchant(merchantId), omit: isPrivate }] : [{ feed: feeds.merchants, omit: isPrivate }, feeds.merchantsAdmin];
const members = (to: z.output<typeof toMerchant>): readonly Recipient[] => (to.byAdmin && !to.bulk ? [{ members: to.merchantId }] : []);

export const merchantEvents = {
  'merchant-created': defineEvent({
    type: 'merchant-created',
    summary: 'A merchant was added',
    data: merchantData,
    to: toMerchant,
    feeds: merchantFeeds,
    notifies: members,
  }),
  'merchant-updated': defineEvent({
    type: 'merchant-updated',
    summary: 'A merchant changed',
    data: merchantData,
    to: toMerchant,
    feeds: merchantFeeds,
    notifies: members,
  }),
  'merchant-deleted': defineEvent({
    type: 'merchant-deleted',
    summary: 'A merchant was removed; `merchant` is its last state',
    data: merchantData,
    to: toMerchant,
    feeds: merchantFeeds,
    notifies: members,
  }),
  'merchants-changed': defineEvent({
    type: 'merchants-changed',
    summary: 'Many merchants changed at once: fetch those that are on the screen, `GET /api/merchants?ids=`',
    data: z.strictObject({ ids: z.array(idSchema).min(1).max(mostMerchantIds) }),
    to: z.strictObject({}),
    // `merchants:admin` holds all that `merchants` does: administrators follow it alone.
    feeds: () => [feeds.merchants, feeds.merchantsAdmin],
  }),
  'invitation-updated': defineEvent({
    type: 'invitation-updated',
    summary: 'Somebody was invited to act for a merchant, or that was answered, taken back or is over',
    data: z.strictObject({ invitationId: idSchema, merchantId: idSchema, invitation: invitationSchema }),
    /** `userId`: the account with that address, where there was one. */
    to: z.strictObject({ merchantId: idSchema, userId: idSchema.optional() }),
    feeds: (to) => [feeds.merchant(to.merchantId), ...(to.userId === undefined ? [] : [feeds.user(to.userId)])],
    notifies: (to, { invitation: { status } }) => {
      if (status === 'pending') return to.userId === undefined ? [] : [{ user: to.userId }];
      return status === 'accepted' || status === 'declined' ? [{ owners: to.merchantId }] : [];
    },
  }),
  'merchants-bulk-changed': defineEvent({
    type: 'merchants-bulk-changed',
    summary: "A bulk operation changed some of a member's merchants: told once, of all of them",
    data: z.strictObject({
      operationId: idSchema,
      action: bulkActionSchema,
      plan: subscriptionPlanSchema.optional(),
      count: z.int().min(1),
      /** The first of them. */
      names: z.array(z.string()).min(1).max(5),
      reason: z.string().optional(),
    }),
    to: z.strictObject({ userId: idSchema }),
    feeds: (to) => [feeds.user(to.userId)],
    notifies: (to) => [{ user: to.userId }],
  }),
};
