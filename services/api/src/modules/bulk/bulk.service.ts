import { Problem, type BulkAction, type BulkInput, type BulkResult, type BulkStatus, type Principal } from '@tidings/contracts';
import type { Tx } from '@tidings/feed';
import { newId } from '@tidings/platform';
import { checkIfMatch } from '../../http/etag.js';
import { newestFirst, olderThan, pageByTime, type Paged } from '../../http/lists.js';
import { readOrdered } from '../../http/ordered.js';
import type { BulkItemDocument, BulkModels, BulkOperationDocument } from './bulk.model.js';
import { announce, presentOperation } from './bulk.presenter.js';
import type { BulkStep, BulkSteps } from './bulk-steps.js';
import type { Tellings } from './tellings.js';

interface Page {
  limit: number;
  cursor?: string | undefined;
}

export interface Bulk {
  /** Fixes what is to be done to which merchants; a job does it. @throws Problem `forbidden` (deleting is for superadministrators) */
  start(tx: Tx, caller: Principal, input: BulkInput): Promise<BulkOperationDocument>;
  /** What is done stays done. @throws Problem `not-found`, `version-mismatch`, `invalid-transition` */
  cancel(tx: Tx, id: string, ifMatch?: string): Promise<BulkOperationDocument>;
  /** Goes on where it was cancelled. @throws Problem as `start` and `cancel` */
  resume(tx: Tx, caller: Principal, id: string, ifMatch?: string): Promise<BulkOperationDocument>;
  /** @throws Problem `not-found` */
  get(id: string): Promise<BulkOperationDocument>;
  /** Newest first. */
  list(page: Page): Promise<Paged<BulkOperationDocument>>;
  /** In their turn. @throws Problem `not-found` */
  results(id: string, query: Page & { state?: BulkResult['state'] | undefined }): Promise<Paged<BulkItemDocument>>;
}

const going: readonly BulkStatus[] = ['collecting', 'running'];

export function createBulk(options: {
  models: BulkModels;
  actions: Readonly<Record<BulkAction, BulkStep>>;
  steps: BulkSteps;
  tellings: Tellings;
}): Bulk {
  const { models, actions, steps, tellings } = options;
  const { operations, items } = models;

  const assertMay = ({ roles }: Principal, action: BulkAction): void => {
    if (actions[action].superadminOnly && !roles.includes('superadmin'))
      throw new Problem('forbidden', 'Only a superadministrator may delete many merchants at once');
  };

  const get = async (id: string, tx?: Tx): Promise<BulkOperationDocument> => {
    const operation = await operations.findById(id, null, { session: tx?.session ?? null }).lean<BulkOperationDocument>();
    if (!operation) throw new Problem('not-found', 'There is no such bulk operation');
    return operation;
  };

  const change = async (
    tx: Tx,
    operation: BulkOperationDocument,
    { $set, run = 0, verb }: { $set: Partial<BulkOperationDocument>; run?: number; verb: string },
  ): Promise<BulkOperationDocument> => {
    const { _id, version, action } = operation;
    const changed = await operations
      .findOneAndUpdate(
        { _id, version },
        { $set: { ...$set, updatedAt: tx.now, toldAt: tx.now }, $inc: { version: 1, run } },
        { session: tx.session, returnDocument: 'after' },
      )
      .lean<BulkOperationDocument>();
    if (!changed) throw new Problem('version-mismatch', undefined, { current: presentOperation(operation) });
    await tx.audit({
      action: `merchant.bulk-${verb}`,
      target: `bulk:${_id}`,
      details: { action, done: changed.succeeded + changed.failed },
      before: presentOperation(operation),
      after: presentOperation(changed),
    });
    announce(tx, changed);
    return changed;
  };

  return {
    get,

    async start(tx, caller, { action, plan, ids, filter, reason }) {
      assertMay(caller, action);
      const operation: BulkOperationDocument = {
        _id: newId(),
        action,
        status: ids ? 'running' : 'collecting',
        ...(plan === undefined ? {} : { plan }),
        ...(reason === undefined ? {} : { reason }),
        ...(filter ? { filter } : {}),
        run: 1,
        total: 0,
        succeeded: 0,
        failed: 0,
        failures: [],
        toldAt: tx.now,
        createdBy: caller.userId,
        version: 1,
        createdAt: tx.now,
        updatedAt: tx.now,
        completedAt: null,
      };
      if (ids) operation.total = await steps.enlist(tx, operation, ids);
      await operations.insertMany([operation], { session: tx.session });
      const of = ids ? { merchants: operation.total } : { filter: JSON.stringify(filter) };
      await tx.audit({
        action: 'merchant.bulk-start',
        target: `bulk:${operation._id}`,
        details: { action, ...(plan === undefined ? {} : { plan }), ...of },
        before: null,
        after: presentOperation(operation),
      });
      announce(tx, operation);
      await steps.begin(tx, operation);
      return operation;
    },

    async cancel(tx, id, ifMatch) {
      const operation = await get(id, tx);
      checkIfMatch(ifMatch, operation.version, () => presentOperation(operation));
      if (!going.includes(operation.status)) throw new Problem('invalid-transition', `The operation is ${operation.status}`);
      const cancelled = await change(tx, operation, { $set: { status: 'cancelled' }, verb: 'cancel' });
      await tellings.send(tx, cancelled);
      return cancelled;
    },

    async resume(tx, caller, id, ifMatch) {
      const operation = await get(id, tx);
      assertMay(caller, operation.action);
      checkIfMatch(ifMatch, operation.version, () => presentOperation(operation));
      if (operation.status !== 'cancelled') throw new Problem('invalid-transition', `The operation is ${operation.status}`);
      const isCollected = !operation.filter || operation.collectFrom === null;
      const resumed = await change(tx, operation, { $set: { status: isCollected ? 'running' : 'collecting' }, run: 1, verb: 'resume' });
      await steps.begin(tx, resumed);
      return resumed;
    },

    async list({ limit, cursor }) {
      const found = await operations
        .find(olderThan(cursor))
        .sort(newestFirst)
        .limit(limit + 1)
        .lean<BulkOperationDocument[]>();
      return pageByTime(found, limit);
    },

    async results(id, { state, ...page }) {
      await get(id);
      const ofState = state === undefined ? {} : { state };
      return readOrdered(
        items,
        { operationId: id, ...ofState },
        { name: 'seq', field: 'seq', direction: 1 },
        {
          ...page,
          hint: { operationId: 1, ...(state === undefined ? {} : { state: 1 as const }), seq: 1, _id: 1 },
        },
      );
    },
  };
}
