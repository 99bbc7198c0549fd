import { randomInt } from 'node:crypto';
import type { Problem } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { dateIn } from './earning.js';
import type { FraudAlerts } from './fraud-alerts.js';
import { endOfPoints } from './lots.js';
import type { HandPointsDocument } from './book.model.js';
import type { LoyaltyModels } from './loyalty.model.js';
import type { Place } from './places.js';

export interface HandPoints {
  /**
   * Counts points that a business is about to give, also those that wait for the customer; null: there is room. They are counted in several places, so
   * that awards do not wait for each other: of many at once a few may come to more than the limit together.
   */
  take(tx: Tx, place: Place, points: number): Promise<Problem | null>;
}

/** One member's device may give to many at once: thirty awards into one count were thirty that waited for each other, and most were given up. */
const places = 32;

/** @param perDay of a business, in a day of its calendar */
export function createHandPoints(parts: { models: Pick<LoyaltyModels, 'handPoints'>; alerts: FraudAlerts; perDay: number }): HandPoints {
  const { handPoints } = parts.models;
  return {
    async take(tx, { card: { merchantId, merchantName }, timeZone }, points) {
      const date = dateIn(timeZone, tx.now);
      const given = await handPoints.find({ merchantId, date }, null, { session: tx.session }).lean<HandPointsDocument[]>();
      const endOfDay = endOfPoints(tx.now, 0, timeZone);
      if (given.reduce((sum, one) => sum + one.points, points) > parts.perDay)
        return parts.alerts.refuse(tx, {
          kind: 'points-of-business',
          merchantId,
          merchantName,
          limit: parts.perDay,
          windowSeconds: 86_400,
          window: date,
          retryAfterSeconds: Math.max(1, Math.ceil((endOfDay.getTime() - tx.now.getTime()) / 1_000)),
        });
      await handPoints.updateOne(
        { _id: `${merchantId}:${date}:${randomInt(places)}` },
        { $inc: { points }, $setOnInsert: { merchantId, date, expiresAt: new Date(endOfDay.getTime() + 86_400_000) } },
        { session: tx.session, upsert: true },
      );
      return null;
    },
  };
}
