import { Problem } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { checkIfMatch } from '../../http/etag.js';
import type { PlanCatalogue } from './plan-terms.js';
import { monthsAfter, nextTurnAt, remindedAt } from './subscription-clock.js';
import type { SubscriptionDocument, SubscriptionModels } from './subscriptions.model.js';
import { announceSubscription, presentSubscription } from './subscriptions.presenter.js';

export const turnJobKind = 'subscription-turn';

/** What a subscription needs to know of its merchant. */
export interface Subscriber {
  _id: string;
  /** IANA; of the calendar that periods go by. */
  timeZone: string;
}

export type SubscriptionFields = Partial<Omit<SubscriptionDocument, '_id' | 'version' | 'createdAt' | 'updatedAt'>>;

/** The one place where subscriptions are written: each change is told, and has the clock's next turn scheduled. */
export interface SubscriptionRecords {
  find(merchantId: string, tx?: Tx): Promise<SubscriptionDocument | null>;
  /** Begins the free trial of a merchant that has none; answers with the one it has. */
  begin(tx: Tx, merchant: Subscriber): Promise<SubscriptionDocument>;
  /** Has the clock look at it when there is something to do next; where that is scheduled already, nothing. */
  watch(tx: Tx, merchant: Subscriber, subscription: SubscriptionDocument): Promise<void>;
  /** With its merchant, which is deleted. Twice is once. @throws Problem `version-mismatch` */
  close(tx: Tx, merchant: Subscriber): Promise<void>;
  /**
   * @param reason why, for programs: a lower-case word
   * @throws Problem `version-mismatch` when it was changed since it was read
   */
  change(
    tx: Tx,
    merchant: Subscriber,
    before: SubscriptionDocument,
    update: { fields: SubscriptionFields; reason: string },
  ): Promise<SubscriptionDocument>;
}

/** @throws Problem `version-mismatch` when the caller saw another version than the newest */
export function assertSeen(subscription: SubscriptionDocument, ifMatch: string | undefined): void {
  checkIfMatch(ifMatch, subscription.version, () => presentSubscription(subscription));
}

export function createSubscriptionRecords(options: {
  models: SubscriptionModels;
  catalogue: PlanCatalogue;
  currency: string;
}): SubscriptionRecords {
  const { models, catalogue, currency } = options;
  const { subscriptions } = models;

  const find: SubscriptionRecords['find'] = (merchantId, tx) =>
    subscriptions.findById(merchantId, null, { session: tx?.session ?? null }).lean<SubscriptionDocument>();

  const watch: SubscriptionRecords['watch'] = async (tx, { timeZone }, subscription) => {
    const { _id: merchantId, version } = subscription;
    const dueAt = nextTurnAt(subscription, timeZone);
    if (!dueAt) return;
    // Named by the version that it belongs to, which a change makes void, and by the time, which moves with the merchant's time zone: twice is once.
    const at = dueAt.toISOString();
    await tx.job({ kind: turnJobKind, key: `${turnJobKind}:${merchantId}:${version}:${at}`, data: { merchantId, version, at }, dueAt });
  };

  const change: SubscriptionRecords['change'] = async (tx, merchant, before, { fields, reason }) => {
    const changed = await subscriptions
      // Of two who change it at once, one conflicts here, runs again and finds what the other has done.
      .findOneAndUpdate(
        { _id: before._id, version: before.version },
        { $set: { ...fields, updatedAt: tx.now }, $inc: { version: 1 } },
        { session: tx.session, returnDocument: 'after' },
      )
      .lean<SubscriptionDocument>();
    if (!changed) throw new Problem('version-mismatch', undefined, { current: presentSubscription(before) });
    announceSubscription(tx, changed, reason);
    await watch(tx, merchant, changed);
    return changed;
  };

  return {
    find,
    watch,
    change,

    async begin(tx, merchant) {
      const existing = await find(merchant._id, tx);
      if (existing) return existing;
      const { now } = tx;
      const { months } = catalogue.freeTrial;
      const endDate = monthsAfter(now, months, merchant.timeZone);
      const trial: SubscriptionDocument = {
        _id: merchant._id,
        plan: 'freeTrial',
        status: 'active',
        startDate: now,
        endDate,
        anchor: now,
        anchorMonths: months,
        amount: 0,
        currency,
        paymentMethod: null,
        transactionId: null,
        notes: null,
        autoRenew: false,
        payerId: null,
        nextPlan: null,
        grace: null,
        reminded: remindedAt(endDate, now, merchant.timeZone),
        closedAt: null,
        version: 1,
        createdAt: now,
        updatedAt: now,
      };
      await subscriptions.insertMany([trial], { session: tx.session });
      announceSubscription(tx, trial, 'trial');
      await watch(tx, merchant, trial);
      return trial;
    },

    async close(tx, merchant) {
      const open = await find(merchant._id, tx);
      if (!open || open.closedAt) return;
      const fields = { closedAt: tx.now, autoRenew: false, nextPlan: null, grace: null };
      await change(tx, merchant, open, { fields, reason: 'merchant-deleted' });
    },
  };
}
