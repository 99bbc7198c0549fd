import type { Notification } from '@tidings/contracts';
import type { NotificationHandlers } from './content.js';
import { moment, money, reasonWords } from './words.js';

const typeOf: Record<'info' | 'warning' | 'critical', Notification['type']> = { info: 'info', warning: 'warning', critical: 'error' };

/** A system event says when; an announcement's words are its author's alone. */
function withTimes(message: string, startsAt: string | undefined, endsAt: string | undefined): string {
  if (!startsAt) return message;
  return `${message} (${endsAt ? `${moment(startsAt)} – ${moment(endsAt)}` : `from ${moment(startsAt)}`})`;
}

export const adminNotifications = {
  announcement: (data) => ({ title: data.title, message: data.message, type: typeOf[data.severity], category: 'announcement' }),
  'system-event': (data) => ({
    title: data.phase === 'cancelled' ? `Called off: ${data.title}` : data.title,
    message: withTimes(data.message, data.startsAt, data.endsAt),
    type: typeOf[data.severity],
    category: 'system',
    data: { kind: data.kind },
  }),
  'balance-adjusted': ({ amount, currency, newBalance, reason, transactionId }) => ({
    title: amount > 0 ? 'Money added' : 'Money taken',
    message: `${money(Math.abs(amount), currency)} was ${amount > 0 ? 'added to' : 'taken from'} your wallet: ${reasonWords(reason)}. Your balance is ${money(newBalance, currency)}.`,
    type: amount > 0 ? 'success' : 'warning',
    category: 'payment',
    data: { transactionId },
  }),
} satisfies NotificationHandlers;
