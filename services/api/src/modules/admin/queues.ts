import { Problem, type JobsQuery, type Queues, type ShownJob } from '@tidings/contracts';
import { collections, type DomainEventQueue, type OutboxEvent, type Tx } from '@tidings/feed';
import { queueDepth, type JobDocument, type Jobs, type Logger, type Mongo, type QueueDepth } from '@tidings/platform';
import { decodeCursor, pageOf, type Paged, timeKey } from '../../http/lists.js';

export interface QueueOverview {
  /** Depth and age of what waits. Without Redis the durable records are shown alone. */
  read(): Promise<Queues>;
  /** By their time. */
  jobs(query: JobsQuery): Promise<Paged<JobDocument>>;
  /** @throws Problem `not-found`; `invalid-transition` for one that has not failed */
  retry(tx: Tx, key: string): Promise<JobDocument>;
}

export function createQueueOverview(options: { mongo: Mongo; jobs: Jobs; events: DomainEventQueue; logger: Logger }): QueueOverview {
  const { mongo, jobs, events, logger } = options;
  const outbox = mongo.db.collection<OutboxEvent>(collections.outbox);

  const depths = async (): Promise<QueueDepth[] | null> => {
    try {
      return await Promise.all([jobs.queueDepth(), queueDepth(events.queue)]);
    } catch (error) {
      logger.warn({ reason: String(error) }, 'The queues are not reachable');
      return null;
    }
  };

  return {
    async read() {
      const [queues, durable, pending, oldest] = await Promise.all([
        depths(),
        jobs.overview(),
        outbox.countDocuments({ pending: true }),
        outbox.findOne({ pending: true }, { sort: { at: 1, _id: 1 }, projection: { at: 1 } }),
      ]);
      return {
        degraded: queues === null,
        queues: (queues ?? []).map((queue) => ({ ...queue, oldestWaitingAt: queue.oldestWaitingAt?.toISOString() ?? null })),
        jobs: { ...durable, oldestDueAt: durable.oldestDueAt?.toISOString() ?? null },
        events: { pending, oldestPendingAt: oldest?.at.toISOString() ?? null },
      };
    },

    async jobs({ state, limit, cursor }) {
      const key = decodeCursor(cursor, timeKey);
      const found = await jobs.list({ state, limit: limit + 1, after: key && [new Date(key[0]), key[1]] });
      return pageOf(found, limit, ({ dueAt, _id }) => [dueAt.getTime(), _id]);
    },

    async retry(tx, key) {
      const outcome = await jobs.retry(tx.session, key);
      if (!outcome) throw new Problem('not-found', 'There is no such job');
      if (!outcome.retried)
        throw new Problem('invalid-transition', `The job is ${outcome.job.state}; only one that has failed begins anew`);
      const { kind, lastError } = outcome.job;
      await tx.audit({
        action: 'job.retry',
        target: `job:${key}`,
        details: { kind, lastError: lastError ?? null },
        before: presentJob(outcome.before),
        after: presentJob(outcome.job),
      });
      return outcome.job;
    },
  };
}

/** Without its data, which may hold what is nobody's business. */
export function presentJob({ _id, kind, state, dueAt, attempts, lastError, createdAt }: JobDocument): ShownJob {
  return {
    key: _id,
    kind,
    state,
    dueAt: dueAt.toISOString(),
    attempts,
    ...(lastError ? { lastError } : {}),
    createdAt: createdAt.toISOString(),
  };
}
