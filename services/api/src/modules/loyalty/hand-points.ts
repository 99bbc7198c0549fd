import { randomInt } from 'node:crypto';
import type { Problem } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import type { HandPointsDocument } from './book.model.js';
import { dateIn } from './earning.js';
import type { FraudAlerts } from './fraud-alerts.js';
import { endOfPoints } from './lots.js';
import type { LoyaltyModels } from './loyalty.model.js';
import type { Place } from './places.js';

export interface HandPoints {
  /**
   * Looks whether a business may give so many points, also when they wait for the customer: a refusal, or what counts them, to be called behind all else
   * that is written.
   */
  check(tx: Tx, place: Place, points: number): Promise<Problem | (() => Promise<void>)>;
}

/** One member's device may give to many at once: thirty awards into one count were thirty that waited for each other, and most were given up. */
const counts = 32;
/** An award of which so many more would fit meets nobody. */
const atOnce = 64;

/**
 * Points are counted in several places, one of them by chance, so that awards do not wait for each other. One of which not many more would fit writes
 * all of the places: whatever is given at the same time meets it there, one of the two runs again, and no more than the limit is given.
 * @param perDay of a business, in a day of its calendar
 */
export function createHandPoints(parts: { models: Pick<LoyaltyModels, 'handPoints'>; alerts: FraudAlerts; perDay: number }): HandPoints {
  const { handPoints } = parts.models;
  return {
    async check(tx, { card: { merchantId, merchantName }, timeZone }, points) {
      const date = dateIn(timeZone, tx.now);
      const found = await handPoints.find({ merchantId, date }, null, { session: tx.session }).lean<HandPointsDocument[]>();
      const given = found.reduce((sum, one) => sum + one.points, 0);
      const endOfDay = endOfPoints(tx.now, 0, timeZone);
      if (given + points > parts.perDay)
        return parts.alerts.refuse(tx, {
          kind: 'points-of-business',
          merchantId,
          merchantName,
          limit: parts.perDay,
          windowSeconds: 86_400,
          window: date,
          retryAfterSeconds: Math.max(1, Math.ceil((endOfDay.getTime() - tx.now.getTime()) / 1_000)),
        });
      const own = randomInt(counts);
      const meets = given + atOnce * points > parts.perDay;
      const places = meets ? Array.from({ length: counts }, (_, place) => place) : [own];
      return async () => {
        await handPoints.bulkWrite(
          places.map((place) => ({
            updateOne: {
              filter: { _id: `${merchantId}:${date}:${place}` },
              update: {
                // A write that changes nothing would meet nobody.
                $inc: { points: place === own ? points : 0, turns: 1 },
                $setOnInsert: { merchantId, date, expiresAt: new Date(endOfDay.getTime() + 86_400_000) },
              },
              upsert: true,
            },
          })),
          { session: tx.session },
        );
      };
    },
  };
}
