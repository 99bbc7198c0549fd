import { Problem } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import type { Ledger } from '../wallet/index.js';
import type { Cards } from './cards.js';
import { watchLots } from './lot-jobs.js';
import { addLots, takeLots } from './lots.js';
import type { CardDocument, Lot, LoyaltyModels, PointsFacts, RedemptionDocument } from './loyalty.model.js';
import { owedWithin, takeOwed } from './owed.js';
import type { Place } from './places.js';
import type { Moved, Points } from './points.js';
import { heldPointsOf, pointsOf, programAccount } from './points-books.js';

/** Points that are set aside for a reward. Each way of it happens once: the redemption names the transfers. */
type Held = Pick<RedemptionDocument, '_id' | 'cost' | 'rewardName'>;

export interface Holds {
  /** Off the balance, and on `held`. @throws Problem `insufficient-points`, `program-closed` for a closed card */
  hold(tx: Tx, place: Place, held: Held): Promise<{ card: CardDocument; lots: Lot[] }>;
  /** Back to the balance, with the ends that the points had, less what an order takes of them whose price went back meanwhile. */
  release(tx: Tx, place: Place, held: Held & { lots: readonly Lot[] }): Promise<CardDocument>;
  /** Back to the program. Only now the customer has spent them. @throws Problem `program-closed` for a closed card */
  spend(tx: Tx, place: Place, held: Held & { lots: readonly Lot[] }): Promise<Moved>;
}

export function createHolds(parts: {
  models: Pick<LoyaltyModels, 'points'>;
  ledger: Ledger<PointsFacts>;
  cards: Cards;
  points: Points;
}): Holds {
  const { ledger, cards, points } = parts;

  const transfer = async (tx: Tx, { userId, programId, _id: cardId }: CardDocument, held: Held, way: 'hold' | 'release' | 'spend') => {
    const [own, aside, program] = [pointsOf(userId, programId), heldPointsOf(userId, programId), programAccount(programId)];
    const [from, to] = { hold: [own, aside], release: [aside, own], spend: [aside, program] }[way] as [typeof own, typeof own];
    await ledger.post(tx, {
      key: `redemption:${held._id}:${way}`,
      type: 'redemption',
      description: held.rewardName,
      cardId,
      redemptionId: held._id,
      legs: [
        { account: from, amount: -held.cost },
        { account: to, amount: held.cost },
      ],
    });
  };
  const assertActive = ({ status }: CardDocument): void => {
    if (status !== 'active') throw new Problem('program-closed', 'The card is closed');
  };

  const owedOf = ({ owed }: CardDocument, held: number): Pick<CardDocument, 'owed'> => (owed ? { owed: owedWithin(owed, held) } : {});

  return {
    async hold(tx, place, held) {
      assertActive(place.card);
      const { card } = await points.voidDue(tx, place);
      if (card.balance < held.cost) throw new Problem('insufficient-points', `The card has ${card.balance} points`);
      await transfer(tx, card, held, 'hold');
      const { left, taken } = takeLots(card.lots, held.cost);
      const changed = await cards.change(tx, card, {
        balance: card.balance - held.cost,
        held: card.held + held.cost,
        lots: left,
        // What came back and was void is owed no more: these are other points.
        ...owedOf(card, card.held),
      });
      return { card: changed, lots: taken };
    },

    async release(tx, place, held) {
      const { card } = place;
      await transfer(tx, card, held, 'release');
      const changed = await cards.change(tx, card, {
        balance: card.balance + held.cost,
        held: card.held - held.cost,
        lots: addLots(card.lots, held.lots),
      });
      await watchLots(tx, place, held.lots, held._id);
      return takeOwed(tx, parts, { ...place, card: changed }, held.cost);
    },

    async spend(tx, { card }, held) {
      assertActive(card);
      await transfer(tx, card, held, 'spend');
      const rest = card.held - held.cost;
      const changed = await cards.change(tx, card, { held: rest, ...owedOf(card, rest) });
      const { _id: redemptionId, cost, rewardName: reason, lots } = held;
      const entry = await points.record(tx, changed, { delta: -cost, reason, source: 'redemption', redemptionId, lots });
      return { entry, card: changed };
    },
  };
}
