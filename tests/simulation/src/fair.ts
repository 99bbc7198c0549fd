import type { Meter } from './meter.js';
import type { Vendor } from './people.js';
import type { Provider } from './provider.js';

export interface Fair {
  vendors: readonly Vendor[];
  provider: Provider;
  meter: Meter;
}

/** Refusals that belong to a festival; anything else is a fault. */
const expected: ReadonlySet<string> = new Set([
  'insufficient-funds',
  'out-of-stock',
  'item-unavailable',
  'invalid-transition',
  'refund-exceeds-payment',
]);

export function refused(meter: Meter, what: string, code: string): void {
  if (expected.has(code)) meter.count(`refused: ${code}`);
  else meter.fault(`${what} was refused: ${code}`);
}
