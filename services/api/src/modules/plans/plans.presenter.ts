import type { Plan, PlanVersion } from '@tidings/contracts';
import type { PlanDocument, PlanVersionDocument } from './plans.model.js';

/** Basis points as percent, exact to its two places. */
export const percentOf = (basisPoints: number): number => basisPoints / 100;
/** @param percent with two places at most */
export const basisPointsOf = (percent: number): number => Math.round(percent * 100);

/** As it is stored, not by the clock of whoever asks: a plan is published when its job has said so, to live screens and to fetched ones alike. */
export function presentPlan(plan: PlanDocument): Plan {
  const { _id, name, description, roiBp, duration, minAmount, maxAmount, currency, capacity, publishAt, published, version } = plan;
  return {
    id: _id,
    name,
    ...(description === null ? {} : { description }),
    roi: percentOf(roiBp),
    duration,
    minAmount,
    maxAmount,
    currency,
    capacity,
    publishAt: publishAt?.toISOString() ?? null,
    published,
    version,
    createdAt: plan.createdAt.toISOString(),
    updatedAt: plan.updatedAt.toISOString(),
  };
}

/** @param isAdmin others are not told who it was */
export function presentPlanVersion(
  { planId, version, action, at, by, keyId, changes, restored, plan }: PlanVersionDocument,
  isAdmin: boolean,
): PlanVersion {
  return {
    planId,
    version,
    action,
    at: at.toISOString(),
    ...(isAdmin && by ? { by } : {}),
    ...(isAdmin && keyId ? { keyId } : {}),
    changes,
    ...(restored === undefined ? {} : { restored }),
    plan,
  };
}
