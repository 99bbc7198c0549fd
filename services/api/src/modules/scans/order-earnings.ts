import type { Tx, UnitOfWork } from '@tidings/feed';
import type { JobHandler } from '@tidings/platform';
import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { onJob } from '../../on-job.js';
import {
  dateIn,
  owedWith,
  pointsBy,
  underCap,
  withoutCapped,
  type LoyaltyModule,
  type Place,
  type Places,
  type PointsChange,
  type PointsDocument,
} from '../loyalty/index.js';
import { refundedOf, type OrderDocument, type OrderFollower, type OrderModels } from '../orders/index.js';

export const orderJobKind = 'loyalty-order';
const jobSchema = z.strictObject({ orderId: z.string(), isNew: z.boolean() });
type OpenPlace = Awaited<ReturnType<Places['of']>>;

/** In the transaction of the order: named by the version at which its price was paid or a part of it went back, so twice is once. */
export const followOrder: OrderFollower = async (tx, { _id: orderId, version }) => {
  const key = `${orderJobKind}:${orderId}:${version}`;
  await tx.job({ kind: orderJobKind, key, data: { orderId, isNew: version === 1 } });
};

/**
 * What a paid order earns, without a scan: in each active program in which the customer is, by its rules for amounts and items. The job settles to
 * a target: what the rules by which it earned give for what is left of the price. An order gives once, when it was paid: who joins later gets nothing
 * for it. What is taken back is no more than the card has; leaving before the price goes back keeps nothing.
 */
export function createOrderEarnings(parts: {
  orders: OrderModels['orders'];
  loyalty: Pick<LoyaltyModule, 'models' | 'cards' | 'points' | 'places'>;
  unitOfWork: UnitOfWork;
}): JobHandler {
  const { orders, loyalty, unitOfWork } = parts;
  const { models, cards, points, places } = loyalty;

  const award = (tx: Tx, place: Place, order: OrderDocument, change: Pick<PointsChange, 'delta' | 'terms' | 'card'>) =>
    points.byBusiness(tx, place, { ...change, reason: 'Order', source: 'order', orderId: order._id });

  const give = async (tx: Tx, place: OpenPlace, order: OrderDocument): Promise<void> => {
    const { program, card, timeZone } = place;
    // As by a scan or by hand: the order was taken while the merchant traded, and a job that comes when it does no more is late.
    if (!place.mayGive) return;
    // A job may be late: who has joined meanwhile, or again, was no customer of the program when they paid.
    if (!program.isActive || card.status !== 'active' || (card.openedAt ?? card.createdAt) > order.createdAt) return;
    const { rules, bonus } = program;
    const { points: delta, earned } = underCap(program, card, targetOf(program, order, timeZone), dateIn(timeZone, tx.now));
    // Nobody is there to be refused: what does not fit is not given.
    if (delta > 0 && (await points.fits(tx, place, delta)))
      await award(tx, place, order, { delta, terms: { rules, bonus }, card: { earned } });
  };

  const takeBack = async (tx: Tx, before: Place, order: OrderDocument, given: readonly PointsDocument[], target: number): Promise<void> => {
    const terms = given.find((entry) => entry.terms)?.terms;
    const waiting = given.filter(({ status }) => status === 'pending');
    let current = before;
    for (const entry of waiting) current = { ...current, card: (await points.deny(tx, current, entry, 'withdraw')).card };
    const moved = given.filter(({ status }) => status !== 'pending');
    const more = sumOf(moved) - target;
    // A part of what waited is still due, and waits anew.
    if (more < 0) {
      const [last] = waiting.slice(-1);
      const card = last ? withoutCapped(current.card, last, more, current.timeZone) : {};
      await award(tx, current, order, { delta: -more, ...(terms ? { terms } : {}), card });
    }
    if (more <= 0) return;
    const place = await points.voidDue(tx, current);
    const { card, timeZone } = place;
    const taken = Math.min(more, card.balance);
    // What is set aside for a reward is not spent: it is taken if it comes back.
    const owed = owedWith(card, order._id, more - taken);
    const owing = isDeepStrictEqual(owed, card.owed ?? []) ? {} : { owed };
    if (taken === 0) {
      if (owing.owed) await cards.change(tx, card, owing);
      return;
    }
    const [first, ...others] = moved;
    // Taken back whole it is reversed, and nobody does so again by hand. An award that the business has seen does not change when its customer has left.
    const isWhole =
      card.status === 'active' && first !== undefined && others.length === 0 && first.status === 'posted' && first.delta === taken;
    if (isWhole) await points.mark(tx, card, first, 'posted', 'reversed');
    await points.post(tx, place, {
      delta: -taken,
      reason: 'Order refunded',
      source: 'reversal',
      orderId: order._id,
      ...(isWhole ? { reversalOf: first._id } : {}),
      lots: moved.filter(({ delta }) => delta > 0).flatMap(({ lots }) => lots),
      card: { ...owing, ...(first ? withoutCapped(card, first, taken, timeZone) : {}) },
    });
  };

  const settle = async (tx: Tx, place: OpenPlace, order: OrderDocument, isNew: boolean): Promise<void> => {
    const entries = await models.points
      .find({ orderId: order._id, cardId: place.card._id }, null, { session: tx.session })
      .sort({ createdAt: 1, _id: 1 })
      .lean<PointsDocument[]>();
    if (isNew && entries.length === 0) return give(tx, place, order);
    const given = entries.filter(({ status }) => status !== 'denied');
    const target = targetOf(entries.find(({ terms }) => terms)?.terms ?? place.program, order, place.timeZone);
    if (sumOf(given) > target) await takeBack(tx, place, order, given, target);
  };

  return onJob(unitOfWork, jobSchema, async (tx, { orderId, isNew }) => {
    const order = await orders.findById(orderId, null, { session: tx.session }).lean<OrderDocument>();
    if (!order) throw new Error(`There is no order ${orderId}`);
    for (const card of await cards.at(order.userId, order.vendorId, tx)) await settle(tx, await places.of(tx, card), order, isNew);
  });
}

const sumOf = (entries: readonly PointsDocument[]): number => entries.reduce((sum, { delta }) => sum + delta, 0);

/** What is left of the price earns, with the bonus of the hour in which it was paid. A visit is a scan, not an order. */
function targetOf(terms: NonNullable<PointsDocument['terms']>, order: OrderDocument, timeZone: string): number {
  const { price, items, createdAt } = order;
  const left = price - refundedOf(order);
  return left === 0 && price > 0 ? 0 : pointsBy(terms, { amount: left, items, kept: { left, price } }, createdAt, timeZone);
}
