import { Problem, type Principal, type RefundStatus } from '@tidings/contracts';
import type { Tx, UnitOfWork } from '@tidings/feed';
import { newId, type JobDocument, type JobHandler, type Logger, type Mongo } from '@tidings/platform';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';
import type { PendingRefunds } from './pending-refunds.js';
import { RefundRefused, type PaymentProvider } from './providers/provider.js';
import type { RefundDocument, RefundModels } from './refunds.model.js';
import { presentRefund } from './refunds.presenter.js';
import type { TopUps } from './top-ups.js';
import type { TopUpDocument, WalletModels } from './wallet.model.js';

/** The last try before a job is given up, after more than an hour. */
const lastAttempt = 11;

export interface RefundsQuery {
  limit: number;
  cursor?: string | undefined;
  status?: RefundStatus | undefined;
  userId?: string | undefined;
  topUpId?: string | undefined;
  orderId?: string | undefined;
  paymentRequestId?: string | undefined;
}

/** What one asks for; `amount` in minor units, all that is left unless given. */
export interface RefundRequest {
  id: string;
  amount?: number | undefined;
  reason: string;
}

export interface Refunds {
  /**
   * Sets the amount aside, so that nobody spends it meanwhile, and leaves it to a job to ask the provider.
   * @param allow throws when the caller may not give back so much, in all, of one payment
   * @throws Problem `not-found`, `refund-exceeds-payment`, `insufficient-funds` when the customer has spent it, `provider-unavailable`,
   *   `payment-disputed` also when the dispute was lost
   */
  ofTopUp(tx: Tx, caller: Principal, request: RefundRequest, allow: (total: number) => void): Promise<RefundDocument>;
  /** Notes and tells a refund that is done already. */
  done(tx: Tx, refund: Omit<RefundDocument, '_id' | 'status' | 'settled' | 'version' | 'createdAt'>): Promise<RefundDocument>;
  /** The job that asks the provider, with the same id each time. */
  process: JobHandler;
  /** Ends what no job will: again and again, as long as the service runs. */
  giveUp(): Promise<void>;
  /** @throws Problem `not-found` */
  get(id: string): Promise<RefundDocument>;
  /** Newest first. */
  list(query: RefundsQuery): Promise<Paged<RefundDocument>>;
}

