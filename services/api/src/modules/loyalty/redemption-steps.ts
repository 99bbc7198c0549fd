import { Problem, type RedemptionStatus } from '@tidings/contracts';
import type { Tx, UnitOfWork } from '@tidings/feed';
import { assertDue, type JobHandler } from '@tidings/platform';
import { z } from 'zod';
import { onJob } from '../../on-job.js';
import type { Holds } from './holds.js';
import type { Interactions } from './interactions.js';
import type { CardDocument, LoyaltyModels, RedemptionDocument } from './loyalty.model.js';
import { presentRedemption } from './loyalty.presenter.js';
import type { Place, Places } from './places.js';
import type { Rewards } from './rewards.service.js';

/** How long a reward waits to be handed out. */
export const redemptionMs = 15 * 60_000;
export const redemptionExpiryJobKind = 'redemption-expiry';
const jobSchema = z.strictObject({ redemptionId: z.string() });

/** What happens to a redemption, whoever asks for it; the caller has looked at rights and time. */
export interface RedemptionSteps {
  /** Notes what it is now, and tells both sides. */
  tell(tx: Tx, card: CardDocument, redemption: RedemptionDocument): Promise<void>;
  /** Handed out: the points are spent. @throws Problem `invalid-transition`, `program-closed` for a closed card */
  confirm(tx: Tx, redemption: RedemptionDocument): Promise<RedemptionDocument>;
  /** Not handed out: points and stock come back. @throws Problem `invalid-transition` */
  end(tx: Tx, redemption: RedemptionDocument, status: 'cancelled' | 'expired'): Promise<RedemptionDocument>;
  /** Everything that is still to be handed out on a card. */
  cancelAll(tx: Tx, card: CardDocument): Promise<void>;
}

export function createRedemptionSteps(parts: {
  models: LoyaltyModels;
  holds: Holds;
  rewards: Rewards;
  places: Places;
  interactions: Interactions;
}): RedemptionSteps {
  const { models, holds, rewards, places, interactions } = parts;
  const { redemptions, cards } = models;

  const tell: RedemptionSteps['tell'] = async (tx, card, redemption) => {
    const { _id, cardId, userId, merchantId, programId, status, version } = redemption;
    await interactions.note(tx, { merchantId, userId, programId, subjectId: _id, kind: `redemption-${status}` });
    tx.emit(
      'redemption-updated',
      { redemptionId: _id, cardId, userId, businessId: merchantId, redemption: presentRedemption(redemption), version },
      { userId, merchantId, quiet: card.status === 'closed' },
    );
  };

  /** Of two who move it at once, one conflicts here, runs again and finds it where the other has put it. */
  const move = async (tx: Tx, { _id, status }: RedemptionDocument, to: RedemptionStatus): Promise<RedemptionDocument> => {
    const moved = await redemptions
      .findOneAndUpdate(
        { _id, status: 'requested' },
        { $set: { status: to, updatedAt: tx.now }, $inc: { version: 1 } },
        { session: tx.session, returnDocument: 'after' },
      )
      .lean<RedemptionDocument>();
    if (!moved) throw new Problem('invalid-transition', `The redemption is ${status}`);
    return moved;
  };

  const placeOf = async (tx: Tx, { cardId }: RedemptionDocument): Promise<Place> => {
    const card = await cards.findById(cardId, null, { session: tx.session }).lean<CardDocument>();
    if (!card) throw new Error(`There is no card ${cardId}`);
    return places.of(tx, card);
  };

  const end: RedemptionSteps['end'] = async (tx, redemption, status) => {
    const moved = await move(tx, redemption, status);
    const card = await holds.release(tx, await placeOf(tx, moved), moved);
    await tell(tx, card, moved);
    if (moved.fromStock) await rewards.putBack(tx, moved.rewardId);
    return moved;
  };

  return {
    tell,
    end,

    async confirm(tx, redemption) {
      const moved = await move(tx, redemption, 'confirmed');
      const { card } = await holds.spend(tx, await placeOf(tx, moved), moved);
      await tell(tx, card, moved);
      return moved;
    },

    async cancelAll(tx, { _id: cardId }) {
      const open = await redemptions
        .find({ cardId, status: 'requested' }, null, { session: tx.session })
        .sort({ _id: 1 })
        .lean<RedemptionDocument[]>();
      for (const redemption of open) await end(tx, redemption, 'cancelled');
    },
  };
}

/** What nobody has picked up in time goes back, by the clock; what was handed out or cancelled meanwhile stays as it is. */
export function createRedemptionExpiry(parts: { models: LoyaltyModels; steps: RedemptionSteps; unitOfWork: UnitOfWork }): JobHandler {
  const { models, steps, unitOfWork } = parts;
  return onJob(unitOfWork, jobSchema, async (tx, { redemptionId }) => {
    const redemption = await models.redemptions.findById(redemptionId, null, { session: tx.session }).lean<RedemptionDocument>();
    if (redemption?.status !== 'requested') return;
    assertDue(redemption.expiresAt, tx.now);
    await steps.end(tx, redemption, 'expired');
  });
}
