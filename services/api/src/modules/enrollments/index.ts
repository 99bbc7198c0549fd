import { createQuestions } from '@tidings/feed';
import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import type { LoyaltyModule } from '../loyalty/index.js';
import type { Merchants } from '../merchants/index.js';
import type { NotificationActions } from '../notifications/index.js';
import { createConsents } from './consents.js';
import { createEnrollmentJobs } from './enrollment-jobs.js';
import { createEnrollmentSteps } from './enrollment-steps.js';
import { enrollmentModels, type EnrollmentModels } from './enrollments.model.js';
import { enrollmentRoutes } from './enrollments.routes.js';
import { createEnrollments, type Enrollments } from './enrollments.service.js';

export type { EnrollmentDocument, EnrollmentModels } from './enrollments.model.js';
export { presentEnrollment } from './enrollments.presenter.js';
export type { Enrollments } from './enrollments.service.js';

export interface EnrollmentsModule extends ApiModule {
  enrollments: Enrollments;
  models: EnrollmentModels;
  actions: NotificationActions;
}

/** Who is in which program. Consent is the customer's: see docs/enrollments.md. */
export function enrollmentsModule(
  { mongo, unitOfWork }: Pick<Context, 'mongo' | 'unitOfWork'>,
  {
    merchants,
    loyalty,
  }: { merchants: Merchants; loyalty: Pick<LoyaltyModule, 'cards' | 'programs' | 'interactions' | 'places' | 'visits'> },
): EnrollmentsModule {
  const { cards, programs, interactions, places, visits } = loyalty;
  const models = enrollmentModels(mongo);
  const consents = createConsents(models);
  const steps = createEnrollmentSteps({ models, consents, cards, interactions, places, visits, questions: createQuestions(mongo) });
  const enrollments = createEnrollments({ mongo, models, steps, consents, cards, programs, merchants });
  return {
    enrollments,
    models,
    actions: { enrollment: (tx, caller, id, action) => enrollments.decide(tx, caller, id, action) },
    routes: enrollmentRoutes(enrollments),
    jobs: createEnrollmentJobs({ models, consents, steps, unitOfWork }),
    start: () => ensureIndexes(models),
  };
}
