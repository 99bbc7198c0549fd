import type { UnitOfWork } from '@tidings/feed';
import { assertDue, type JobHandler } from '@tidings/platform';
import { z } from 'zod';
import { onJob } from '../../on-job.js';
import type { Consents } from './consents.js';
import { expiryJobKind, type EnrollmentSteps } from './enrollment-steps.js';
import type { EnrollmentDocument, EnrollmentModels } from './enrollments.model.js';

const jobSchema = z.strictObject({ enrollmentId: z.string() });

/** The end of a request that nobody answered. The job looks at it in the transaction that ends the job: twice is once, and what was decided before stays. */
export function createEnrollmentJobs(options: {
  models: EnrollmentModels;
  consents: Consents;
  steps: EnrollmentSteps;
  unitOfWork: UnitOfWork;
}): Record<string, JobHandler> {
  const { models, consents, steps, unitOfWork } = options;
  return {
    [expiryJobKind]: onJob(unitOfWork, jobSchema, async (tx, { enrollmentId: id }) => {
      const enrollment = await models.enrollments.findById(id, null, { session: tx.session }).lean<EnrollmentDocument>();
      if (!enrollment) throw new Error(`There is no enrollment ${id}`);
      if (enrollment.status !== 'requested' || !enrollment.expiresAt) return;
      assertDue(enrollment.expiresAt, tx.now);
      await consents.take(tx, enrollment);
      await steps.end(tx, enrollment, 'expired', null);
    }),
  };
}
