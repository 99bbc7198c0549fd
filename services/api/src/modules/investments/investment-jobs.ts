import type { Tx, UnitOfWork } from '@tidings/feed';
import { assertDue, type JobHandler } from '@tidings/platform';
import { z } from 'zod';
import { onJob } from '../../on-job.js';
import { planTurn, termsJobKind, withdrawalJobKind, type PlanDocument, type PlanModels, type PlanPlaces } from '../plans/index.js';
import { maturityJob, maturityJobKind, type InvestmentSteps } from './investment-steps.js';
import type { InvestmentDocument, InvestmentModels } from './investments.model.js';
import { maturityOf } from './terms.js';

const maturitySchema = z.strictObject({ investmentId: z.string() });
const termsSchema = z.strictObject({ planId: z.string(), termsVersion: z.int(), step: z.int() });
const withdrawalSchema = z.strictObject({ planId: z.string(), step: z.int() });

export interface BatchOptions {
  /** Investments in one transaction. */
  size: number;
  /** Between two batches, so that other requests get their turn. */
  pauseMs: number;
}

/** A payment writes several documents for each investment, and meets the other payments of its holder. */
const mostPaid = 25;

const hasLeaving = ({ withdrawal }: PlanDocument): boolean => withdrawal !== undefined && withdrawal.mode !== 'keep';

/** Whether its term had ended when the plan was withdrawn, and nobody was there to pay: what was earned is not taken away by that. */
const wasOver = ({ createdAt }: InvestmentDocument, { duration, deletedAt }: PlanDocument): boolean =>
  deletedAt !== null && maturityOf(createdAt, duration) <= deletedAt;

/**
 * What the clock and a changed plan do to investments. Each job does one small transaction, which ends the job and adds the next one: whatever
 * dies in between, the next batch begins where the last one ended, and each investment is changed and told of once.
 */
export function createInvestmentJobs(parts: {
  models: InvestmentModels & Pick<PlanModels, 'plans'>;
  steps: InvestmentSteps;
  places: PlanPlaces;
  unitOfWork: UnitOfWork;
  batches: BatchOptions;
}): Record<string, JobHandler> {
  const { models, steps, places, unitOfWork, batches } = parts;
  const { investments, plans } = models;

  const planOf = async (tx: Tx, id: string): Promise<PlanDocument> => {
    const plan = await plans.findById(id, null, { session: tx.session }).lean<PlanDocument>();
    if (!plan) throw new Error(`There is no plan ${id}`);
    return plan;
  };

  const someOf = (tx: Tx, filter: object, size: number): Promise<InvestmentDocument[]> =>
    investments
      .find({ status: 'ACTIVE', ...filter }, null, { session: tx.session })
      .limit(size)
      .lean<InvestmentDocument[]>();

  const afterPause = (tx: Tx): Date => new Date(tx.now.getTime() + batches.pauseMs);
  const shareOf = (batch: readonly InvestmentDocument[]) => ({
    amount: batch.reduce((sum, { amount }) => sum + amount, 0),
    count: batch.length,
  });

  /** With the plan's present terms, which it takes if its batch has not come yet. */
  const upToDate = async (tx: Tx, found: InvestmentDocument, plan: PlanDocument): Promise<InvestmentDocument> => {
    const isBehind = found.termsVersion < plan.termsVersion;
    const [investment = found] = isBehind ? await steps.follow(tx, [found], plan, 'terms-changed') : [];
    return investment;
  };

  const refundSome = async (tx: Tx, plan: PlanDocument): Promise<boolean> => {
    const size = Math.min(batches.size, mostPaid);
    const batch = await someOf(tx, { planId: plan._id }, size);
    for (const investment of batch) {
      if (wasOver(investment, plan)) await steps.mature(tx, await upToDate(tx, investment, plan));
      else await steps.refund(tx, investment);
    }
    if (batch.length > 0) await places.leave(tx, plan._id, shareOf(batch));
    return batch.length === size;
  };

  const moveSome = async (tx: Tx, plan: PlanDocument, to: string): Promise<boolean> => {
    const batch = await someOf(tx, { planId: plan._id }, batches.size);
    if (batch.length === 0) return false;
    const over = batch.filter((investment) => wasOver(investment, plan)).slice(0, mostPaid);
    if (over.length > 0) {
      for (const investment of over) await steps.mature(tx, await upToDate(tx, investment, plan));
      await places.stay(tx, plan, shareOf(over));
      return true;
    }
    await steps.follow(tx, batch, await planOf(tx, to), 'moved');
    // Writes the other plan, too: one whose terms change meanwhile conflicts, and this runs again with the new ones.
    await places.move(tx, plan, shareOf(batch));
    return batch.length === batches.size;
  };

  return {
    [termsJobKind]: onJob(unitOfWork, termsSchema, async (tx, { planId, termsVersion, step }) => {
      const plan = await planOf(tx, planId);
      // A later change has batches of its own, and so has the withdrawal: only the last counts.
      if (plan.termsVersion !== termsVersion || hasLeaving(plan)) return;
      const batch = await someOf(tx, { planId, termsVersion: { $lt: termsVersion } }, batches.size);
      if (batch.length === 0) return;
      await steps.follow(tx, batch, plan, 'terms-changed');
      if (batch.length === batches.size) await tx.job(places.termsJob(plan, step + 1, afterPause(tx)));
    }),

    [withdrawalJobKind]: onJob(unitOfWork, withdrawalSchema, async (tx, { planId, step }) => {
      const plan = await planOf(tx, planId);
      const { mode, to } = plan.withdrawal ?? {};
      tx.turn([planId, ...(to === undefined ? [] : [to])].map(planTurn));
      const isMore = mode === 'refund' ? await refundSome(tx, plan) : to !== undefined && (await moveSome(tx, plan, to));
      if (isMore) await tx.job(places.withdrawalJob(plan, step + 1, afterPause(tx)));
    }),

    [maturityJobKind]: onJob(unitOfWork, maturitySchema, async (tx, { investmentId }, job) => {
      const found = await investments.findById(investmentId, null, { session: tx.session }).lean<InvestmentDocument>();
      if (!found) throw new Error(`There is no investment ${investmentId}`);
      if (found.status !== 'ACTIVE') return;
      tx.turn([planTurn(found.planId)]);
      const plan = await planOf(tx, found.planId);
      // It is about to leave its plan: whoever sees to that watches for what comes after.
      if (hasLeaving(plan)) return;
      const investment = await upToDate(tx, found, plan);
      const next = maturityJob(investment);
      // Another end than the one that this job is named for has a job of its own.
      if (investment.maturesAt > tx.now && next.key !== job._id) return tx.job(next);
      assertDue(investment.maturesAt, tx.now);
      await steps.mature(tx, investment);
      await places.leave(tx, plan._id, { amount: investment.amount, count: 1 });
    }),
  };
}
