import type { AnyEvent } from '../events.js';
import { newestFirst, upsert } from '../reduce.js';
import type { Reconciliation } from './schemas.js';

/** The comparisons after the event: what `GET /api/admin/reconciliations` then lists, newest first. */
export function reduceReconciliations(state: readonly Reconciliation[], event: AnyEvent): readonly Reconciliation[] {
  return event.type === 'reconciliation-updated' ? upsert(state, event.data.reconciliation, newestFirst) : state;
}
