import type { PaidPlan, Subscription, SubscriptionPlan } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import {
  remindedAt,
  type PlanCatalogue,
  type SubscriptionDocument,
  type SubscriptionFields,
  type SubscriptionRecords,
} from '../entitlements/index.js';
import type { MerchantDocument, Merchants, SellingService } from '../merchants/index.js';
import type { Fees } from '../wallet/index.js';
import type { Invoices } from './invoices.js';
import { followingPeriod, monthsText, titleOf, upgrade } from './prices.js';
import { next, stoppedBy } from './subscription-states.js';

/** Who pays, and for what. */
export interface Purchase {
  plan: SubscriptionPlan;
  /** Whose wallet. */
  userId: string;
  /** How the money came there. */
  paymentMethod: NonNullable<Subscription['paymentMethod']>;
  autoRenew: boolean;
  /** The clock's, where a turn of it is late or early; else that of the transaction. */
  now?: Date;
}

/** What may become of a subscription, for whoever has looked at the rights. */
export interface SubscriptionSteps {
  /** Writes and tells it; where it ends or begins to sell, the merchant's menu follows. @throws Problem `version-mismatch` */
  change(
    tx: Tx,
    merchant: MerchantDocument,
    before: SubscriptionDocument,
    update: { fields: SubscriptionFields; reason: string },
  ): Promise<SubscriptionDocument>;
  /** Pays the period that follows. @throws Problem `invalid-transition`, `insufficient-funds`, `version-mismatch` */
  renew(tx: Tx, merchant: MerchantDocument, subscription: SubscriptionDocument, purchase: Purchase): Promise<SubscriptionDocument>;
  /** Pays the difference, for the days that are left. @throws Problem `insufficient-funds`, `version-mismatch` */
  upgrade(
    tx: Tx,
    merchant: MerchantDocument,
    subscription: SubscriptionDocument,
    to: { plan: PaidPlan; userId: string },
  ): Promise<SubscriptionDocument>;
}

/** Where the house keeps what it is paid for subscriptions. */
const revenueAccount = 'subscription-revenue';

export function createSubscriptionSteps(options: {
  records: SubscriptionRecords;
  catalogue: PlanCatalogue;
  currency: string;
  merchants: Pick<Merchants, 'setStopped'>;
  selling: Pick<SellingService, 'follow'>;
  fees: Fees;
  invoices: Pick<Invoices, 'issue'>;
}): SubscriptionSteps {
  const { records, catalogue, currency, merchants, selling, fees, invoices } = options;

  const change: SubscriptionSteps['change'] = async (tx, merchant, before, update) => {
    const changed = await records.change(tx, merchant, before, update);
    const stopped = stoppedBy(changed.status);
    if (stopped === stoppedBy(before.status)) return changed;
    const after = await merchants.setStopped(tx, merchant._id, stopped);
    if (after) await selling.follow(tx, after);
    return changed;
  };

  /** Named by the version that it changes: of two payments for the same period the second finds another. */
  const charge = async (
    tx: Tx,
    { _id, version }: SubscriptionDocument,
    payment: { userId: string; amount: number; description: string },
  ) => {
    const key = `subscription:${_id}:${version}`;
    const transactionId = await fees.charge(tx, { ...payment, key, currency, type: 'subscription', to: revenueAccount });
    if (transactionId === null) throw new Error(`${key} was paid before`);
    return transactionId;
  };

  return {
    change,

    async renew(tx, merchant, subscription, { plan, userId, paymentMethod, autoRenew, now = tx.now }) {
      const status = next(subscription.status, 'paid');
      const { timeZone } = merchant;
      const { price, months } = catalogue[plan];
      const { start, end, ...anchored } = followingPeriod(subscription, months, { now, timeZone });
      const description = `${titleOf[plan]}, ${monthsText(months)}`;
      const transactionId = await charge(tx, subscription, { userId, amount: price, description: `Subscription: ${description}` });
      const renewed = await change(tx, merchant, subscription, {
        reason: 'renewed',
        fields: {
          ...anchored,
          plan,
          status,
          startDate: start,
          endDate: end,
          amount: price,
          before:
            start > now && subscription.plan !== 'freeTrial' ? { startDate: subscription.startDate, amount: subscription.amount } : null,
          currency,
          paymentMethod,
          transactionId,
          autoRenew,
          payerId: userId,
          nextPlan: subscription.nextPlan === plan ? null : subscription.nextPlan,
          grace: null,
          reminded: remindedAt(end, now, timeZone),
        },
      });
      const lines = [{ description, amount: price }];
      await invoices.issue(tx, merchant, { plan, lines, total: price, currency, from: start, to: end, paymentMethod, transactionId });
      return renewed;
    },

    async upgrade(tx, merchant, subscription, { plan, userId }) {
      const { timeZone } = merchant;
      const { before } = subscription;
      const { lines, due, period } = upgrade(subscription, plan, { catalogue, now: tx.now, timeZone });
      const { start, end, ...anchored } = period;
      const paymentMethod = 'wallet' as const;
      const description = `Subscription: ${lines.map((line) => line.description).join('; ')}`;
      const transactionId = due > 0 ? await charge(tx, subscription, { userId, amount: due, description }) : null;
      const changed = await change(tx, merchant, subscription, {
        reason: 'plan-changed',
        fields: {
          ...anchored,
          plan,
          startDate: start,
          endDate: end,
          amount: catalogue[plan].price,
          // What runs now has been paid up to the new price, too; of a period that begins now there is none.
          before: before && start > tx.now ? { ...before, amount: catalogue[plan].price } : null,
          currency,
          ...(transactionId === null ? {} : { paymentMethod, transactionId }),
          autoRenew: true,
          payerId: userId,
          nextPlan: null,
          reminded: remindedAt(end, tx.now, timeZone),
        },
      });
      if (transactionId !== null)
        await invoices.issue(tx, merchant, {
          plan,
          lines,
          total: due,
          currency,
          from: tx.now,
          to: end,
          paymentMethod,
          transactionId,
        });
      return changed;
    },
  };
}
