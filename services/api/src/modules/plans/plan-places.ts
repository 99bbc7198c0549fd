import { badField, Problem } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import type { NewJob } from '@tidings/platform';
import type { PlanDocument, PlanModels } from './plans.model.js';

export const termsJobKind = 'plan-terms';
export const withdrawalJobKind = 'plan-withdrawal';
/** Principal in minor units, and of how many investments. */
interface Share {
  amount: number;
  count: number;
}

/** Transactions of this process that write one plan take turns by this name. */
export const planTurn = (id: string): string => `plan:${id}`;

/**
 * How much is invested in a plan. The document is one that all its investors share: write it last in a transaction. Since whoever changes or
 * withdraws the plan writes it, too, nobody invests in what is just being changed.
 */
export interface PlanPlaces {
  /** Sets an amount of a new investment against the capacity. @throws Problem `capacity-exceeded` */
  take(tx: Tx, planId: string, amount: number): Promise<void>;
  /** Investments that have ended. */
  leave(tx: Tx, planId: string, share: Share): Promise<void>;
  /** Whether another plan may take over the investments of one. @throws Problem `bad-request`, `not-found`, `currency-mismatch` */
  assertHeir(tx: Tx, plan: PlanDocument, to: string): Promise<void>;
  /** Sets room aside for all that will come, so that nobody else takes it. @throws Problem `capacity-exceeded` */
  reserve(tx: Tx, to: string, amount: number): Promise<void>;
  /** Some of a deleted plan's investments have moved to its heir. */
  move(tx: Tx, from: PlanDocument, share: Share): Promise<void>;
  /** Some have ended instead: what was set aside for them is free again. */
  stay(tx: Tx, from: PlanDocument, share: Share): Promise<void>;
  /** Has the active investments follow the plan's present terms. `step` counts the batches. */
  termsJob(plan: PlanDocument, step: number, dueAt?: Date): NewJob;
  /** Has the active investments of a deleted plan refunded, or moved. */
  withdrawalJob(plan: PlanDocument, step: number, dueAt?: Date): NewJob;
}

export function createPlanPlaces({ plans }: Pick<PlanModels, 'plans'>): PlanPlaces {
  const hasRoom = (amount: number) => ({
    $or: [{ capacity: null }, { $expr: { $lte: [{ $add: ['$invested', '$reserved', amount] }, '$capacity'] } }],
  });
  const claim = async (tx: Tx, planId: string, amount: number, change: object): Promise<void> => {
    const { modifiedCount } = await plans.updateOne({ _id: planId, ...hasRoom(amount) }, change, { session: tx.session });
    if (modifiedCount === 0) throw new Problem('capacity-exceeded');
  };

  return {
    take: (tx, planId, amount) => claim(tx, planId, amount, { $inc: { invested: amount, active: 1 }, $set: { used: true } }),

    async leave(tx, planId, { amount, count }) {
      await plans.updateOne({ _id: planId }, { $inc: { invested: -amount, active: -count } }, { session: tx.session });
    },

    async assertHeir(tx, plan, to) {
      if (to === plan._id) throw badField('to', 'must be another plan');
      const heir = await plans.findOne({ _id: to, deletedAt: null, published: true }, null, { session: tx.session }).lean<PlanDocument>();
      if (!heir) throw new Problem('not-found', 'There is no such plan to follow');
      if (heir.currency !== plan.currency) throw new Problem('currency-mismatch');
    },

    reserve: (tx, to, amount) => claim(tx, to, amount, { $inc: { reserved: amount }, $set: { used: true } }),

    async move(tx, from, { amount, count }) {
      const { session } = tx;
      const { _id, to } = heirOf(from);
      await plans.updateOne({ _id }, { $inc: { invested: -amount, active: -count, 'withdrawal.reserved': -amount } }, { session });
      await plans.updateOne({ _id: to }, { $inc: { invested: amount, active: count, reserved: -amount } }, { session });
    },

    async stay(tx, from, { amount, count }) {
      const { session } = tx;
      const { _id, to } = heirOf(from);
      await plans.updateOne({ _id }, { $inc: { invested: -amount, active: -count, 'withdrawal.reserved': -amount } }, { session });
      await plans.updateOne({ _id: to }, { $inc: { reserved: -amount } }, { session });
    },

    termsJob: ({ _id: planId, termsVersion }, step, dueAt) => ({
      kind: termsJobKind,
      key: `${termsJobKind}:${planId}:${termsVersion}:${step}`,
      data: { planId, termsVersion, step },
      ...(dueAt ? { dueAt } : {}),
    }),

    withdrawalJob: ({ _id: planId }, step, dueAt) => ({
      kind: withdrawalJobKind,
      key: `${withdrawalJobKind}:${planId}:${step}`,
      data: { planId, step },
      ...(dueAt ? { dueAt } : {}),
    }),
  };
}

function heirOf({ _id, withdrawal }: PlanDocument): { _id: string; to: string } {
  if (withdrawal?.to === undefined) throw new Error(`The investments of the plan ${_id} move nowhere`);
  return { _id, to: withdrawal.to };
}
