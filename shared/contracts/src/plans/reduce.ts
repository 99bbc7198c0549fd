import type { AnyEvent } from '../events.js';
import { newestFirst, upsert } from '../reduce.js';
import type { Investment } from './investments.js';
import type { Plan } from './schemas.js';

/** The plans as clients keep them: also which were withdrawn, so that a repeated older event cannot bring one back. */
export interface PlanList {
  items: readonly Plan[];
  removed: ReadonlySet<string>;
}

export const emptyPlanList: PlanList = { items: [], removed: new Set() };

/** The list after the event: `items` is what `GET /api/plans` then lists, newest first. */
export function reducePlans(state: PlanList, event: AnyEvent): PlanList {
  if (event.type !== 'plan-created' && event.type !== 'plan-updated' && event.type !== 'plan-deleted') return state;
  const { planId, planData } = event.data;
  if (state.removed.has(planId)) return state;
  if (event.type === 'plan-deleted')
    return { items: state.items.filter(({ id }) => id !== planId), removed: new Set([...state.removed, planId]) };
  const items = upsert(state.items, planData, newestFirst);
  return items === state.items ? state : { ...state, items };
}

/** The user's investments after the event: what `GET /api/investments` then lists, newest first. */
export function reduceInvestments(state: readonly Investment[], event: AnyEvent): readonly Investment[] {
  return event.type === 'investment-updated' ? upsert(state, event.data.investment, newestFirst) : state;
}
