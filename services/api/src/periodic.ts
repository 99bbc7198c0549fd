import type { UnitOfWork } from '@tidings/feed';
import { inTransaction, type JobHandler, type Mongo } from '@tidings/platform';

/** Work that is done once in each period, by whichever replica gets to it. */
export interface Periodic {
  readonly kind: string;
  /** Adds the job of the period that has begun, unless it was added before. */
  start(): Promise<void>;
  readonly handler: JobHandler;
}

/** Periods that passed while nothing ran: the last ones are made up for, the others are forgotten. */
const madeUpFor = 7;

/**
 * A chain of durable jobs, each named by the beginning of its period, so that several replicas and restarts add each once. A job first adds
 * its successor: one that fails does not end the chain.
 * @param options.work gets the period's beginning. It may run again after a crash
 * @param options.offsetMs how long after a period's end its work is due
 */
export function createPeriodic(options: {
  kind: string;
  periodMs: number;
  offsetMs?: number;
  mongo: Mongo;
  unitOfWork: UnitOfWork;
  work: (period: { from: Date; to: Date }) => Promise<void>;
}): Periodic {
  const { kind, periodMs, offsetMs = 0, mongo, unitOfWork, work } = options;
  /** The period that ended last, by its number. */
  const newest = (now: number): number => Math.floor((now - offsetMs) / periodMs) - 1;

  const add = async (period: number): Promise<void> => {
    const from = new Date(period * periodMs);
    await unitOfWork.run({ actor: null }, (tx) =>
      tx.job({
        kind,
        key: `${kind}:${from.toISOString()}`,
        data: { period },
        dueAt: new Date((period + 1) * periodMs + offsetMs),
      }),
    );
  };

  return {
    kind,
    start: () => add(newest(Date.now())),
    async handler(job, finish) {
      const period = Number(job.data['period']);
      await add(Math.max(period + 1, newest(Date.now()) + 1 - madeUpFor));
      await work({ from: new Date(period * periodMs), to: new Date((period + 1) * periodMs) });
      await inTransaction(mongo, finish);
    },
  };
}
