import type { AnyEvent } from '../events.js';
import { newestFirst } from '../reduce.js';
import type { Notification } from './schemas.js';

/**
 * The notifications after the event: what `GET /api/notifications` then lists, newest first. They have no version:
 * what is read stays read, and a decision stands, so a repeated event can take nothing back.
 */
export function reduceNotifications(state: readonly Notification[], event: AnyEvent): readonly Notification[] {
  if (event.type === 'new-notification') {
    const { notificationId: id, timestamp: createdAt, ...fields } = event.data;
    if (state.some((known) => known.id === id)) return state;
    return [...state, { id, ...fields, readAt: null, createdAt }].sort(newestFirst);
  }
  if (event.type === 'notification-updated') {
    const { notificationId, readAt, decision } = event.data;
    return state.map((known) =>
      known.id === notificationId
        ? { ...known, readAt: known.readAt ?? readAt ?? null, ...(decision === undefined ? {} : { decision: known.decision ?? decision }) }
        : known,
    );
  }
  return state;
}
