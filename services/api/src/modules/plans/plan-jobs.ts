import type { Tx, UnitOfWork } from '@tidings/feed';
import { assertDue, type JobHandler, type NewJob } from '@tidings/platform';
import { z } from 'zod';
import { onJob } from '../../on-job.js';
import type { PlanDocument, PlanModels } from './plans.model.js';

export const publicationJobKind = 'plan-publication';
const publicationSchema = z.strictObject({ planId: z.string(), at: z.int() });

/** Shows a plan to everybody when its date has come. Named by the date: one for each that was ever set. */
export function publicationJob({ _id: planId, publishAt }: PlanDocument): NewJob {
  if (!publishAt) throw new Error(`The plan ${planId} has no date`);
  const at = publishAt.getTime();
  return { kind: publicationJobKind, key: `${publicationJobKind}:${planId}:${at}`, data: { planId, at }, dueAt: publishAt };
}

/** Looks at the plan in the transaction that ends the job: twice is once, and a date that was changed since makes it void. */
export function createPublication(parts: {
  models: PlanModels;
  publish: (tx: Tx, plan: PlanDocument) => Promise<void>;
  unitOfWork: UnitOfWork;
}): JobHandler {
  const { models, publish, unitOfWork } = parts;
  return onJob(unitOfWork, publicationSchema, async (tx, { planId, at }) => {
    const plan = await models.plans.findOne({ _id: planId, deletedAt: null }, null, { session: tx.session }).lean<PlanDocument>();
    if (!plan || plan.published || plan.publishAt?.getTime() !== at) return;
    assertDue(new Date(at), tx.now);
    await publish(tx, plan);
  });
}
