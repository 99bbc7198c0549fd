import { z } from 'zod';
import { idSchema, text, timeSchema, versionSchema } from '../common.js';
import { defineEvent, type FeedTarget, type Recipient } from '../event.js';
import { feeds } from '../feeds.js';

/** `advisorId` is the user id of the advisor. */
const toBooking = z.strictObject({ bookingId: idSchema, userId: idSchema, advisorId: idSchema });
type ToBooking = z.output<typeof toBooking>;
const bookingFeeds = (to: ToBooking): readonly FeedTarget[] => [
  feeds.user(to.userId),
  feeds.user(to.advisorId),
  feeds.booking(to.bookingId),
];
const otherParty = (to: ToBooking, actor: string | null): readonly Recipient[] =>
  [to.userId, to.advisorId].filter((party) => party !== actor).map((user) => ({ user }));

export const advisorEvents = {
  'booking-updated': defineEvent({
    type: 'booking-updated',
    summary: 'A booking was asked for, or its status changed',
    data: z.strictObject({
      bookingId: idSchema,
      status: z.enum(['requested', 'confirmed', 'declined', 'cancelled', 'completed', 'expired']),
      advisorId: idSchema,
      userId: idSchema,
      slot: z.strictObject({ startsAt: timeSchema, endsAt: timeSchema }).nullable(),
      version: versionSchema,
    }),
    to: toBooking,
    feeds: bookingFeeds,
    notifies: (to, _data, actor) => otherParty(to, actor),
  }),
  booking_notification: defineEvent({
    type: 'booking_notification',
    summary: 'What became of a booking, in words, as existing apps show it',
    data: z.strictObject({ success: z.boolean(), bookingId: idSchema, message: z.string() }),
    to: toBooking,
    feeds: bookingFeeds,
    notifies: (to, _data, actor) => otherParty(to, actor),
  }),
  'message-received': defineEvent({
    type: 'message-received',
    summary: 'A message in a conversation of client and advisor; `from` is the id of the writer',
    data: z.strictObject({ conversationId: idSchema, messageId: idSchema, from: idSchema, text: text(4000) }),
    to: z.strictObject({ conversationId: idSchema, senderId: idSchema, receiverId: idSchema }),
    feeds: (to) => [feeds.user(to.senderId), feeds.user(to.receiverId), feeds.conversation(to.conversationId)],
    notifies: (to) => [{ user: to.receiverId }],
  }),
};
