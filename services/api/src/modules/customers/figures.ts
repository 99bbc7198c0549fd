import type { Tx, UnitOfWork } from '@tidings/feed';
import type { Logger } from '@tidings/platform';
import { programAccount, type InteractionDocument, type LoyaltyModels, type LoyaltyModule } from '../loyalty/index.js';
import type { Merchants } from '../merchants/index.js';
import { accountId, createRounds, type Rounds } from '../wallet/index.js';
import { countByDay } from './counting.js';
import { dayId, type FiguresDocument, type FiguresModels } from './figures.model.js';

/** A merchant's screen follows within a second: a look twice as often leaves time for the work. */
const intervalMs = 400;
const longestRestMs = 60_000;
const atOnce = 4;
/** What one transaction counts at most; the next one takes the rest. */
const batch = 1_000;
/** In one event. */
const mostDates = 100;

export interface Figures extends Rounds {
  /** One round, for tests: every merchant of whom something is not counted yet. */
  run(): Promise<void>;
}

/**
 * Counts what happened into documents that are read instead of it. What is counted is marked in the transaction that counts it, so that each is counted
 * once: of two replicas that meet on it, the second conflicts, runs again and finds it done.
 */
export function createFigures(parts: {
  models: FiguresModels;
  loyalty: Pick<LoyaltyModule, 'ledger'> & { models: LoyaltyModels };
  merchants: Merchants;
  unitOfWork: UnitOfWork;
  logger: Logger;
  /** Milliseconds, of a clock that only goes forward. */
  now?: () => number;
}): Figures {
  const { models, loyalty, merchants, unitOfWork, logger, now = () => performance.now() } = parts;
  const { interactions, headcounts, programs } = loyalty.models;

  /** Of the programs' accounts, as the ledger has them. They are not rolled up here: how much waits there has no bound, and this transaction has an end. */
  const outstandingOf = async (tx: Tx, merchantId: string): Promise<number> => {
    const own = await programs.find({ merchantId }, { _id: 1 }, { session: tx.session }).lean<{ _id: string }[]>();
    const owed = await loyalty.ledger.total(
      tx,
      own.map(({ _id }) => accountId(programAccount(_id))),
    );
    return 0 - owed;
  };

  const count = async (tx: Tx, merchantId: string): Promise<boolean> => {
    const { session } = tx;
    const open = await interactions.find({ pending: true, merchantId }, null, { session }).limit(batch).lean<InteractionDocument[]>();
    const heads = await headcounts.find({ merchantId }, null, { session }).limit(batch).lean();
    if (open.length + heads.length === 0) return false;
    await interactions.updateMany({ _id: { $in: open.map(({ _id }) => _id) } }, { $unset: { pending: 1 } }, { session });
    await headcounts.deleteMany({ _id: { $in: heads.map(({ _id }) => _id) } }, { session });

    // A business that is gone leaves things to be counted, too; nobody asks by whose midnight.
    const timeZone = (await merchants.find(merchantId, tx))?.timeZone ?? 'UTC';
    const days = [...countByDay(open, timeZone)];
    const updates = days.map(([date, additions]) => ({
      updateOne: {
        filter: { _id: dayId(merchantId, date) },
        update: { $setOnInsert: { merchantId, date }, ...(Object.keys(additions).length > 0 ? { $inc: additions } : {}) },
        upsert: true,
      },
    }));
    if (updates.length > 0) await models.days.bulkWrite(updates, { session });

    const outstanding = await outstandingOf(tx, merchantId);
    const customers = heads.reduce((sum, { change }) => sum + change, 0);
    const { version } = await models.figures
      .findOneAndUpdate(
        { _id: merchantId },
        { $inc: { customers, version: 1 }, $set: { outstanding } },
        { session, upsert: true, returnDocument: 'after' },
      )
      .orFail()
      .lean<FiguresDocument>();
    const dates = days.map(([date]) => date).toSorted();
    tx.emit('analytics-updated', { businessId: merchantId, dates: dates.slice(-mostDates), version: version + 1 }, { merchantId });
    return true;
  };

  /** Merchants whose count failed, and when it is tried again: what fails for good would fill the log. */
  const resting = new Map<string, { ms: number; until: number }>();

  const countAll = async (merchantId: string): Promise<void> => {
    try {
      while ((await unitOfWork.run({ actor: null }, (tx) => count(tx, merchantId))).result);
      resting.delete(merchantId);
    } catch (error) {
      const ms = Math.min(longestRestMs, 2 * (resting.get(merchantId)?.ms ?? intervalMs));
      resting.set(merchantId, { ms, until: now() + ms });
      logger.warn({ merchantId, againInMs: ms, reason: String(error) }, 'The figures of a merchant were not counted');
    }
  };

  const run = async (): Promise<void> => {
    const waiting = [
      ...new Set([...(await interactions.distinct('merchantId', { pending: true })), ...(await headcounts.distinct('merchantId'))]),
    ];
    const due = waiting.filter((id) => (resting.get(id)?.until ?? 0) <= now());
    for (let from = 0; from < due.length; from += atOnce) await Promise.all(due.slice(from, from + atOnce).map(countAll));
  };

  return { run, ...createRounds(run, { intervalMs, what: 'counting the figures of loyalty', logger }) };
}
