import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import { createPlanFollowers } from './plan-followers.js';
import { createPublication, publicationJobKind } from './plan-jobs.js';
import { createPlanLists } from './plan-lists.js';
import { createPlanPlaces, type PlanPlaces } from './plan-places.js';
import { createPlanRecorder } from './plan-record.js';
import { planModels, type PlanModels } from './plans.model.js';
import { planRoutes } from './plans.routes.js';
import { createPlans, type Plans } from './plans.service.js';

export { planTurn, termsJobKind, withdrawalJobKind, type PlanPlaces } from './plan-places.js';
export type { PlanDocument, PlanModels } from './plans.model.js';
export { percentOf } from './plans.presenter.js';
export type { Plans } from './plans.service.js';

export interface PlansModule extends ApiModule {
  plans: Plans;
  places: PlanPlaces;
  models: PlanModels;
}

export function plansModule({ config, mongo, unitOfWork }: Pick<Context, 'config' | 'mongo' | 'unitOfWork'>): PlansModule {
  const models = planModels(mongo);
  const places = createPlanPlaces(models);
  const plans = createPlans({ models, record: createPlanRecorder(mongo, models), places, defaultCurrency: config.DEFAULT_CURRENCY });
  return {
    plans,
    places,
    models,
    routes: planRoutes({ plans, lists: createPlanLists(models), followers: createPlanFollowers(mongo, plans) }),
    jobs: { [publicationJobKind]: createPublication({ models, publish: plans.publish, unitOfWork }) },
    start: () => ensureIndexes(models),
  };
}
