import type { Tx, UnitOfWork } from '@tidings/feed';
import { assertDue, type JobHandler } from '@tidings/platform';
import { z } from 'zod';
import { onJob } from '../../on-job.js';
import { pointsExpiryJobKind, pointsWarningJobKind } from './lot-jobs.js';
import type { CardDocument, LoyaltyModels, PointsDocument } from './loyalty.model.js';
import type { Places } from './places.js';
import { answerableUntil, pointsDeadlineJobKind, type Points } from './points.js';

const endSchema = z.strictObject({ cardId: z.string(), endsAt: z.int() });
const unansweredSchema = z.strictObject({ pointsId: z.string() });

/** What the clock does to points: each job looks at the card in the transaction that ends the job, so twice is once, and what was spent stays spent. */
export function createPointsJobs(parts: {
  models: LoyaltyModels;
  points: Points;
  places: Places;
  unitOfWork: UnitOfWork;
}): Record<string, JobHandler> {
  const { models, points, places, unitOfWork } = parts;

  const cardOf = async (tx: Tx, id: string): Promise<CardDocument> => {
    const card = await models.cards.findById(id, null, { session: tx.session }).lean<CardDocument>();
    if (!card) throw new Error(`There is no card ${id}`);
    return card;
  };

  return {
    [pointsExpiryJobKind]: onJob(unitOfWork, endSchema, async (tx, { cardId, endsAt }) => {
      assertDue(new Date(endsAt), tx.now);
      await points.voidDue(tx, await places.of(tx, await cardOf(tx, cardId)));
    }),

    [pointsWarningJobKind]: onJob(unitOfWork, endSchema, async (tx, { cardId, endsAt }) => {
      const card = await cardOf(tx, cardId);
      const lot = card.lots.find(({ expiresAt }) => expiresAt.getTime() === endsAt);
      // Spent meanwhile; or the customer has left; or nobody was there to warn in time.
      if (!lot || card.status !== 'active' || endsAt <= tx.now.getTime()) return;
      const { userId, merchantId: businessId, merchantName: businessName, programId } = card;
      const expiresAt = lot.expiresAt.toISOString();
      tx.emit('points-expiring', { cardId, userId, businessId, businessName, programId, points: lot.points, expiresAt }, { userId });
    }),

    [pointsDeadlineJobKind]: onJob(unitOfWork, unansweredSchema, async (tx, { pointsId }) => {
      const entry = await models.points.findById(pointsId, null, { session: tx.session }).lean<PointsDocument>();
      if (entry?.status !== 'pending') return;
      assertDue(answerableUntil(entry), tx.now);
      await points.deny(tx, await places.of(tx, await cardOf(tx, entry.cardId)), entry, 'expire');
    }),
  };
}
