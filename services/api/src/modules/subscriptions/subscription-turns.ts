import type { Tx, UnitOfWork } from '@tidings/feed';
import { RetryLater, type JobHandler, type Mongo } from '@tidings/platform';
import { z } from 'zod';
import { onJob } from '../../on-job.js';
import {
  graceSince,
  isLastAttempt,
  turnAt,
  type PlanCatalogue,
  type SubscriptionDocument,
  type SubscriptionRecords,
} from '../entitlements/index.js';
import type { Memberships } from '../identity/index.js';
import type { MerchantDocument } from '../merchants/index.js';
import type { Fees } from '../wallet/index.js';
import { next } from './subscription-states.js';
import type { SubscriptionSteps } from './subscription-steps.js';

export const beginJobKind = 'subscription-begin';
const turnSchema = z.strictObject({ merchantId: z.string(), version: z.int(), at: z.coerce.date() });
const beginSchema = z.strictObject({ after: z.string() });
const atOnce = 50;
/** Queues and the clocks of replicas may be a little early; what is further off has its clock wrong. */
const earlyMs = 60_000;

type Subject = { merchant: MerchantDocument; subscription: SubscriptionDocument; now: Date };

/** What the clock does: reminders, renewals, further attempts to be paid, the end. */
export function createSubscriptionTurns(options: {
  records: SubscriptionRecords;
  steps: SubscriptionSteps;
  catalogue: PlanCatalogue;
  currency: string;
  mongo: Pick<Mongo, 'db'>;
  memberships: Pick<Memberships, 'roleOf'>;
  fees: Fees;
  unitOfWork: UnitOfWork;
}): { turn: JobHandler; begin: JobHandler; addBegin: () => Promise<void> } {
  const { records, steps, catalogue, currency, mongo, memberships, fees, unitOfWork } = options;

  /** Also those that were deleted, of which nothing is paid any more. */
  const merchants = mongo.db.collection<MerchantDocument>('merchants');

  const end = (tx: Tx, { merchant, subscription }: Subject): Promise<SubscriptionDocument> =>
    steps.change(tx, merchant, subscription, {
      fields: { status: next(subscription.status, 'ended'), grace: null, autoRenew: false, nextPlan: null },
      reason: 'ended',
    });

  /** The owner who said so pays, while they are an owner and have it. */
  const pay = async (tx: Tx, { merchant, subscription, now }: Subject): Promise<boolean> => {
    const { payerId: userId, nextPlan } = subscription;
    const plan = nextPlan ?? subscription.plan;
    if (userId === null || plan === 'freeTrial') return false;
    if ((await memberships.roleOf(tx, { userId, merchantId: merchant._id })) !== 'owner') return false;
    // Asked before: a transfer that is refused has begun to write, and what comes of the refusal is written here.
    if (!(await fees.covers(tx, { userId, amount: catalogue[plan].price, currency }))) return false;
    await steps.renew(tx, merchant, subscription, { plan, userId, paymentMethod: 'wallet', autoRenew: true, now });
    return true;
  };

  const isRenewed = ({ status, autoRenew }: SubscriptionDocument): boolean => status === 'active' && autoRenew;

  const fail = async (tx: Tx, subject: Subject): Promise<void> => {
    const { merchant, subscription, now } = subject;
    const { grace: before } = subscription;
    const grace = before ? { ...before, attempts: before.attempts + 1 } : graceSince(now, merchant.timeZone);
    if (isLastAttempt(grace.attempts)) await end(tx, subject);
    else
      await steps.change(tx, merchant, subscription, {
        fields: { status: next(subscription.status, 'unpaid'), grace },
        reason: 'payment-failed',
      });
  };

  const act = async (tx: Tx, subject: Subject): Promise<void> => {
    const { merchant, subscription, now } = subject;
    // One that was deleted before its subscription was closed with it.
    if (merchant.deletedAt) return records.close(tx, merchant);
    const turn = turnAt(subscription, now, merchant.timeZone);
    // The time zone has changed since: days begin at another time there.
    if (!turn) return records.watch(tx, merchant, subscription);
    if (turn.act === 'remind') {
      const { days } = turn;
      await steps.change(tx, merchant, subscription, { fields: { reminded: days }, reason: `reminder-${days}` });
    } else if (turn.act === 'end' && !isRenewed(subscription)) await end(tx, subject);
    else if (!(await pay(tx, subject))) await fail(tx, subject);
  };

  const add = (tx: Tx, after: string): Promise<void> =>
    tx.job({ kind: beginJobKind, key: `${beginJobKind}:${after === '' ? 'first' : after}`, data: { after } });

  return {
    turn: onJob(unitOfWork, turnSchema, async (tx, { merchantId, version, at }) => {
      const aheadMs = at.getTime() - tx.now.getTime();
      if (aheadMs > earlyMs) throw new RetryLater('The turn is ahead of this one’s clock', Math.min(aheadMs, 3_600_000));
      const subscription = await records.find(merchantId, tx);
      // It was changed since, and the change has scheduled its own turn.
      if (subscription?.version !== version) return;
      const merchant = await merchants.findOne({ _id: merchantId }, { session: tx.session });
      // The time that was meant decides, else there would be nothing to do yet.
      if (merchant) await act(tx, { merchant, subscription, now: tx.now < at ? at : tx.now });
    }),

    /** Merchants that are older than subscriptions begin their trial, some at a time. */
    begin: onJob(unitOfWork, beginSchema, async (tx, { after }) => {
      const page = await merchants
        .find({ _id: { $gt: after }, deletedAt: null }, { session: tx.session })
        .sort({ _id: 1 })
        .limit(atOnce)
        .toArray();
      for (const merchant of page) await records.begin(tx, merchant);
      const last = page.at(-1);
      if (last && page.length === atOnce) await add(tx, last._id);
    }),

    async addBegin() {
      await unitOfWork.run({ actor: null }, (tx) => add(tx, ''));
    },
  };
}
