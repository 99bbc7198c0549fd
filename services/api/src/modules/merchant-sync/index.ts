import type { ApiModule, Context } from '../../context.js';
import { ensureIndexes } from '../../models.js';
import type { FilesModule } from '../files/index.js';
import type { MerchantsModule } from '../merchants/index.js';
import type { SubscriptionsModule } from '../subscriptions/index.js';
import { linkModels } from './links.model.js';
import { createMerchantSync, type MerchantSync } from './merchant-sync.js';

export type { MerchantSync, Prepared } from './merchant-sync.js';
export type { MerchantNews } from './news.js';

export interface MerchantSyncModule extends ApiModule {
  sync: MerchantSync;
}

/** Merchants that another system keeps, too, and tells us of. */
export function merchantSyncModule(
  { config, mongo }: Pick<Context, 'config' | 'mongo'>,
  {
    merchants,
    files,
    subscriptions,
  }: { merchants: MerchantsModule } & Pick<FilesModule, 'files'> & Pick<SubscriptionsModule, 'subscriptions'>,
): MerchantSyncModule {
  const models = linkModels(mongo);
  const { records } = merchants.entitlements;
  return {
    sync: createMerchantSync({ ...merchants, models, records, subscriptions, files, mediaUrl: config.CLOUDINARY_DELIVERY_URL }),
    routes: [],
    start: () => ensureIndexes(models),
  };
}
