import type { EventData, Notification } from '@tidings/contracts';
import type { NotificationHandlers } from './content.js';
import { excerpt, moment } from './words.js';

const bookingWords: Record<EventData<'booking-updated'>['status'], { says: string; type: Notification['type'] }> = {
  requested: { says: 'was requested', type: 'info' },
  confirmed: { says: 'is confirmed', type: 'success' },
  declined: { says: 'was declined', type: 'warning' },
  cancelled: { says: 'was cancelled', type: 'warning' },
  completed: { says: 'is completed', type: 'success' },
  expired: { says: 'has expired', type: 'warning' },
};

export const advisorNotifications = {
  'booking-updated': (data, { recipient }) => {
    const { says, type } = bookingWords[data.status];
    const whose = recipient === data.advisorId ? 'A booking with you' : 'Your booking';
    return {
      title: `Booking ${data.status}`,
      message: `${whose}${data.slot ? ` for ${moment(data.slot.startsAt)}` : ''} ${says}.`,
      type,
      category: 'booking',
      data: { bookingId: data.bookingId },
    };
  },
  booking_notification: (data) => ({
    title: data.success ? 'Booking' : 'Booking failed',
    message: data.message,
    type: data.success ? 'success' : 'error',
    category: 'booking',
    data: { bookingId: data.bookingId },
  }),
  'message-received': (data) => ({
    title: 'New message',
    message: excerpt(data.text),
    type: 'info',
    category: 'message',
    data: { conversationId: data.conversationId, messageId: data.messageId, from: data.from },
  }),
} satisfies NotificationHandlers;
