import type { Difference, Reconciliation } from '@tidings/contracts';
import type { DifferenceDocument, ReconciliationDocument } from './reconciliation.model.js';

export function presentReconciliation(run: ReconciliationDocument): Reconciliation {
  const { _id, provider, from, to, status, payments, topUps, differences, failure, requestedBy, version, createdAt } = run;
  return {
    id: _id,
    provider,
    from: from.toISOString(),
    to: to.toISOString(),
    status,
    payments,
    topUps,
    differences,
    ...(failure ? { failure } : {}),
    requestedBy,
    version,
    createdAt: createdAt.toISOString(),
  };
}

export function presentDifference({ _id, kind, topUpId, userId, ours, theirs, open }: DifferenceDocument): Difference {
  return {
    id: _id,
    kind,
    ...(topUpId ? { topUpId } : {}),
    ...(userId ? { userId } : {}),
    ...(ours ? { ours: { ...ours, at: ours.at.toISOString() } } : {}),
    ...(theirs ? { theirs: { ...theirs, at: theirs.at.toISOString() } } : {}),
    open,
  };
}
