import type { ClientSession } from './mongo.js';

export interface NewJob {
  kind: string;
  /**
   * Names the work: a job with a key that exists already is not added again. A key is remembered until 90 days after its job was done, and
   * for ever when the job failed for good: what may be asked for later than that needs a record of its own.
   */
  key: string;
  data: Record<string, unknown>;
  dueAt?: Date;
}

export interface JobDocument {
  _id: string;
  kind: string;
  data: Record<string, unknown>;
  state: 'due' | 'done' | 'failed';
  dueAt: Date;
  attempts: number;
  /** How often it was taken up since somebody last said how that went. More than the processes that have it in hand: they died of it. */
  started?: number;
  lastError?: string;
  createdAt: Date;
  /** Once it is done. */
  expiresAt?: Date;
}

/**
 * Does the work of one job, within a time limit of its own. It runs again after a crash, so whatever it writes goes into a transaction that begins with
 * `finish(session)`, which says whether the job was still due: false means that somebody else has done it.
 */
export type JobHandler = (job: JobDocument, finish: (session: ClientSession) => Promise<boolean>) => Promise<void>;

/** Thrown by a handler: not yet; try again later, without counting it as a failure until `maxAttempts`. */
export class RetryLater extends Error {
  constructor(
    reason: string,
    readonly delayMs: number,
  ) {
    super(reason);
    this.name = 'RetryLater';
  }
}

/**
 * In a job that is named for an instant: the clock that set it may be ahead of the one that does it.
 * @throws RetryLater while it is too early
 */
export function assertDue(due: Date, now: Date): void {
  const leftMs = due.getTime() - now.getTime();
  if (leftMs > 0) throw new RetryLater('The clock that set the time is ahead of this one', leftMs);
}
