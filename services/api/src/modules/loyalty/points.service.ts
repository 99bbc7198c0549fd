import { feeds, Problem, type PointsEntry, type PointsInput, type PointsSource, type Principal } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';
import { assertMayChange, assertMember } from '../merchants/index.js';
import type { Cards } from './cards.js';
import { withoutCapped } from './earning.js';
import type { HandPoints } from './hand-points.js';
import type { CardDocument, LoyaltyModels, PointsDocument } from './loyalty.model.js';
import { presentPoints } from './loyalty.presenter.js';
import type { Place, Places } from './places.js';
import { answerableUntil, type Moved, type Points } from './points.js';

export interface PointsQuery {
  limit: number;
  cursor?: string | undefined;
  cardId?: string | undefined;
  status?: PointsEntry['status'] | undefined;
}

export interface PointsDecisions {
  /**
   * By the customer, about a change that waits.
   * @throws Problem `not-found`, `forbidden` (members), `invalid-transition` (decided before, or too late), and as `Points.settle`
   */
  decide(tx: Tx, caller: Principal, id: string, decision: 'accept' | 'decline'): Promise<Moved>;
}

export interface PointsService extends PointsDecisions {
  /**
   * By a member, with a reason; it waits for the customer where the program says so. Past what a business gives in a day the refusal is returned,
   * so that the alert about it is kept.
   * @throws Problem `not-found`, `forbidden` (also for one's own card), `merchant-closed`, `program-closed` (it earns no more, or the card is closed), `insufficient-points`,
   *   `already-exists` when too many changes wait
   */
  byHand(tx: Tx, caller: Principal, cardId: string, input: PointsInput): Promise<Moved | Problem>;
  /**
   * By a member, who has made a mistake: takes back what is left of an award, or gives a deduction back, once. It does not wait for the customer.
   * @throws Problem `not-found`, `forbidden` (also for one's own card), `merchant-closed`, `invalid-transition` (it was reversed before, never moved, all of
   *   it went back with its order's price, or it is no award or deduction),
   *   `insufficient-points` when the award is spent
   */
  reverse(tx: Tx, caller: Principal, id: string, reason: string): Promise<Moved>;
  /** The caller's own, newest first; with a card, whoever's. @throws Problem `not-found` (the card, also other people's) */
  list(caller: Principal, query: PointsQuery): Promise<Paged<PointsDocument>>;
  /** The feed that tells of what `list` answers. */
  feedOf(caller: Principal, query: PointsQuery): Promise<string>;
  /** Of everything that waits on a card; nothing moves. */
  denyAll(tx: Tx, card: CardDocument): Promise<void>;
}

/** What a reversal is for; what the clock, a redemption or another reversal did is no mistake of the business. */
const reversible: readonly PointsSource[] = ['visit', 'order', 'manual'];

