import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import type { MerchantsModule } from '../merchants/index.js';
import type { SubscriptionsModule } from '../subscriptions/index.js';
import { bulkModels } from './bulk.model.js';
import { bulkRoutes } from './bulk.routes.js';
import { createBulk, type Bulk } from './bulk.service.js';
import { bulkJobKind, createBulkSteps } from './bulk-steps.js';
import { createTellings, tellingJobKind } from './tellings.js';

export interface BulkModule extends ApiModule {
  bulk: Bulk;
}

/** Changes of many merchants at once, which go on by themselves. */
export function bulkModule(
  { mongo, unitOfWork }: Pick<Context, 'mongo' | 'unitOfWork'>,
  {
    administration,
    directory,
    subscriptions,
  }: Pick<MerchantsModule, 'administration' | 'directory'> & Pick<SubscriptionsModule, 'subscriptions'>,
): BulkModule {
  const models = bulkModels(mongo);
  const actions = {
    activate: { superadminOnly: false, listed: true, apply: (tx, id) => administration.setActive(tx, id, true) },
    suspend: { superadminOnly: false, listed: true, apply: (tx, id) => administration.setActive(tx, id, false) },
    delete: { superadminOnly: true, listed: true, apply: (tx, id) => administration.removeOne(tx, id) },
    plan: {
      superadminOnly: false,
      listed: false,
      async apply(tx, id, { _id, plan }) {
        if (!plan) throw new Error(`The bulk operation ${_id} names no plan`);
        return subscriptions.setPlan(tx, id, plan);
      },
    },
  } satisfies Parameters<typeof createBulkSteps>[0]['actions'];
  const tellings = createTellings({ mongo, models, unitOfWork });
  const steps = createBulkSteps({ models, unitOfWork, directory, actions, tellings });
  const bulk = createBulk({ models, actions, steps, tellings });
  return {
    bulk,
    routes: bulkRoutes(bulk),
    jobs: { [bulkJobKind]: steps.step, [tellingJobKind]: tellings.tell },
    start: () => ensureIndexes(models),
  };
}
