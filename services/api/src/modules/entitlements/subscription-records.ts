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

  const tell = async (tx: Tx, { timeZone }: Subscriber, subscription: SubscriptionDocument, reason: string): Promise<void> => {
    announceSubscription(tx, subscription, reason);
    const { _id: merchantId, version } = subscription;
    const at = nextTurnAt(subscription, timeZone);
    if (!at) return;
    // Named by the version that it belongs to: twice is once, and a change makes it void.
    const data = { merchantId, version, at: at.toISOString() };
    await tx.job({ kind: turnJobKind, key: `${turnJobKind}:${merchantId}:${version}`, data, dueAt: at });
  };

  return {
    find,

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
        version: 1,
        createdAt: now,
        updatedAt: now,
      };
      await subscriptions.insertMany([trial], { session: tx.session });
      await tell(tx, merchant, trial, 'trial');
      return trial;
    },

    async change(tx, merchant, before, { fields, reason }) {
      const changed = await subscriptions
        // Of two who change it at once, one conflicts here, runs again and finds what the other has done.
        .findOneAndUpdate(
          { _id: before._id, version: before.version },
          { $set: { ...fields, updatedAt: tx.now }, $inc: { version: 1 } },
          { session: tx.session, returnDocument: 'after' },
        )
        .lean<SubscriptionDocument>();
      if (!changed) throw new Problem('version-mismatch', undefined, { current: presentSubscription(before) });
      await tell(tx, merchant, changed, reason);
      return changed;
    },
  };
}