export function createRefunds(options: {
  mongo: Mongo;
  models: RefundModels & Pick<WalletModels, 'topUps' | 'disputes'>;
  unitOfWork: UnitOfWork;
  logger: Logger;
  pending: PendingRefunds;
  topUps: TopUps;
  providers: Partial<Record<TopUpDocument['provider'], PaymentProvider>>;
}): Refunds {
  const { mongo, models, unitOfWork, logger, pending, topUps, providers } = options;
  const { refunds } = models;
  const jobs = mongo.db.collection<JobDocument>('jobs');

  const store = async (tx: Tx, refund: RefundDocument): Promise<RefundDocument> => {
    await refunds.insertMany([refund], { session: tx.session });
    tx.emit('refund-updated', { refund: presentRefund(refund) }, {});
    return refund;
  };

  /** In the job's last transaction: what the provider's webhook has not booked meanwhile is booked now. */
  const succeed = async (tx: Tx, { _id: refundId, topUpId }: RefundDocument): Promise<void> => {
    const refund = await refunds.findById(refundId, null, { session: tx.session }).lean<RefundDocument>();
    const topUp = await models.topUps.findById(topUpId, null, { session: tx.session }).lean<TopUpDocument>();
    if (!refund || !topUp || refund.status !== 'pending') return;
    const rest = refund.amount - refund.settled;
    if (rest > 0) {
      const { currency } = refund;
      const outcome = await topUps.refund(tx, {
        provider: topUp.provider,
        topUpId: topUp._id,
        amount: topUp.refunded + rest,
        currency,
        refundId,
      });
      if (outcome.state !== 'processed') throw new Error(`The refund ${refundId} is done and not booked: ${outcome.reason}`);
    }
    // As the booking has left it.
    await pending.end(tx, refund, { status: 'succeeded' });
  };

  /** The provider did not do it. What went back all the same (somebody did it on the provider's pages) stays booked. */
  const fail = async (tx: Tx, { _id }: RefundDocument, failure: string): Promise<void> => {
    const refund = await refunds.findById(_id, null, { session: tx.session }).lean<RefundDocument>();
    if (!refund || refund.status !== 'pending') return;
    if (refund.settled === refund.amount) return pending.end(tx, refund, { status: 'succeeded' });
    await pending.release(tx, refund);
    const { userId, amount, settled, currency, paymentMethod, topUpId } = refund;
    tx.emit(
      'payment-refund-failed',
      {
        userId,
        amount: amount - settled,
        currency,
        paymentMethod,
        transactionId: topUpId ?? _id,
        ...(topUpId ? { topUpId } : {}),
        // Why is for administrators: it may be about keys and accounts.
        reason: 'The payment provider did not do it',
      },
      { userId },
    );
    await pending.end(tx, refund, { status: 'failed', failure: failure.slice(0, 500) });
  };

  /** The last of the tries says so; what ended a process each time it was begun never comes to that, and is found here. */
  const giveUp = async (): Promise<void> => {
    for await (const { _id } of refunds.find({ status: 'pending', topUpId: { $exists: true } }, { _id: 1 }).cursor()) {
      const lost = await jobs.findOne({ _id: `refund:${_id}`, state: 'failed' });
      if (!lost) continue;
      await unitOfWork.run({ actor: null }, async (tx) => {
        const refund = await refunds.findById(_id, null, { session: tx.session }).lean<RefundDocument>();
        if (refund) await fail(tx, refund, `It was given up: ${lost.lastError ?? 'nobody knows why'}`);
      });
      logger.error({ refund: _id, reason: lost.lastError }, 'A refund was given up: its amount is in the wallet again');
    }
  };

  return {
    async ofTopUp(tx, caller, { id, amount: wanted, reason }, allow) {
      // Of two who ask at once, one waits here and then counts what the other was promised.
      const topUp = await models.topUps
        .findOneAndUpdate({ _id: id }, { $inc: { refundRequests: 1 } }, { session: tx.session, returnDocument: 'after' })
        .lean<TopUpDocument>();
      if (!topUp) throw new Problem('not-found', 'There is no such top-up');
      if (await models.disputes.exists({ topUpId: id, status: { $in: ['opened', 'lost'] } }).session(tx.session))
        throw new Problem('payment-disputed', 'Its bank has the money, or may take it: nothing is left to give back');
      const { userId, currency, provider: paymentMethod } = topUp;
      if (!providers[paymentMethod]?.refund) {
        throw new Problem('provider-unavailable', `${paymentMethod} takes no refunds from here: give it back there, and its webhook tells`);
      }
      const given = topUp.refunded + (await pending.promised(tx, id));
      const left = topUp.status === 'succeeded' ? topUp.amount - given : 0;
      const amount = wanted ?? left;
      if (left === 0 || amount > left) throw new Problem('refund-exceeds-payment', `Of the top-up, ${left} is left to give back`);
      allow(given + amount);
      const refund: RefundDocument = {
        _id: newId(),
        status: 'pending',
        userId,
        topUpId: id,
        amount,
        currency,
        paymentMethod,
        reason,
        settled: 0,
        requestedBy: caller.userId,
        version: 1,
        createdAt: tx.now,
      };
      const before = await pending.first(tx, id);
      await store(tx, refund);
      await pending.hold(tx, refund);
      if (!before) await pending.ask(tx, refund);
      return refund;
    },

    done: (tx, refund) =>
      store(tx, { ...refund, _id: newId(), status: 'succeeded', settled: refund.amount, version: 1, createdAt: tx.now }),

    async process(job, finish) {
      const id = String(job.data['refundId']);
      const refund = await refunds.findById(id).lean<RefundDocument>();
      const topUp = refund && (await models.topUps.findById(refund.topUpId).lean<TopUpDocument>());
      if (!refund || !topUp) throw new Error(`The refund ${id} is not there, or its top-up`);
      const provider = providers[topUp.provider];
      const conclude = async (step: (tx: Tx) => Promise<void>) => {
        await unitOfWork.run({ actor: refund.requestedBy, cause: { kind: 'job', id: job._id } }, async (tx) => {
          if (await finish(tx.session)) await step(tx);
        });
      };
      // One that was given up and whose job somebody retries: nobody may be given what is in the wallet again.
      if (refund.status !== 'pending') return conclude(async () => undefined);
      try {
        if (!provider?.refund) throw new Problem('provider-unavailable', `${topUp.provider} is not set up any more`);
        // Before anything is booked: dying here means that it is asked again, and the provider knows the id.
        await provider.refund({ refundId: id, topUp, amount: refund.amount });
      } catch (error) {
        const isFinal = error instanceof RefundRefused || job.attempts >= lastAttempt;
        if (!isFinal) throw error;
        return conclude((tx) => fail(tx, refund, error instanceof Error ? error.message : String(error)));
      }
      await conclude((tx) => succeed(tx, refund));
    },

    giveUp,

    async get(id) {
      const refund = await refunds.findById(id).lean<RefundDocument>();
      if (!refund) throw new Problem('not-found', 'There is no such refund');
      return refund;
    },

    async list({ limit, cursor, ...filter }) {
      const given = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
      const found = await refunds
        .find({ ...given, $and: [olderThan(cursor)] })
        .sort(newestFirst)
        .limit(limit + 1)
        .lean<RefundDocument[]>();
      return pageByTime(found, limit);
    },
  };
}
