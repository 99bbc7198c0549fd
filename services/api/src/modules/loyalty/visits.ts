import type { Tx } from '@tidings/feed';
import type { Cards } from './cards.js';
import { dateIn, pointsBy, underCap } from './earning.js';
import type { Place } from './places.js';
import type { Moved, Points } from './points.js';

export interface Visit {
  scanId: string;
  /** Minor units that were spent. */
  amount?: number | undefined;
  /** When the code was scanned. */
  at: Date;
}

export interface Visits {
  /**
   * Counts a visit on the card, and gives what the rules give for it, with the bonus of its hour and under the cap of the day on which it is given; the
   * points may wait for the customer.
   */
  count(tx: Tx, place: Place, visit: Visit): Promise<Pick<Moved, 'card'> & Partial<Moved>>;
}

export function createVisits({ cards, points }: { cards: Cards; points: Points }): Visits {
  return {
    async count(tx, place, { scanId, amount, at }) {
      const { program, card, timeZone } = place;
      const { visits, lastVisitAt } = card;
      const visited = { visits: visits + 1, lastVisitAt: lastVisitAt && lastVisitAt > at ? lastVisitAt : at };
      const byRules = pointsBy(program, { visits: 1, ...(amount === undefined ? {} : { amount }) }, at, timeZone);
      const { points: delta, earned } = underCap(program, card, byRules, dateIn(timeZone, tx.now));
      if (delta === 0) return { card: await cards.change(tx, card, visited) };
      return points.byBusiness(tx, place, { delta, reason: 'Visit', source: 'visit', scanId, card: { ...visited, earned } });
    },
  };
}
