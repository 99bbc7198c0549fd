import type { AnyEvent } from '../events.js';
import { newest, newestFirst, upsert } from '../reduce.js';
import type { BulkOperation } from './bulk.js';
import type { Invitation } from './invitations.js';
import type { MerchantView } from './schemas.js';
import type { Selling } from './selling.js';

/** What `GET /api/merchants/:id/selling` then returns. Another merchant's status changes nothing. */
export function reduceSelling(state: Selling | null, event: AnyEvent): Selling | null {
  if (event.type !== 'merchant-status' || (state && state.vendorId !== event.data.vendorId)) return state;
  return newest(state, event.data.selling);
}

/** The list of merchants on a screen. Of those that are `stale` a bulk operation changed something: they are fetched anew, see `refreshDirectory`. */
export interface Directory {
  items: readonly MerchantView[];
  stale: readonly string[];
}

/** What `GET /api/merchants` then lists, newest first: for administrators, whose events have the contacts, with those. */
export function reduceDirectory(state: Directory, event: AnyEvent): Directory {
  switch (event.type) {
    case 'merchant-created':
    case 'merchant-updated': {
      const { merchant, contacts } = event.data;
      return { ...state, items: upsert(state.items, contacts ? { ...merchant, contacts } : merchant, newestFirst) };
    }
    case 'merchant-deleted':
      return without(state, [event.data.merchantId]);
    case 'merchants-changed': {
      const shown = event.data.ids.filter((id) => state.items.some((item) => item.id === id) && !state.stale.includes(id));
      return shown.length === 0 ? state : { ...state, stale: [...state.stale, ...shown] };
    }
    default:
      return state;
  }
}

/** With what `GET /api/merchants?ids=` answered to `asked`: what is missing there was deleted. */
export function refreshDirectory(state: Directory, asked: readonly string[], found: readonly MerchantView[]): Directory {
  const gone = asked.filter((id) => !found.some((merchant) => merchant.id === id));
  const fresh = { ...state, stale: state.stale.filter((id) => !asked.includes(id)) };
  return without({ ...fresh, items: found.reduce((items, merchant) => upsert(items, merchant, newestFirst), fresh.items) }, gone);
}

function without({ items, stale }: Directory, ids: readonly string[]): Directory {
  return { items: items.filter(({ id }) => !ids.includes(id)), stale: stale.filter((id) => !ids.includes(id)) };
}

/** What `GET /api/admin/merchants/bulk` then lists. */
export function reduceBulkOperations(state: readonly BulkOperation[], event: AnyEvent): readonly BulkOperation[] {
  if (event.type !== 'bulk-progress' && event.type !== 'bulk-completed') return state;
  const { operation } = event.data;
  const known = state.find(({ operationId }) => operationId === operation.operationId);
  if (known && newest(known, operation) === known) return state;
  const key = ({ operationId: id, createdAt }: BulkOperation) => ({ id, createdAt });
  return [...state.filter((one) => one !== known), operation].toSorted((a, b) => newestFirst(key(a), key(b)));
}

/** What `GET /api/merchants/:id/invitations` then lists. */
export function reduceInvitations(state: readonly Invitation[], event: AnyEvent): readonly Invitation[] {
  return event.type === 'invitation-updated' ? upsert(state, event.data.invitation, newestFirst) : state;
}
