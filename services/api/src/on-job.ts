import type { Tx, UnitOfWork } from '@tidings/feed';
import type { JobDocument, JobHandler } from '@tidings/platform';
import type { z } from 'zod';

/**
 * A job that is one transaction, which ends the job and does the work: twice is once, and what throws leaves it due. Data of another shape than the
 * schema's is a fault of ours, and fails the job.
 */
export function onJob<Data>(
  unitOfWork: UnitOfWork,
  schema: z.ZodType<Data>,
  work: (tx: Tx, data: Data, job: JobDocument) => Promise<unknown>,
): JobHandler {
  return async (job, finish) => {
    const data = schema.parse(job.data);
    await unitOfWork.run({ actor: null, cause: { kind: 'job', id: job._id } }, async (tx) => {
      if (await finish(tx.session)) await work(tx, data, job);
    });
  };
}
