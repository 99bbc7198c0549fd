import type { AnyEvent } from '../events.js';
import { newest } from '../reduce.js';
import type { Selling } from './selling.js';

/** What `GET /api/merchants/:id/selling` then returns. Another merchant's status changes nothing. */
export function reduceSelling(state: Selling | null, event: AnyEvent): Selling | null {
  if (event.type !== 'merchant-status' || (state && state.vendorId !== event.data.vendorId)) return state;
  return newest(state, event.data.selling);
}
