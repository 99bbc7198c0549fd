import { badField, type DifferenceKind, Problem, type ReconciliationInput, type TopUp } from '@tidings/contracts';
import type { Tx, UnitOfWork } from '@tidings/feed';
import { newId, type JobHandler, type Logger, type Mongo } from '@tidings/platform';
import { z } from 'zod';
import { decodeCursor, newestFirst, olderThan, pageByTime, pageOf, type Paged } from '../../http/lists.js';
import type { PaymentProviders } from '../wallet/index.js';
import { compare, type Compared } from './compare.js';
import type { DifferenceDocument, ReconciliationDocument, ReconciliationModels } from './reconciliation.model.js';
import { presentReconciliation } from './reconciliation.presenter.js';

export const reconciliationJobKind = 'reconciliation';

type Provider = TopUp['provider'];
interface Page {
  limit: number;
  cursor?: string | undefined;
}

export interface Reconciliations {
  /** @throws Problem `bad-request` for a period of more than 31 days or one that has not ended, `provider-unavailable` */
  request(tx: Tx, requestedBy: string, input: ReconciliationInput): Promise<ReconciliationDocument[]>;
  /** One for each provider that has a list; the same day a second time changes nothing. */
  daily(period: { from: Date; to: Date }): Promise<void>;
  /** The job that compares. */
  process: JobHandler;
  /** @throws Problem `not-found` */
  get(id: string): Promise<ReconciliationDocument>;
  list(query: Page & { provider?: Provider | undefined }): Promise<Paged<ReconciliationDocument>>;
  /** @throws Problem `not-found` */
  differencesOf(id: string, query: Page & { kind?: DifferenceKind | undefined }): Promise<Paged<DifferenceDocument>>;
}

const dayMs = 86_400_000;
const longestMs = 31 * dayMs;
/** What was paid just now is about to be credited. */
const settlingMs = 900_000;
/** A provider that is away for an hour is given up; the next day, or an administrator, asks again. */
const lastAttempt = 11;
const idKey = z.tuple([z.string().max(300)]);

