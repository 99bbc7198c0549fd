import type { Tx } from '@tidings/feed';
import { withoutCapped } from './earning.js';
import type { CardDocument, LoyaltyModels, PointsDocument } from './loyalty.model.js';
import type { Place } from './places.js';
import type { Points } from './points.js';

type Owed = NonNullable<CardDocument['owed']>;

/**
 * What orders whose price went back could not take, because the points were set aside for rewards: they were not spent, and are taken when they come
 * back. Never more than `held`: what was spent is forgotten.
 */
export function owedWith({ owed = [], held }: CardDocument, orderId: string, points: number): Owed {
  return owedWithin([...owed.filter((one) => one.orderId !== orderId), { orderId, points }], held);
}

/** The first of it, in all no more than is set aside. */
export function owedWithin(owed: Owed, held: number): Owed {
  let room = held;
  return owed.flatMap(({ orderId, points }) => {
    const kept = Math.min(points, room);
    room -= kept;
    return kept > 0 ? [{ orderId, points: kept }] : [];
  });
}

/** Takes of points that came back to the balance what is owed of them, in the same transaction: nobody spends them between. */
export async function takeOwed(
  tx: Tx,
  { models, points }: { models: Pick<LoyaltyModels, 'points'>; points: Points },
  before: Place,
  back: number,
): Promise<CardDocument> {
  let place = before;
  const { owed = [] } = before.card;
  if (owed.length === 0) return place.card;
  place = await points.voidDue(tx, place);
  let room = Math.min(back, place.card.balance);
  let rest = owed;
  for (const { orderId, points: due } of owed) {
    const taken = Math.min(due, room);
    if (taken === 0) break;
    rest = rest.flatMap((one) => (one.orderId !== orderId ? [one] : due > taken ? [{ orderId, points: due - taken }] : []));
    const award = await models.points
      .findOne({ orderId, cardId: place.card._id, source: 'order', status: 'posted' }, null, { session: tx.session })
      .lean<PointsDocument>();
    // A member has taken all of it back meanwhile.
    if (!award) continue;
    room -= taken;
    const { card } = await points.post(tx, place, {
      delta: -taken,
      reason: 'Order refunded',
      source: 'reversal',
      orderId,
      lots: award.lots,
      card: { owed: owedWithin(rest, place.card.held), ...withoutCapped(place.card, award, taken, place.timeZone) },
    });
    place = { ...place, card };
  }
  return place.card;
}
