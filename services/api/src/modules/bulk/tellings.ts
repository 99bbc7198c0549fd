import type { Tx, UnitOfWork } from '@tidings/feed';
import type { JobHandler, Mongo } from '@tidings/platform';
import { z } from 'zod';
import type { BulkModels, BulkOperationDocument } from './bulk.model.js';

export const tellingJobKind = 'merchants-bulk-tell';
const jobSchema = z.strictObject({ operationId: z.string(), run: z.int(), step: z.int() });

const atOnce = 100;
const mostNames = 5;

/** What of a merchant its members are told. */
interface Changed {
  _id: string;
  name: string;
}

/** The words to the members: of ten thousand merchants that one person has, one. */
export interface Tellings {
  /** Notes whom these changes concern; whoever makes them needs no word. */
  note(tx: Tx, operation: BulkOperationDocument, changed: readonly Changed[], expiresAt: Date): Promise<void>;
  /** Has everybody told who was noted and not told yet: when it ends, and when it is cancelled. */
  send(tx: Tx, operation: BulkOperationDocument): Promise<void>;
  /** The job that tells some of them, and leaves the rest to the next. */
  tell: JobHandler;
}

export function createTellings(options: { mongo: Mongo; models: BulkModels; unitOfWork: UnitOfWork }): Tellings {
  const { mongo, models, unitOfWork } = options;
  const { operations, tellings } = models;
  const users = mongo.db.collection<{ _id: string; memberships: { merchantId: string }[] }>('users');

  const schedule = (tx: Tx, data: z.output<typeof jobSchema>): Promise<void> =>
    tx.job({ kind: tellingJobKind, key: `${tellingJobKind}:${data.operationId}:${data.run}:${data.step}`, data });

  return {
    async note(tx, { _id: operationId, createdBy }, changed, expiresAt) {
      const names = new Map(changed.map(({ _id, name }) => [_id, name]));
      const concerned = { 'memberships.merchantId': { $in: [...names.keys()] }, _id: { $ne: createdBy } };
      const found = users.find(concerned, { session: tx.session, projection: { 'memberships.merchantId': 1 } });
      const writes = [];
      for await (const { _id: userId, memberships } of found) {
        const own = memberships.flatMap(({ merchantId }) => names.get(merchantId) ?? []);
        writes.push({
          updateOne: {
            filter: { _id: `${operationId}:${userId}` },
            update: {
              $setOnInsert: { operationId, userId, toldAt: null, expiresAt },
              $inc: { count: own.length },
              $push: { names: { $each: own, $slice: mostNames } },
            },
            upsert: true,
          },
        });
      }
      if (writes.length > 0) await tellings.bulkWrite(writes, { session: tx.session, ordered: false });
    },

    send: (tx, { _id: operationId, run }) => schedule(tx, { operationId, run, step: 0 }),

    async tell(job, finish) {
      const { operationId, run, step } = jobSchema.parse(job.data);
      const operation = await operations.findById(operationId).lean<BulkOperationDocument>();
      if (!operation) throw new Error(`There is no bulk operation ${operationId}`);
      const { action, plan, reason, createdBy } = operation;
      const what = { operationId, action, ...(plan === undefined ? {} : { plan }), ...(reason === undefined ? {} : { reason }) };
      await unitOfWork.run({ actor: createdBy, cause: { kind: 'job', id: job._id } }, async (tx) => {
        if (!(await finish(tx.session))) return;
        const { session } = tx;
        const due = await tellings.find({ operationId, toldAt: null }, null, { session }).sort({ _id: 1 }).limit(atOnce).lean();
        for (const { userId, count, names } of due) tx.emit('merchants-bulk-changed', { ...what, count, names }, { userId });
        // Marked with the event: whoever was told when it was cancelled is not told again when it ends.
        await tellings.updateMany({ _id: { $in: due.map(({ _id }) => _id) } }, { $set: { toldAt: tx.now } }, { session });
        if (due.length === atOnce) await schedule(tx, { operationId, run, step: step + 1 });
      });
    },
  };
}
