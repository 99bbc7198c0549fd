import type { Tx } from '@tidings/feed';
import { dateIn, pointsBy, underCap, type Cards, type Moved, type Place, type Points } from '../loyalty/index.js';

export interface Visits {
  /** Counts a visit on the card, and gives what the rules give for it; they may wait for the customer. @param amount minor units that were spent */
  count(tx: Tx, place: Place, visit: { scanId: string; amount?: number | undefined }): Promise<Pick<Moved, 'card'> & Partial<Moved>>;
}

export function createVisits({ cards, points }: { cards: Cards; points: Points }): Visits {
  return {
    async count(tx, place, { scanId, amount }) {
      const { program, card, timeZone } = place;
      const visited = { visits: card.visits + 1, lastVisitAt: tx.now };
      const byRules = pointsBy(program, { visits: 1, ...(amount === undefined ? {} : { amount }) }, tx.now, timeZone);
      const { points: delta, earned } = underCap(program, card, byRules, dateIn(timeZone, tx.now));
      if (delta === 0) return { card: await cards.change(tx, card, visited) };
      return points.byBusiness(tx, place, { delta, reason: 'Visit', source: 'visit', scanId, card: { ...visited, earned } });
    },
  };
}
