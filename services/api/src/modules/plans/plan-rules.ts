import { badField, type PlanFields, Problem } from '@tidings/contracts';
import type { PlanDocument } from './plans.model.js';
import { basisPointsOf } from './plans.presenter.js';

const furthestMs = 5 * 366 * 86_400_000;

/** Whether a plan with this date is for everybody by now. */
export const isDue = (publishAt: Date | null, now: Date): boolean => publishAt === null || publishAt <= now;

/** As the document has them. */
export function toStored({ roi, publishAt, ...fields }: PlanFields) {
  return { ...fields, roiBp: basisPointsOf(roi), publishAt: publishAt === null ? null : new Date(publishAt) };
}

/**
 * Whether these fields can be those of a plan, and what may not change once others count on it.
 * @throws Problem `bad-request`, `capacity-exceeded`, `plan-in-use`, `invalid-transition`
 */
export function assertFit(
  { minAmount, maxAmount, capacity, currency, publishAt }: PlanFields,
  now: Date,
  change?: { before: PlanFields; plan: Pick<PlanDocument, 'invested' | 'reserved' | 'published' | 'used'> },
): void {
  if (maxAmount !== null && maxAmount < minAmount) throw badField('maxAmount', 'must not be below minAmount');
  if (capacity !== null && capacity < minAmount) throw badField('capacity', 'must not be below minAmount');
  const isMoved = change ? publishAt !== change.before.publishAt : true;
  if (isMoved && publishAt !== null && new Date(publishAt).getTime() - now.getTime() > furthestMs)
    throw badField('publishAt', 'must be within five years');
  if (!change) return;
  const { before, plan } = change;
  if (plan.published && isMoved) throw new Problem('invalid-transition', 'The plan is published: its date stays as it is');
  if (currency !== before.currency && (plan.used || plan.reserved > 0))
    throw new Problem('plan-in-use', 'Somebody has invested in the plan: its currency stays as it is');
  const taken = plan.invested + plan.reserved;
  if (capacity !== null && capacity < taken) throw new Problem('capacity-exceeded', `${taken} is invested already`);
}
