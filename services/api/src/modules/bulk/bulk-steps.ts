import { Problem, type BulkAction, type BulkOperation } from '@tidings/contracts';
import type { Tx, UnitOfWork } from '@tidings/feed';
import type { JobDocument, JobHandler } from '@tidings/platform';
import { z } from 'zod';
import type { MerchantDirectory } from '../merchants/index.js';
import type { BulkItemDocument, BulkModels, BulkOperationDocument } from './bulk.model.js';
import { announce } from './bulk.presenter.js';
import type { Tellings } from './tellings.js';

export const bulkJobKind = 'merchants-bulk';
const jobSchema = z.strictObject({ operationId: z.string(), run: z.int(), step: z.int() });

/** Merchants in one transaction, and in one `merchants-changed`. */
const batchSize = 50;
const pageSize = 500;
/** Screens need no more than two words a second. */
const progressMs = 500;
const mostFailures = 100;
const keptMs = 90 * 86_400_000;

/** What is done to one merchant. */
export interface BulkStep {
  superadminOnly: boolean;
  /** What it changes is shown in the directory. */
  listed: boolean;
  /**
   * In the transaction of the batch; what it refuses, it refuses before it writes anything. null: there was nothing to do.
   * @throws Problem of the merchant's, which is its result; anything else is tried again
   */
  apply(tx: Tx, merchantId: string, operation: BulkOperationDocument): Promise<{ _id: string; name: string } | null>;
}

export interface BulkSteps {
  /** Puts these merchants on the list, behind those that are there. */
  enlist(tx: Tx, operation: Pick<BulkOperationDocument, '_id' | 'total'>, merchantIds: readonly string[]): Promise<number>;
  /** Has the operation go on: from the beginning, or from where it was cancelled. */
  begin(tx: Tx, operation: BulkOperationDocument): Promise<void>;
  /** The job that does one step, and leaves the rest to the next. */
  step: JobHandler;
}

type Outcome = Pick<BulkItemDocument, '_id' | 'merchantId' | 'state' | 'code' | 'message'> & {
  changed?: { _id: string; name: string } | null;
};

/**
 * Each step is a job of its own, which ends in the transaction that does its work and adds the next one: a process that is killed leaves either a
 * step that was not begun, or one that is done. Cancelling writes the operation, as each step does: of two at once the second sees the first.
 */
