import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import { stripeWebhookSecret, type TopUps } from '../wallet/index.js';
import { webhookModels } from './webhooks.model.js';
import { webhookRoutes } from './webhooks.routes.js';
import { createWebhooks, webhookJobKind, type Webhooks } from './webhooks.service.js';

export interface WebhooksModule extends ApiModule {
  webhooks: Webhooks;
}

export function webhooksModule(
  context: Pick<Context, 'config' | 'mongo' | 'unitOfWork' | 'logger' | 'metrics'>,
  { topUps }: { topUps: TopUps },
): WebhooksModule {
  const { config, mongo, unitOfWork, logger, metrics } = context;
  const models = webhookModels(mongo);
  const webhooks = createWebhooks({ models, unitOfWork, topUps, logger, metrics, stripeSecret: stripeWebhookSecret(config) });
  return {
    webhooks,
    routes: webhookRoutes(webhooks),
    jobs: { [webhookJobKind]: webhooks.process },
    start: () => ensureIndexes(models),
  };
}