export function createPointsService(parts: {
  models: LoyaltyModels;
  cards: Cards;
  points: Points;
  places: Places;
  handPoints: HandPoints;
}): PointsService {
  const { models, cards, points, places, handPoints } = parts;

  const find = async (tx: Tx, caller: Principal, id: string): Promise<{ entry: PointsDocument; card: CardDocument }> => {
    const entry = await models.points.findById(id, null, { session: tx.session }).lean<PointsDocument>();
    if (!entry) throw missing();
    return { entry, card: await cards.get(caller, entry.cardId, tx).catch(asMissing) };
  };

  /** Of an award, less what went back with a part of the order's price: an order has one award on a card, and what was taken of it names the order. */
  const leftOf = async ({ session }: Tx, { delta, orderId, cardId, status }: PointsDocument): Promise<number> => {
    if (orderId === undefined || status !== 'posted') return delta;
    const taken = await models.points
      .find({ orderId, cardId, source: 'reversal', status: 'posted' }, { delta: 1 }, { session })
      .lean<Pick<PointsDocument, 'delta'>[]>();
    return taken.reduce((sum, one) => sum + one.delta, delta);
  };

  return {
    async byHand(tx, caller, cardId, { delta, reason }) {
      const card = await cards.get(caller, cardId, tx);
      assertNotOwn(caller, card);
      assertMember(caller, card.merchantId);
      const place = await places.of(tx, card);
      if (!(delta > 0 ? place.mayGive : place.isOpen)) throw new Problem('merchant-closed');
      if (delta > 0 && !place.program.isActive) throw new Problem('program-closed', 'The program gives no more points');
      const count = delta > 0 ? await handPoints.check(tx, place, delta) : null;
      // Commits: what is audited before it would stand there as done.
      if (count instanceof Problem) return count;
      await assertMayChange(tx, caller, card.merchantId, { action: 'points.change', details: { cardId, delta } });
      const moved = await points.byBusiness(tx, place, { delta, reason, source: 'manual' });
      await count?.();
      tx.auditChange({ before: null, after: presentPoints(moved.entry) });
      return moved;
    },

    async decide(tx, caller, id, decision) {
      const { entry, card } = await find(tx, caller, id);
      if (entry.userId !== caller.userId) throw new Problem('forbidden', 'Only the customer decides');
      if (entry.status !== 'pending') throw new Problem('invalid-transition', `The change is ${entry.status}`);
      if (decision === 'decline') return points.deny(tx, await places.of(tx, card), entry, 'decline');
      if (answerableUntil(entry) <= tx.now) throw new Problem('invalid-transition', 'The change waits no more');
      return points.settle(tx, await places.of(tx, card), entry);
    },

    async reverse(tx, caller, id, reason) {
      const { entry, card } = await find(tx, caller, id);
      assertNotOwn(caller, card);
      await assertMayChange(tx, caller, card.merchantId, { action: 'points.reverse', details: { pointsId: id } });
      const { source, lots, orderId, scanId } = entry;
      if (!reversible.includes(source)) throw new Problem('invalid-transition', 'Only an award or a deduction is reversed');
      const place = await places.of(tx, card);
      if (!place.isOpen) throw new Problem('merchant-closed');
      const left = await leftOf(tx, entry);
      if (left === 0) throw new Problem('invalid-transition', 'All of it went back before');
      await points.mark(tx, card, entry, 'posted', 'reversed');
      const about = { ...(orderId === undefined ? {} : { orderId }), ...(scanId === undefined ? {} : { scanId }) };
      const back = { ...about, delta: -left, reason, source: 'reversal', reversalOf: id, lots } as const;
      const reversal = await points.post(tx, place, { ...back, card: withoutCapped(card, entry, left, place.timeZone) });
      tx.auditChange({ before: presentPoints(entry), after: presentPoints(reversal.entry) });
      return reversal;
    },

    async list(caller, { limit, cursor, cardId, status }) {
      const card = cardId === undefined ? null : await cards.get(caller, cardId);
      const isOwn = card === null || card.userId === caller.userId;
      const found = await models.points
        .find({
          ...(cardId === undefined ? { userId: caller.userId } : { cardId }),
          ...(status === undefined ? {} : { status }),
          // What moved while the customer was gone is theirs alone.
          ...(isOwn ? {} : { quiet: { $ne: true } }),
          ...olderThan(cursor),
        })
        .sort(newestFirst)
        .limit(limit + 1)
        .lean<PointsDocument[]>();
      return pageByTime(found, limit);
    },

    async feedOf({ userId }, { cardId }) {
      const card = cardId === undefined ? null : await models.cards.findById(cardId, { userId: 1, merchantId: 1 }).lean<CardDocument>();
      return !card || card.userId === userId ? feeds.user(userId) : feeds.merchant(card.merchantId);
    },

    async denyAll(tx, card) {
      const waiting = await models.points
        .find({ cardId: card._id, status: 'pending' }, null, { session: tx.session })
        .lean<PointsDocument[]>();
      let place: Place = await places.of(tx, card);
      for (const entry of waiting) place = { ...place, card: (await points.deny(tx, place, entry, 'withdraw')).card };
    },
  };
}

/** Nobody is both: a member's own card is another member's matter, as their own code is. */
function assertNotOwn({ userId }: Principal, card: CardDocument): void {
  if (userId === card.userId) throw new Problem('forbidden', 'Another member changes your own points');
}

const missing = (): Problem => new Problem('not-found', 'There is no such change of points');

function asMissing(error: unknown): never {
  throw error instanceof Problem && error.code === 'not-found' ? missing() : error;
}
