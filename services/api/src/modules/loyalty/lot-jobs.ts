import type { Tx } from '@tidings/feed';
import { warningOfEnd } from './lots.js';
import type { Lot } from './loyalty.model.js';
import type { Place } from './places.js';

export const pointsExpiryJobKind = 'points-expiry';
export const pointsWarningJobKind = 'points-warning';

/**
 * Has the clock look at the ends of these lots: one job for each card and end, however many awards share it, and a warning before it.
 * @param again names what put the lots back, where that is how they came: the job of their end may have been done
 */
export async function watchLots(tx: Tx, { card, program, timeZone }: Place, lots: readonly Lot[], again?: string): Promise<void> {
  const warnDays = program.expiry?.warnDays ?? 0;
  for (const { expiresAt } of lots) {
    const end = `${card._id}:${expiresAt.getTime()}`;
    const data = { cardId: card._id, endsAt: expiresAt.getTime() };
    const key = again === undefined ? end : `${end}:${again}`;
    await tx.job({ kind: pointsExpiryJobKind, key: `${pointsExpiryJobKind}:${key}`, data, dueAt: expiresAt });
    if (warnDays === 0 || expiresAt <= tx.now) continue;
    await tx.job({
      kind: pointsWarningJobKind,
      key: `${pointsWarningJobKind}:${end}`,
      data,
      dueAt: warningOfEnd(expiresAt, warnDays, timeZone),
    });
  }
}
