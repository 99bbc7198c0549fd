import type { BulkOperation, BulkResult } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import type { BulkItemDocument, BulkOperationDocument } from './bulk.model.js';

export function presentOperation(operation: BulkOperationDocument): BulkOperation {
  const { _id, action, status, plan, reason, total, succeeded, failed, failures, createdBy, version, createdAt, updatedAt } = operation;
  return {
    operationId: _id,
    action,
    status,
    ...(plan === undefined ? {} : { plan }),
    ...(reason === undefined ? {} : { reason }),
    total,
    succeeded,
    failed,
    failures,
    createdBy,
    version,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    completedAt: operation.completedAt?.toISOString() ?? null,
  };
}

export function presentResult({ merchantId, state, changed, code, message, at }: BulkItemDocument): BulkResult {
  return {
    merchantId,
    state,
    ...(changed === undefined ? {} : { changed }),
    ...(code === undefined ? {} : { code }),
    ...(message === undefined ? {} : { message }),
    at: at?.toISOString() ?? null,
  };
}

/** Tells the administrators how far it is. */
export function announce(tx: Tx, operation: BulkOperationDocument): void {
  const { _id: operationId, action, total, succeeded, failures: failed } = operation;
  const type = operation.status === 'completed' ? 'bulk-completed' : 'bulk-progress';
  tx.emit(type, { operationId, action, total, succeeded, failed, operation: presentOperation(operation) }, {});
}
