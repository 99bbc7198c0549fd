import type { AnyEvent } from '../events.js';
import { newestFirst, upsert } from '../reduce.js';
import type { Refund } from './schemas.js';

/** The refunds after the event: what `GET /api/admin/refunds` then lists, newest first. */
export function reduceRefunds(state: readonly Refund[], event: AnyEvent): readonly Refund[] {
  return event.type === 'refund-updated' ? upsert(state, event.data.refund, newestFirst) : state;
}
