import type { UnitOfWork } from '@tidings/feed';
import type { JobHandler } from '@tidings/platform';
import { onJob } from '../../on-job.js';
import type { Merchants } from '../merchants/index.js';
import type { Cards } from './cards.js';
import type { CardDocument, LoyaltyModels } from './loyalty.model.js';
import { namesJobSchema, scheduleNames } from './name-jobs.js';
import type { Programs } from './programs.service.js';

/** Each card that changes is told to both sides, and its line of the business's list with it. */
const batchSize = 50;
/** Between two batches, so that other requests get their turn. */
const pauseMs = 100;

/**
 * Has programs and cards say how their merchant and program are called now, whatever change it was begun for: twice is once, and of two changes the
 * last one counts. What happened keeps the names of its day: enrollments, points, redemptions, the log.
 */
export function createNames(parts: {
  models: Pick<LoyaltyModels, 'cards'>;
  programs: Pick<Programs, 'callMerchant'>;
  cards: Pick<Cards, 'change'>;
  merchants: Pick<Merchants, 'find'>;
  unitOfWork: UnitOfWork;
}): JobHandler {
  const { models, programs, cards, merchants, unitOfWork } = parts;
  return onJob(unitOfWork, namesJobSchema, async (tx, { merchantId, run, after }) => {
    const merchant = await merchants.find(merchantId, tx);
    if (!merchant) return;
    const named = new Map((await programs.callMerchant(tx, merchantId, merchant.name)).map(({ _id, name }) => [_id, name]));
    const batch = await models.cards
      .find({ merchantId, _id: { $gt: after } }, null, { session: tx.session })
      .sort({ _id: 1 })
      .limit(batchSize)
      .lean<CardDocument[]>();
    for (const card of batch) {
      const [merchantName, programName] = [merchant.name, named.get(card.programId) ?? card.programName];
      if (card.merchantName === merchantName && card.programName === programName) continue;
      await cards.change(tx, card, { merchantName, programName });
    }
    const last = batch.at(-1);
    if (last && batch.length === batchSize)
      await scheduleNames(tx, { merchantId, run, after: last._id }, new Date(tx.now.getTime() + pauseMs));
  });
}
