import { keyOfActor, type FieldChange, type PlanVersion } from '@tidings/contracts';
import type { AuditDetails, Tx } from '@tidings/feed';
import type { Mongo } from '@tidings/platform';
import type { PlanDocument, PlanModels, PlanVersionDocument } from './plans.model.js';
import { presentPlan } from './plans.presenter.js';

export type PlanEventType = 'plan-created' | 'plan-updated' | 'plan-deleted';

interface Step {
  action: PlanVersion['action'];
  /** Null of a new one. */
  before: PlanDocument | null;
  changes?: FieldChange[];
  restored?: number;
}

/** Keeps the version that a plan has just got, tells of it, and notes it in the audit log: the three go together. */
export type PlanRecorder = (tx: Tx, type: PlanEventType, plan: PlanDocument, step: Step, details?: AuditDetails) => Promise<void>;

export function createPlanRecorder({ db }: Pick<Mongo, 'db'>, { planVersions }: PlanModels): PlanRecorder {
  const users = db.collection<{ _id: string; email: string }>('users');

  return async (tx, type, plan, { action, before, changes = [], restored }, details = {}) => {
    const { session, now, actor } = tx;
    const { _id: planId, version, published } = plan;
    const planData = presentPlan(plan);
    const admin = actor === null ? null : await users.findOne({ _id: actor }, { session, projection: { email: 1 } });
    const keyId = actor === null ? undefined : keyOfActor(actor);
    const kept: PlanVersionDocument = {
      _id: `${planId}:${version}`,
      planId,
      version,
      action,
      at: now,
      ...(admin ? { by: { userId: admin._id, email: admin.email } } : {}),
      ...(keyId === undefined ? {} : { keyId }),
      changes,
      ...(restored === undefined ? {} : { restored }),
      plan: planData,
    };
    await planVersions.insertMany([kept], { session });
    tx.emit(
      type,
      {
        planId,
        planData,
        version,
        timestamp: now.getTime(),
        ...(admin ? { adminEmail: admin.email } : {}),
        ...(type === 'plan-updated' ? { changes } : {}),
      },
      { planId, ...(published ? {} : { draft: true as const }) },
    );
    const fields = changes.map(({ field }) => field);
    await tx.audit({
      action: `plan.${auditVerbs[action]}`,
      target: `plan:${planId}`,
      details: { version, name: plan.name, ...(fields.length > 0 ? { fields } : {}), ...(restored ? { restored } : {}), ...details },
      before: before && presentPlan(before),
      after: action === 'deleted' ? null : planData,
    });
  };
}

const auditVerbs: Record<PlanVersion['action'], string> = {
  created: 'create',
  published: 'publish',
  updated: 'update',
  restored: 'restore',
  deleted: 'delete',
};
