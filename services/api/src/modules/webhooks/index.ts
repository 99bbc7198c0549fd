import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import { createFourEyes } from '../identity/index.js';
import type { MerchantSync } from '../merchant-sync/index.js';
import { stripeWebhookSecret, type WalletModule } from '../wallet/index.js';
import { createDeliveries, type Deliveries } from './deliveries.js';
import { createFollowers, webhookJobKind } from './followers.js';
import { createSources } from './sources/index.js';
import { webhookModels } from './webhooks.model.js';
import { webhookRoutes } from './webhooks.routes.js';
import { createWebhooks, type Webhooks } from './webhooks.service.js';

export { createSources, type WebhookSources } from './sources/index.js';
export { webhookModels, type DeliveryDocument } from './webhooks.model.js';
export type { Webhooks } from './webhooks.service.js';

export interface WebhooksModule extends ApiModule {
  webhooks: Webhooks;
  deliveries: Deliveries;
}

export function webhooksModule(
  context: Pick<Context, 'config' | 'mongo' | 'unitOfWork' | 'logger' | 'metrics'>,
  { topUps, unmatched, disputes, sync }: Pick<WalletModule, 'topUps' | 'unmatched' | 'disputes'> & { sync?: MerchantSync },
): WebhooksModule {
  const { config, mongo, unitOfWork, logger, metrics } = context;
  const models = webhookModels(mongo);
  const sources = createSources({
    stripe: stripeWebhookSecret(config),
    razorpay: config.RAZORPAY_WEBHOOK_SECRET,
    zeffy: { secret: config.ZEFFY_WEBHOOK_SECRET, sources: config.ZEFFY_SOURCES },
    cloudinary: config.CLOUDINARY_API_SECRET,
  });
  const followers = createFollowers(models);
  const actions = { topUps, unmatched, disputes, merchantSync: sync };
  const webhooks = createWebhooks({ models, followers, unitOfWork, actions, logger, metrics, sources });
  const deliveries = createDeliveries({ mongo, models, followers, topUps, unmatched, disputes, sources, fourEyes: createFourEyes(mongo) });
  return {
    webhooks,
    deliveries,
    routes: webhookRoutes({ webhooks, deliveries }),
    jobs: { [webhookJobKind]: webhooks.process },
    start: () => ensureIndexes(models),
  };
}
