import type { AnyEvent } from '../events.js';
import { newestFirst, upsert } from '../reduce.js';
import type { Payout } from './schemas.js';

/** What `GET /api/merchants/:id/payouts` (for administrators `GET /api/admin/payouts`) then lists, newest first. */
export function reducePayouts(state: readonly Payout[], event: AnyEvent): readonly Payout[] {
  return event.type === 'payout-updated' ? upsert(state, event.data.payout, newestFirst) : state;
}