export function createReconciliations(options: {
  mongo: Mongo;
  models: ReconciliationModels;
  unitOfWork: UnitOfWork;
  providers: PaymentProviders;
  logger: Logger;
}): Reconciliations {
  const { mongo, models, unitOfWork, providers, logger } = options;
  const { reconciliations, differences } = models;
  const withList = Object.entries(providers).flatMap(([name, { list }]) => (list ? [name as Provider] : []));

  const begin = async (
    tx: Tx,
    id: string,
    { requestedBy, ...period }: Pick<ReconciliationDocument, 'provider' | 'from' | 'to' | 'requestedBy'>,
  ): Promise<ReconciliationDocument> => {
    const counts = { payments: 0, topUps: 0, differences: 0 };
    const run: ReconciliationDocument = { _id: id, ...period, status: 'running', ...counts, requestedBy, version: 1, createdAt: tx.now };
    await reconciliations.insertMany([run], { session: tx.session });
    tx.emit('reconciliation-updated', { reconciliation: presentReconciliation(run) }, {});
    await tx.job({ kind: reconciliationJobKind, key: `${reconciliationJobKind}:${id}`, data: { reconciliationId: id } });
    return run;
  };

  const end = async (tx: Tx, id: string, fields: Partial<ReconciliationDocument>): Promise<void> => {
    const ended = await reconciliations
      .findOneAndUpdate({ _id: id }, { $set: fields, $inc: { version: 1 } }, { session: tx.session, returnDocument: 'after' })
      .lean<ReconciliationDocument>();
    if (ended) tx.emit('reconciliation-updated', { reconciliation: presentReconciliation(ended) }, {});
  };

  /** The newest word on a time is the one that counts. */
  const complete = async (tx: Tx, run: ReconciliationDocument, { attempt, ...counts }: Compared): Promise<void> => {
    const { session } = tx;
    const { _id: reconciliationId, provider, from, to } = run;
    await differences.updateMany({ provider, open: true, at: { $gte: from, $lt: to } }, { $set: { open: false } }, { session });
    await differences.deleteMany({ reconciliationId, attempt: { $ne: attempt } }, { session });
    await differences.updateMany({ reconciliationId, attempt }, { $set: { open: true } }, { session });
    await end(tx, reconciliationId, { status: 'completed', ...counts });
  };

  return {
    async request(tx, requestedBy, { provider, from: first, to: last }) {
      const to = last ? new Date(last) : new Date(tx.now.getTime() - settlingMs);
      const from = first ? new Date(first) : new Date(to.getTime() - dayMs);
      if (to > tx.now) throw badField('to', 'must be over');
      if (from >= to) throw badField(first ? 'from' : 'to', 'must leave a time between from and to');
      if (to.getTime() - from.getTime() > longestMs) throw badField('from', 'must be at most 31 days before to');
      const asked = provider ? withList.filter((name) => name === provider) : withList;
      if (asked.length === 0)
        throw new Problem(
          'provider-unavailable',
          `${provider ?? 'No provider'} has no list of payments here: it never has, or its API keys are not set`,
        );
      const runs: ReconciliationDocument[] = [];
      for (const name of asked) runs.push(await begin(tx, newId(), { provider: name, from, to, requestedBy }));
      await tx.audit({
        action: 'reconciliation.request',
        target: `provider:${provider ?? 'all'}`,
        details: { from: from.toISOString(), to: to.toISOString() },
        before: null,
        after: { runs: runs.map(presentReconciliation) },
      });
      return runs;
    },

    async daily({ from, to }) {
      for (const provider of withList) {
        const id = `${provider}-${from.toISOString().slice(0, 10)}`;
        await unitOfWork.run({ actor: null }, async (tx) => {
          if (await reconciliations.exists({ _id: id }).session(tx.session)) return;
          await begin(tx, id, { provider, from, to, requestedBy: null });
        });
      }
    },

    async process(job, finish) {
      const id = String(job.data['reconciliationId']);
      const run = await reconciliations.findById(id).lean<ReconciliationDocument>();
      if (!run) throw new Error(`There is no reconciliation ${id}`);
      const conclude = async (step: (tx: Tx) => Promise<void>) => {
        await unitOfWork.run({ actor: run.requestedBy }, async (tx) => {
          if (await finish(tx.session)) await step(tx);
        });
      };
      const provider = providers[run.provider];
      if (!provider?.list) return conclude((tx) => end(tx, id, { status: 'failed', failure: 'The provider is not set up any more' }));
      let compared: Compared;
      try {
        compared = await compare(mongo, models, run, (range) => provider.list!(range));
      } catch (error) {
        if (job.attempts < lastAttempt) throw error;
        const failure = (error instanceof Error ? error.message : String(error)).slice(0, 500);
        logger.error({ reconciliation: id, provider: run.provider, reason: failure }, 'A provider could not be compared with the ledger');
        return conclude((tx) => end(tx, id, { status: 'failed', failure }));
      }
      await conclude((tx) => complete(tx, run, compared));
      const { differences: count, payments, topUps } = compared;
      if (count > 0)
        logger.warn(
          { reconciliation: id, provider: run.provider, differences: count, payments, topUps },
          'A provider’s payments and the ledger differ',
        );
    },

    async get(id) {
      const run = await reconciliations.findById(id).lean<ReconciliationDocument>();
      if (!run) throw new Problem('not-found', 'There is no such reconciliation');
      return run;
    },

    async list({ provider, limit, cursor }) {
      const found = await reconciliations
        .find({ ...(provider ? { provider } : {}), $and: [olderThan(cursor)] })
        .sort(newestFirst)
        .limit(limit + 1)
        .lean<ReconciliationDocument[]>();
      return pageByTime(found, limit);
    },

    async differencesOf(id, { kind, limit, cursor }) {
      const after = decodeCursor(cursor, idKey);
      const run = await this.get(id);
      // Those of a go that is not complete may be of yesterday's ledger by the time that it is.
      if (run.status !== 'completed') return { page: [], nextCursor: null };
      const found = await differences
        .find({ reconciliationId: id, ...(kind ? { kind } : {}), ...(after ? { _id: { $gt: after[0] } } : {}) })
        .sort({ _id: 1 })
        .limit(limit + 1)
        .lean<DifferenceDocument[]>();
      return pageOf(found, limit, ({ _id }) => [_id]);
    },
  };
}