export function createBulkSteps(options: {
  models: BulkModels;
  unitOfWork: UnitOfWork;
  directory: MerchantDirectory;
  actions: Readonly<Record<BulkAction, BulkStep>>;
  tellings: Tellings;
}): BulkSteps {
  const { models, unitOfWork, directory, actions, tellings } = options;
  const { operations, items } = models;

  const schedule = (tx: Tx, data: z.output<typeof jobSchema>): Promise<void> =>
    tx.job({ kind: bulkJobKind, key: `${bulkJobKind}:${data.operationId}:${data.run}:${data.step}`, data });

  const enlist: BulkSteps['enlist'] = async (tx, { _id: operationId, total }, merchantIds) => {
    const { session } = tx;
    const ids = [...new Set(merchantIds)].map((merchantId) => ({ _id: `${operationId}:${merchantId}`, merchantId }));
    // The directory may show one twice that was renamed between two pages.
    const known = await items.find({ _id: { $in: ids.map(({ _id }) => _id) } }, { _id: 1 }, { session }).lean();
    const listed = new Set(known.map(({ _id }) => _id));
    const fresh = ids.filter(({ _id }) => !listed.has(_id));
    const expiresAt = new Date(tx.now.getTime() + keptMs);
    await items.insertMany(
      fresh.map((item, at) => ({ ...item, operationId, seq: total + at, state: 'waiting' as const, at: null, expiresAt })),
      { session },
    );
    return fresh.length;
  };

  /** Stores how far it is, and tells of it when it ends or nobody has heard for a while. */
  const advance = async (
    tx: Tx,
    { _id, version, toldAt }: BulkOperationDocument,
    {
      $set = {},
      $inc = {},
      failures = [],
    }: { $set?: Partial<BulkOperationDocument>; $inc?: Record<string, number>; failures?: BulkOperation['failures'] },
  ): Promise<BulkOperationDocument> => {
    const isTold = $set.status === 'completed' || tx.now.getTime() - toldAt.getTime() >= progressMs;
    const advanced = await operations
      .findOneAndUpdate(
        { _id, version },
        {
          $set: { ...$set, updatedAt: tx.now, ...(isTold ? { toldAt: tx.now } : {}) },
          $inc: { ...$inc, version: 1 },
          $push: { failures: { $each: failures, $slice: mostFailures } },
        },
        { session: tx.session, returnDocument: 'after' },
      )
      .lean<BulkOperationDocument>();
    if (!advanced) throw new Error(`The bulk operation ${_id} was changed meanwhile`);
    if (isTold) announce(tx, advanced);
    return advanced;
  };

  const collect = async (tx: Tx, operation: BulkOperationDocument): Promise<void> => {
    const { filter, collectFrom, createdAt } = operation;
    const { page, nextCursor } = await directory.list({ ...filter, limit: pageSize, cursor: collectFrom ?? undefined });
    // Who came after the operation was asked for was not meant.
    const meant = page.filter((merchant) => merchant.createdAt <= createdAt);
    const enlisted = await enlist(
      tx,
      operation,
      meant.map(({ _id }) => _id),
    );
    await advance(tx, operation, {
      $set: { collectFrom: nextCursor, ...(nextCursor === null ? { status: 'running' as const } : {}) },
      $inc: { total: enlisted },
    });
  };

  const applyTo = async (tx: Tx, operation: BulkOperationDocument, { _id, merchantId }: BulkItemDocument): Promise<Outcome> => {
    try {
      return { _id, merchantId, state: 'succeeded', changed: await actions[operation.action].apply(tx, merchantId, operation) };
    } catch (error) {
      if (!isResult(error)) throw error;
      return { _id, merchantId, state: 'failed', code: error.code, message: error.detail ?? error.message };
    }
  };

  /** Answers whether more may wait. */
  const work = async (
    tx: Tx,
    operation: BulkOperationDocument,
    { size, givesUp }: { size: number; givesUp: boolean },
  ): Promise<boolean> => {
    const { session } = tx;
    const waiting = await items
      .find({ operationId: operation._id, state: 'waiting' }, null, { session })
      .sort({ seq: 1, _id: 1 })
      .limit(size)
      .lean<BulkItemDocument[]>();
    const outcomes: Outcome[] = [];
    for (const item of waiting) outcomes.push(givesUp ? gaveUp(item) : await applyTo(tx, operation, item));
    const changed = outcomes.flatMap((outcome) => outcome.changed ?? []);
    if (changed.length > 0) {
      if (actions[operation.action].listed) tx.emit('merchants-changed', { ids: changed.map(({ _id }) => _id) }, {});
      await tellings.note(tx, operation, changed, new Date(tx.now.getTime() + keptMs));
    }
    if (outcomes.length > 0)
      await items.bulkWrite(
        outcomes.map(({ _id, state, code, message, changed: merchant }) => {
          const result = state === 'failed' ? { code: code ?? 'internal', message: message ?? '' } : { changed: merchant !== null };
          return { updateOne: { filter: { _id, state: 'waiting' as const }, update: { $set: { state, ...result, at: tx.now } } } };
        }),
        { session, ordered: false },
      );
    const failed = outcomes.filter(({ state }) => state === 'failed');
    const isOver = waiting.length < size;
    const advanced = await advance(tx, operation, {
      $set: isOver ? { status: 'completed', completedAt: tx.now } : {},
      $inc: { succeeded: outcomes.length - failed.length, failed: failed.length },
      failures: failed.map(({ merchantId: id, code = 'internal', message = '' }) => ({ id, code, message })),
    });
    if (isOver) await tellings.send(tx, advanced);
    return !isOver;
  };

  return {
    enlist,

    begin: (tx, { _id: operationId, run }) => schedule(tx, { operationId, run, step: 0 }),

    async step(job, finish) {
      const { operationId, run, step } = jobSchema.parse(job.data);
      const found = await operations.findById(operationId, { createdBy: 1 }).lean<BulkOperationDocument>();
      if (!found) throw new Error(`There is no bulk operation ${operationId}`);
      await unitOfWork.run({ actor: found.createdBy, cause: { kind: 'job', id: job._id } }, async (tx) => {
        if (!(await finish(tx.session))) return;
        const operation = await operations.findById(operationId, null, { session: tx.session }).lean<BulkOperationDocument>();
        if (!operation || operation.run !== run) return;
        if (operation.status === 'collecting') await collect(tx, operation);
        else if (operation.status !== 'running' || !(await work(tx, operation, sizeFor(job)))) return;
        await schedule(tx, { operationId, run, step: step + 1 });
      });
    },
  };
}

/** What one merchant does to a whole batch, it does to itself after two attempts; after five, it has failed, and the log says why. */
function sizeFor({ attempts }: Pick<JobDocument, 'attempts'>): { size: number; givesUp: boolean } {
  return { size: attempts < 2 ? batchSize : 1, givesUp: attempts >= 5 };
}

const gaveUp = ({ _id, merchantId }: BulkItemDocument): Outcome => ({
  _id,
  merchantId,
  state: 'failed',
  code: 'internal',
  message: 'It could not be changed; the log says why',
});

/** A refusal that is about this merchant, and would be the same another time. */
function isResult(error: unknown): error is Problem {
  return error instanceof Problem && (error.code === 'not-found' || error.code === 'merchant-in-use');
}
